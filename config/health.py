"""/healthz: whether this process can serve. PostgreSQL decides; a lost Redis or a late sweep is told, not fatal."""

from dataclasses import asdict

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from payments.monitoring import heartbeats

REDIS_SECONDS = 0.5


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where pages and bookings work, 503 where not."""
    database = _database_answers()
    facts: dict[str, object] = {"ok": database, "database": database, "redis": _redis_answers()}
    if database:
        facts["sweeps"] = not heartbeats.late()
        if _is_staff(request):
            facts["detail"] = [asdict(beat) for beat in heartbeats.beats()]
    return JsonResponse(facts, status=200 if database else 503)


def _is_staff(request: HttpRequest) -> bool:
    """Visitors are told yes or no, staff the whole; without a cookie no session is read."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    return user.is_authenticated and user.is_staff and user.is_platform_staff


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except DatabaseError:
        return False


def _redis_answers() -> bool:
    client = redis.Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS,
    )  # fmt: skip
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
