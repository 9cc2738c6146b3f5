"""Photos that came without their smaller pictures: those uploaded before there were any, and the demo's."""

import structlog
from PIL import UnidentifiedImageError

from rooms import renditions
from rooms.models import RoomPhoto

log = structlog.get_logger(__name__)


def draw_missing() -> int:
    """Draw the renditions of photos that have none, and return of how many; what cannot be read is passed over."""
    drawn = 0
    for photo in (
        RoomPhoto.objects.filter(renditions=[], width__gt=renditions.WIDTHS[0]).order_by("pk").iterator()
    ):
        try:
            widths = renditions.draw(photo.image)
        except (OSError, UnidentifiedImageError):
            log.warning("photo_unreadable", photo_id=photo.pk)
            continue
        drawn += RoomPhoto.objects.filter(pk=photo.pk, image=photo.image.name).update(renditions=widths)
    return drawn
