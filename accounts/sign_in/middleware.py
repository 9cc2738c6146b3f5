"""The door of /admin/: a second factor where it is required, and sessions that end when idle or old."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.sign_in import second_factor
from accounts.signed_in import person_of

log = structlog.get_logger(__name__)

SIGNED_IN_AT, SEEN_AT = "signed_in_at", "seen_in_admin_at"
# How exactly idleness is known: a session is not written at every click.
NOTED_EVERY_SECONDS = 60


class AdminDoorMiddleware:
    """Whoever is signed in and comes to /admin/ passes here first, whatever page they ask for.

    Real time counts, as for the session itself: a demo's clock that jumps a week signs nobody out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")) and request.user.is_authenticated:
            return self._stopped(request) or self.get_response(request)
        return self.get_response(request)

    def _stopped(self, request: HttpRequest) -> HttpResponse | None:
        if request.path == reverse("admin:logout"):
            return None
        if reason := _why_over(request):
            return _sign_in_again(request, reason)
        _note_seen(request)
        if second_factor.is_missing(person_of(request)):
            messages.warning(
                request, "Set up a second factor first: owners of a venue and staff need one for the desk."
            )
            return redirect("mfa_index")
        return None


def _why_over(request: HttpRequest) -> str:
    """Return why this session is good for the admin no more; empty while it is."""
    now, signed_in = time.time(), request.session.get(SIGNED_IN_AT, 0)
    if now - signed_in >= settings.ADMIN_SESSION_HOURS * 3600:
        return f"You signed in more than {settings.ADMIN_SESSION_HOURS} hours ago."
    if now - request.session.get(SEEN_AT, signed_in) >= settings.ADMIN_IDLE_MINUTES * 60:
        return f"Nothing was done here for {settings.ADMIN_IDLE_MINUTES} minutes."
    return ""


def _sign_in_again(request: HttpRequest, reason: str) -> HttpResponse:
    log.info("admin_session_ended", user_id=request.user.pk, reason=reason)
    logout(request)
    messages.info(request, f"{reason} Please sign in again.")
    back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return redirect_to_login(back, reverse("account_login"))


def _note_seen(request: HttpRequest) -> None:
    """Remember that somebody is at work; what a page's own script fetches, such as a poll, is nobody's work."""
    if request.headers.get("Sec-Fetch-Dest") == "empty":
        return
    now = int(time.time())
    if now - request.session.get(SEEN_AT, 0) >= NOTED_EVERY_SECONDS:
        request.session[SEEN_AT] = now


def note_sign_in(sender: object, request: HttpRequest, **_more: object) -> None:
    """Remember in the session when it began; joined to Django's signal by the app's config."""
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = int(time.time())


def connect() -> None:
    user_logged_in.connect(note_sign_in, dispatch_uid="accounts.note_sign_in")
