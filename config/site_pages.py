"""Pages about the platform itself: help, contact, terms, privacy, imprint, and what crawlers may read."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

# Each legal page: its template, and the setting that names an address with the operator's own text instead.
LEGAL = {
    "terms": ("site/terms.html", "TERMS_URL"),
    "privacy": ("site/privacy.html", "PRIVACY_URL"),
    "imprint": ("site/imprint.html", "IMPRINT_URL"),
}
# What a crawler has no business with: nobody's own pages, and what a program asks for.
PRIVATE_PATHS = ("/admin/", "/account/", "/bookings/", "/api/", "/webhooks/", "/host/")


def legal(name: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of one legal page: ours, or a redirect to where the operator keeps it."""
    template, setting = LEGAL[name]

    @require_safe
    def page(request: HttpRequest) -> HttpResponse:
        if address := getattr(settings, setting):
            return HttpResponseRedirect(address)
        return render(request, template, operator())

    return page


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "site/help.html", operator())


@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    return render(request, "site/contact.html", operator())


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read; of a demo nothing."""
    refused: Iterable[str] = ("/",) if settings.SANDBOX_URL else PRIVATE_PATHS
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in refused)]
    sitemap = f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}"
    return HttpResponse("\n".join([*lines, "", sitemap, ""]), content_type="text/plain; charset=utf-8")


def operator() -> dict[str, str]:
    """Return who runs this site, as templates name them."""
    return {
        "operator_name": settings.LEGAL_NAME,
        "operator_address": settings.LEGAL_ADDRESS,
        "operator_register": settings.LEGAL_REGISTER,
        "operator_email": settings.LEGAL_EMAIL,
    }


def check_operator(**_options: object) -> list[CheckMessage]:
    """Warn at deploy where nobody is named as running the site: guests and law ask for it."""
    missing = [name for name in ("LEGAL_NAME", "LEGAL_ADDRESS", "LEGAL_EMAIL") if not getattr(settings, name)]
    if not missing:
        return []
    message = f"{', '.join(missing)} not set: imprint, terms and privacy name nobody."
    return [Warning(message, id="config.W001")]
