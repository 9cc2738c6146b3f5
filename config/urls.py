"""Every address of the site; the provider's webhooks and pay pages come with payments.urls."""

from django.conf import settings
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_control
from django.views.static import serve

from config import site_pages
from config.api.root import api
from config.health import healthz
from config.sitemaps import SITEMAPS


def nowhere(request: HttpRequest) -> HttpResponse:
    raise Http404


urlpatterns = [
    path("", include("rooms.urls")),
    path("", include("bookings.urls")),
    path("", include("payments.urls")),
    path("", include("notifications.urls")),
    path("help/", site_pages.help_page, name="help"),
    path("contact/", site_pages.contact, name="contact"),
    *[path(f"{name}/", site_pages.legal(name), name=name) for name in site_pages.LEGAL],
    path("robots.txt", site_pages.robots, name="robots"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]

handler404 = "core.web.middleware.page_not_found"

if settings.DEBUG or settings.SANDBOX_URL:
    # In production a web server or a bucket serves what was uploaded.
    urlpatterns += [
        re_path(
            rf"^{settings.MEDIA_URL.strip('/')}/(?P<path>.*)$",
            cache_control(public=True, max_age=24 * 3600)(serve),
            {"document_root": settings.MEDIA_ROOT},
        )
    ]

if settings.DEBUG:
    # A demo's visitor who mistypes an address sees our page, too, not the developers'.
    urlpatterns += [re_path(r"^.*/$", nowhere)]
