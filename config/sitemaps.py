"""What search engines are shown: the site's own pages, venues and rooms that are on sale."""

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from rooms.models import Room, Venue
from rooms.selectors import open_venues

PAGES = ("rooms:home", "rooms:search", "help", "contact", "terms", "privacy", "imprint")
# Well below the 50,000 addresses that the protocol allows in one file.
MOST = 10_000


class SiteSitemap(Sitemap):
    """Addresses by SITE_URL, whatever host a request came by."""

    limit = MOST

    def get_domain(self, site: object = None) -> str:
        return settings.SITE_URL.split("://", 1)[1]

    def get_protocol(self, protocol: str | None = None) -> str:
        return settings.SITE_URL.split("://", 1)[0]


class Pages(SiteSitemap):
    def items(self) -> tuple[str, ...]:
        return PAGES

    def location(self, item: str) -> str:
        return reverse(item)


class Venues(SiteSitemap):
    def items(self) -> QuerySet[Venue]:
        return open_venues().order_by("pk")

    def location(self, item: Venue) -> str:
        return reverse("rooms:venue", args=[item.slug])


class Rooms(SiteSitemap):
    def items(self) -> QuerySet[Room]:
        return Room.objects.published().select_related("venue").order_by("pk")


SITEMAPS = {"pages": Pages, "venues": Venues, "rooms": Rooms}
