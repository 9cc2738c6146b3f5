"""A person's own pages beside those of allauth: profile and API tokens."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.pages.forms import ProfileForm, TokenForm
from accounts.signed_in import SignedInRequest

CREATED, UNPROCESSABLE = 201, 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method != "POST":
        return render(request, "accounts/profile.html", {"form": form})
    if not form.is_valid():
        # The header must not greet with what was refused.
        request.user.refresh_from_db()
        return render(request, "accounts/profile.html", {"form": form}, status=UNPROCESSABLE)
    form.save()
    messages.success(request, "Your profile is saved.")
    return redirect("accounts:profile")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: SignedInRequest) -> HttpResponse:
    """The API tokens of a host or of staff; a new one is shown in the answer to its form and never again."""
    if not request.user.is_staff:
        raise PermissionDenied
    if request.method == "POST":
        # What was typed waits in the session meanwhile: it is only the token's name.
        return reauthentication_required(_create_token)(request)
    return _tokens_page(request, TokenForm())


@login_required
@require_POST
def revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    if not services.revoke_token(user=request.user, token_id=token_id):
        raise Http404
    messages.success(request, "The token is revoked. Programs that used it are locked out.")
    return redirect("accounts:tokens")


@login_required
@require_POST
def sign_out_everywhere(request: SignedInRequest) -> HttpResponse:
    """Ending sessions asks for no password: whoever holds a stolen one could as well keep it."""
    services.sign_out_everywhere(user=request.user, end_tokens="end_tokens" in request.POST)
    logout(request)
    messages.success(request, "You are signed out in every browser.")
    return redirect("account_login")


def _create_token(request: SignedInRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            plain = services.issue_token(user=request.user, **form.cleaned_data)
        except services.TooManyTokens:
            form.add_error(None, f"You have {services.MAX_TOKENS} tokens. Revoke one first.")
        else:
            # No redirect: between two requests the token would have to be kept somewhere.
            return _tokens_page(request, TokenForm(), new_token=plain, status=CREATED)
    return _tokens_page(request, form, status=UNPROCESSABLE)


def _tokens_page(
    request: SignedInRequest, form: TokenForm, *, new_token: str = "", status: int = 200
) -> HttpResponse:
    rows = request.user.api_tokens.order_by("-created_at")
    context = {"form": form, "new_token": new_token, "tokens": rows}
    return render(request, "accounts/tokens.html", context, status=status)
