"""Step-up: what a stolen session must not do asks once more for the password or the second factor.

A proof is allauth's own re-authentication and lasts ACCOUNT_REAUTHENTICATION_TIMEOUT seconds; signing in is none.
"""

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.api_auth import ApiRequest
from accounts.sign_in import second_factor
from core.web.problems import Problem


def is_proven(request: HttpRequest) -> bool:
    """Return whether this session's person has proved lately who they are."""
    return request.user.is_authenticated and did_recently_reauthenticate(request)


def lead_to_proof(request: HttpRequest) -> HttpResponse | None:
    """Return None to a proven person, else the way to the proof and back to this address.

    A person who must have a second factor and has none is led to set one up.

    For pages; call it before the form is shown and again when it comes back. Nothing typed is kept meanwhile, unlike
    with allauth's `reauthentication_required`: bank details must not lie readable in a session.
    """
    if request.user.is_authenticated and second_factor.is_missing(request.user):
        return redirect("mfa_index")
    if is_proven(request):
        return None
    return redirect_to_login(request.get_full_path(), reverse("account_reauthenticate"))


def require_proven_session(request: ApiRequest) -> None:
    """Refuse an API call of a session that is not proven; a token that came so far has the scope, which is its proof.

    Raises: Problem 403 as `require_proof`.
    """
    second_factor.require(request.auth.user)
    if not request.auth.by_token and not is_proven(request):
        raise _unproven()


def has_proof(request: ApiRequest) -> bool:
    """Return whether an API call may change where money goes: its session is proven, or its token made for that."""
    caller = request.auth
    if second_factor.is_missing(caller.user):
        return False
    return caller.may_change_payees_unasked or (not caller.by_token and is_proven(request))


def require_proof(request: ApiRequest) -> None:
    """Refuse an API call that changes where money goes, unless its session is proven, or its token made for that.

    Raises: Problem 403 `step_up_required`, or `second_factor_required` to a person who must have one.
    """
    second_factor.require(request.auth.user)
    if not has_proof(request):
        raise _unproven(" A token needs `payee`.")


def _unproven(more: str = "") -> Problem:
    where = reverse("account_reauthenticate")
    detail = f"Sign in, confirm your password at {where}, and try again within minutes.{more}"
    return Problem(403, "step_up_required", detail)
