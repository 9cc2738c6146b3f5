"""Photos that came without their smaller pictures: those uploaded before there were any, and the demo's."""

import structlog
from PIL import UnidentifiedImageError

from core.files import renditions
from core.sweeps import Round
from rooms.models import RoomPhoto

log = structlog.get_logger(__name__)


def draw_missing() -> int:
    """Draw the renditions of photos that have none, and return of how many; what cannot be read is passed over.

    Raises: RowsFailed, once every other photo has its own.
    """
    photos = RoomPhoto.objects.filter(renditions=[], width__gt=renditions.WIDTHS[0]).order_by("pk")
    with Round() as this:
        drawn = [this.attempt(_draw, photo, name=f"photo {photo.pk}") for photo in photos.iterator()]
    return sum(filter(None, drawn))


def _draw(photo: RoomPhoto) -> int:
    try:
        widths = renditions.draw(photo.image)
    except (OSError, UnidentifiedImageError):
        log.warning("photo_unreadable", photo_id=photo.pk)
        return 0
    return RoomPhoto.objects.filter(pk=photo.pk, image=photo.image.name).update(renditions=widths)
