"""Answers of the API that are for one caller alone."""

from typing import Any

from django.http import JsonResponse


def private_json(
    data: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> JsonResponse:
    """Return an answer that no cache keeps."""
    private = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie"}
    return JsonResponse(data, status=status, headers=private | (headers or {}))
