"""Answers of the API that are for one caller alone."""

from collections.abc import Mapping

from django.http import JsonResponse


def private_json(
    data: Mapping[str, object], *, status: int = 200, headers: dict[str, str] | None = None
) -> JsonResponse:
    """Return an answer that no cache keeps."""
    private = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie"}
    return JsonResponse(data, status=status, headers=private | (headers or {}))
