"""The floor to compare with: Django with no middleware, in the same gunicorn as the product.

`gunicorn bench.bare:application` serves the product, and under /bench/ the views of this module. Never deployed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test.utils import override_settings
from django.urls import path

from bench.inserts import insert_statement

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# What the product asks behind its availability API, as one hand-written statement.
BUSY = """
    SELECT lower(period), upper(period) FROM rooms_occupancy
    WHERE room_id = %s::bigint AND period && tstzrange(%s, %s)
"""


def empty(request: HttpRequest) -> HttpResponse:
    """Nothing but Django itself."""
    return HttpResponse(b"ok")


def busy(request: HttpRequest, room_id: int) -> JsonResponse:
    """When a room is taken, by the statement behind the availability API."""
    with connection.cursor() as cursor:
        cursor.execute(BUSY, [room_id, request.GET["from"], request.GET["to"]])
        return JsonResponse(
            {"busy": [[start.isoformat(), end.isoformat()] for start, end in cursor.fetchall()]}
        )


def insert(request: HttpRequest, rooms: int) -> JsonResponse:
    """One more occupancy under the exclusion constraint."""
    with connection.cursor() as cursor:
        cursor.execute(insert_statement(str(rooms)))
        return JsonResponse({"id": cursor.fetchone()[0]})


class BareRequest(WSGIRequest):
    urlconf = "bench.bare"


class BareHandler(WSGIHandler):
    """Django's handler without middleware, for this module's views."""

    request_class = BareRequest

    def load_middleware(self, is_async: bool = False) -> None:
        with override_settings(MIDDLEWARE=[]):
            super().load_middleware(is_async)


class HousedHandler(WSGIHandler):
    """The same views behind the product's middleware."""

    request_class = BareRequest


urlpatterns = [
    path("bench/empty", empty),
    path("bench/housed", empty),
    path("bench/busy/<int:room_id>", busy),
    path("bench/insert/<int:rooms>", insert),
]


def _application() -> Callable[[dict[str, Any], Callable], Iterable[bytes]]:
    from config.wsgi import application as product

    bare, housed = BareHandler(), HousedHandler()
    assert settings.MIDDLEWARE, "the override must not outlive the handler's making"

    def serve(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        where = environ["PATH_INFO"]
        if not where.startswith("/bench/"):
            return product(environ, start_response)
        return (housed if where == "/bench/housed" else bare)(environ, start_response)

    return serve


application = _application()
