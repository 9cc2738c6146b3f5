"""Who calls the API: hosts and staff by bearer token, guests by their booking's secret, anyone by the site's login."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from accounts.models import ApiToken
from accounts.scopes import GRAVE, MONEY, PAYEE, READ
from accounts.sign_in import second_factor
from core import clock
from core.web.problems import Problem

LONGEST_CREDENTIAL = 200
USED_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Caller:
    """Who asks: a user (by token or login), the holder of a booking's secret, or nobody known.

    What a secret opens is for bookings to say: it is checked against the booking asked for.
    """

    user: Any = field(default_factory=AnonymousUser)
    secret: str = ""
    by_token: bool = False
    scopes: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """Tells callers apart, for keys they choose themselves; empty for those unknown."""
        return str(self.user.pk or "")

    def require_hosts_door(self) -> None:
        """Ask of a session that acts for a venue what the admin's door asks. Raises: Problem 403.

        A token was made behind that door, and stays what it is.
        """
        if not self.by_token:
            second_factor.require(self.user)

    @property
    def may_change_payees_unasked(self) -> bool:
        """True of a token made for that: the password was typed when it was made."""
        return self.by_token and PAYEE in self.scopes


class ApiRequest(HttpRequest):
    """A request that the API let in: one of the doors below said whose it is."""

    auth: Caller


class BearerToken(AuthBase):
    """`Authorization: Bearer <token>` of a host or of staff, for what asks no more than one of its scopes."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller | None:
        token = _credential(request, "bearer")
        if not token:
            return None
        # Found by its digest: how long that takes says nothing about the token.
        rows = ApiToken.objects.in_force().select_related("user")
        row = rows.filter(digest=ApiToken.digest_of(token)).first()
        if row is None:
            return None
        _note_use(row)
        if self.scope not in row.scopes:
            raise _insufficient(self.scope)
        return Caller(user=row.user, by_token=True, scopes=frozenset(row.scopes))


class BookingSecret(AuthBase):
    """`Authorization: Booking <secret>` of a guest, from the booking's link."""

    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = "Authorization"
    openapi_description = "`Booking <secret>`: the secret that came with the booking."

    def __call__(self, request: HttpRequest) -> Caller | None:
        secret = _credential(request, "booking")
        return Caller(secret=secret) if secret else None


class SiteLogin(AuthBase):
    """The site's own login. What changes something needs the CSRF token, too."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    openapi_description = "The site's login; requests that change something send `X-CSRFToken`, too."

    def __init__(self, scope: str = READ) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller | None:
        # A wrong token must not be mended by a cookie that happens to be there.
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise Problem(403, "csrf_failed", "The CSRF token is missing or wrong.")
        caller = Caller(user=request.user)
        if self.scope in (MONEY, *GRAVE):
            caller.require_hosts_door()
        return caller


class Anyone(AuthBase):
    """Nobody in particular: guests may book without an account. Who shows a credential is held to it."""

    openapi_type = "none"

    def __init__(self) -> None:
        super().__init__()
        del self.openapi_security_schema

    def __call__(self, request: HttpRequest) -> Caller | None:
        return None if "Authorization" in request.headers else Caller()


def known(scope: str) -> tuple[AuthBase, ...]:
    """Who may call: users by the site's login, or by a token that has this scope (accounts.scopes)."""
    return (BearerToken(scope), SiteLogin(scope))


def _credential(request: HttpRequest, scheme: str) -> str:
    """Return what follows the scheme in `Authorization`; empty for another scheme or what can be none of ours."""
    given, _, value = request.headers.get("Authorization", "").partition(" ")
    value = value.strip()
    is_plausible = value.isascii() and value.isprintable() and len(value) <= LONGEST_CREDENTIAL
    return value if given.lower() == scheme and is_plausible else ""


def _insufficient(scope: str) -> Problem:
    """RFC 6750: the token is known, and was not made for this."""
    challenge = f'Bearer realm="Roomhold", error="insufficient_scope", scope="{scope}"'
    detail = f"This token has no scope `{scope}`. Make one that has, on the account's page."
    return Problem(403, "insufficient_scope", detail, headers={"WWW-Authenticate": challenge}, scope=scope)


def _note_use(token: ApiToken) -> None:
    """Remember the use, at most once a minute: a busy program must not write a row a request."""
    now = clock.now()
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
