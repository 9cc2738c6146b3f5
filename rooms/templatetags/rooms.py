"""What room pages need beside the site's own tags."""

import datetime as dt

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core import clock, dates
from core.web.icons import ICONS
from rooms import sales_modes
from rooms.choices import AMENITIES
from rooms.models import Room, RoomPhoto, Session, Venue

register = template.Library()


@register.filter
def amenity_name(code: str) -> str:
    """`sea_view` → `Sea view`; codes of old rooms we do not know any more are made readable."""
    return AMENITIES.get(code, code.replace("_", " ").capitalize())


@register.filter
def amenity_icon(code: str) -> str:
    return code if code in ICONS else "check"


@register.filter
def with_article(unit: str) -> str:
    """`night` → `a night`, `hour` → `an hour`."""
    return f"an {unit}" if unit in ("hour", "appointment") else f"a {unit}"


@register.filter
def by_unit(kind: str) -> str:
    """How rooms of a kind are priced: `hotel` → `By the night`."""
    return f"By the {Room.UNIT_OF_KIND[Room.Kind(kind)]}"


@register.filter
def visit(room: Room) -> str:
    """What guests come for: `stay`, `meeting`, `appointment` or `session`."""
    return sales_modes.visit_word(room)


@register.filter
def last_end_held(room: Room) -> dt.datetime:
    """Until when a visit may end whose money is held when it is booked now."""
    return sales_modes.last_end_held(room.venue.hold_limit_minutes, clock.now())


@register.filter
def held_from_to(session: Session, venue: Venue) -> str:
    """`Tue, Jan 5, 6:30 PM – 9:30 PM` at the venue; the year where it is not this one."""
    return dates.guest_span(session.starts_at, session.ends_at, venue.time_zone)


@register.filter
def month_held(session: Session, venue: Venue) -> str:
    """`January 2027`, at the venue: what a list of sessions is divided by."""
    return dates.month(session.starts_at, venue.time_zone)


# How wide a picture stands, by where: the style sheets' own columns, told to the browser before it has them.
SIZES = {
    "card": "(min-width: 62rem) 23rem, (min-width: 40rem) 46vw, 92vw",
    "gallery": "(min-width: 48rem) 37rem, 100vw",
    "door": "12rem",
    "summary": "(min-width: 62rem) 24rem, 92vw",
    "list": "(min-width: 40rem) 16rem, 92vw",
}


@register.simple_tag
def picture(
    photo: RoomPhoto, place: str, *, alt: str = "", is_eager: bool = False, is_first: bool = False
) -> SafeString:
    """Write the img of a photo, of the width its `place` needs; `is_first`: the largest thing of the page."""
    loading = mark_safe(' fetchpriority="high"') if is_first else mark_safe(' loading="lazy"')
    return format_html(
        '<img src="{}"{} alt="{}" width="{}" height="{}"{} decoding="async">',
        photo.image.url, _choice(photo, place), alt, photo.width, photo.height,
        "" if is_eager and not is_first else loading,
    )  # fmt: skip


def _choice(photo: RoomPhoto, place: str) -> SafeString:
    srcset = photo.srcset
    return format_html(' srcset="{}" sizes="{}"', srcset, SIZES[place]) if srcset else SafeString()
