"""Against guessed passwords, without letting a stranger lock anybody out.

allauth counts failures by address and network (AccountAdapter), and by network alone. What comes from very many
networks is held up here, but not where the owner has signed in lately.
"""

import hashlib

from django.core.cache import cache
from django.http import HttpRequest

from core.web.ratelimit import client_ip, hit

# All networks together, for one address: far beyond anybody's forgetting, far below guessing.
FAILURES, SECONDS = 100, 3600
KNOWN_SECONDS = 90 * 24 * 3600


def key(request: HttpRequest, login: str) -> str:
    """Return what failures are counted by: the address typed, from this network."""
    return f"{login.strip().lower()}@{client_ip(request)}"


def note_failure(request: HttpRequest, login: str) -> None:
    if hit("login-failed", login.strip().lower(), limit=FAILURES, seconds=SECONDS):
        cache.set(_name("held-up", login.strip().lower()), True, SECONDS)


def note_success(request: HttpRequest, login: str) -> None:
    cache.set(_name("known", key(request, login)), True, KNOWN_SECONDS)


def is_held_up(request: HttpRequest, login: str) -> bool:
    """Return whether too many failed of late, from everywhere, and this network is not one of the owner's."""
    if not cache.get(_name("held-up", login.strip().lower())):
        return False
    return not cache.get(_name("known", key(request, login)))


def _name(kind: str, what: str) -> str:
    return f"login-{kind}:{hashlib.sha256(what.encode(errors='replace')).hexdigest()[:32]}"
