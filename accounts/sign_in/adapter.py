"""How allauth behaves here."""

from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import resolve_url

from accounts.sign_in import login_limits

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Send hosts and staff to their desk, guests to their bookings."""
        if request.user.is_staff:
            return resolve_url("admin:index")
        return super().get_login_redirect_url(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth's own is the address alone: anybody could shut its owner out.
        return login_limits.key(request, credentials.get("email", ""))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        if login_limits.is_held_up(request, credentials.get("email", "")):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        note = login_limits.note_success if user else login_limits.note_failure
        note(request, credentials.get("email", ""))
        return user

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether a `next` leads to this site; what cannot be read as an address does not."""
        try:
            return bool(url and super().is_safe_url(url))
        except ValueError:
            return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail whose links lead to SITE_URL, whatever host the request named.

        A mail server out of reach is said, and is no error page: asking again sends again.
        """
        try:
            super().send_mail(template_prefix, email, {**context, **_links_on_our_site(context)})
        except (OSError, SMTPException) as error:
            log.warning("account_mail_failed", about=template_prefix, error=type(error).__name__)
            messages.error(
                allauth_context.request,
                "We could not send the mail just now. Please try again in a few minutes.",
            )


def _links_on_our_site(context: dict[str, Any]) -> dict[str, str]:
    return {name: _on_our_site(url) for name, url in context.items() if name.endswith("_url")}


def _on_our_site(url: str) -> str:
    here = urlsplit(settings.SITE_URL)
    return urlsplit(url)._replace(scheme=here.scheme, netloc=here.netloc).geturl()
