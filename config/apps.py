"""Puts our own admin site in the place of Django's, and registers the checks of the site as a whole."""

from django.contrib.admin import apps
from django.core.checks import register


class AdminConfig(apps.AdminConfig):
    default_site = "config.admin.site.RoomholdAdminSite"

    def ready(self) -> None:
        super().ready()
        from config import site_pages

        register(site_pages.check_operator, deploy=True)
