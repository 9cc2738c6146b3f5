"""What every page shares: security headers, error pages, and the site's facts for templates."""

import re
from collections.abc import Callable

import structlog
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template import loader
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.views import defaults

log = structlog.get_logger(__name__)

COMPRESSED_PREFIXES = ("/admin/", "/static/")
PUBLIC_PREFIXES = ("/static/", "/media/")
# Where wallets and banks open windows of their own, and must find their way back from them.
PAY_PAGE = re.compile(r"^/bookings/[-\w]+/(card|pay|return)/$")


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The site's policy everywhere; under /admin/ the one that django-unfold needs."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/admin/") and parts.replace is None and not report_only:
            parts.replace = settings.ADMIN_SECURITY_POLICY
        return parts


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page, within the admin to whoever works there."""
    user = getattr(request, "user", None)
    if request.path.startswith("/admin/") and user and admin.site.has_permission(request):
        context = {**admin.site.each_context(request), "title": "Not found"}
        return TemplateResponse(request, "admin/not_found.html", context, status=404).render()
    return defaults.page_not_found(request, exception)


class AdminCompressionMiddleware(GZipMiddleware):
    """Compresses the admin's pages, and in a demo its files: in production these lie compressed already."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.path.startswith(COMPRESSED_PREFIXES) or response.get("Content-Type", "").startswith(
            "font/"
        ):
            return response
        return super().process_response(request, response)


class BrowserRightsMiddleware:
    """What pages may ask of a browser; a pay page keeps hold of the windows that wallets open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = ", ".join(f"{name}={who}" for name, who in settings.PERMISSIONS_POLICY.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", self.policy)
        if PAY_PAGE.match(request.path):
            # SecurityMiddleware, which stands before, leaves what is set.
            response["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
        return response


class PrivatePagesMiddleware:
    """What a logged-in or secret-link visitor sees is never kept by a proxy or the back button."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(PUBLIC_PREFIXES):
            patch_vary_headers(response, ["Cookie"])
            if request.session.accessed and not request.session.is_empty():
                add_never_cache_headers(response)
        return response


class PlainErrorsMiddleware:
    """With DEBUG, too, a visitor sees our own 400, 403 and 404 pages (a demo runs with DEBUG).

    A database that is away, or a lock kept too long, is no fault of the request: 503, so that a provider sends its
    message again and a guest knows to try again.
    """

    PAGES = (
        (Http404, page_not_found),
        (PermissionDenied, defaults.permission_denied),
        (SuspiciousOperation, defaults.bad_request),
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if request.path.startswith("/api/"):
            return None
        for kind, page in self.PAGES:
            if isinstance(exception, kind):
                return page(request, exception)
        if isinstance(exception, OperationalError | InterfaceError):
            log.error("database_unavailable", error=str(exception).strip())
            text = loader.get_template("503.html").render()
            return HttpResponse(text, status=503, headers={"Retry-After": "5"})
        return None


def site(request: HttpRequest) -> dict[str, object]:
    """Template context of every page: the base URL and what the browser may know of Pusher."""
    return {
        "SITE_URL": settings.SITE_URL,
        "MFA_REQUIRED": settings.MFA_REQUIRED,
        "IS_DEMO": bool(settings.SANDBOX_URL),
        "SANDBOX_URL": settings.SANDBOX_URL,
        "pusher": {
            "key": settings.PUSHER_KEY,
            "cluster": settings.PUSHER_CLUSTER,
            "host": settings.PUSHER_HOST,
            "port": settings.PUSHER_PORT,
        },
    }
