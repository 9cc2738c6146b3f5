"""Smaller WebP pictures beside each photo, so that a phone loads what fits its screen.

Which widths are stored is kept in the photo's row: pages write `srcset` without asking the store. A photo without any
shows as it is; the nightly task draws what is missing.
"""

import io
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.db.models.fields.files import ImageFieldFile
from PIL import Image

# A phone, a dense phone or a card on a desk, a gallery on a desk; wider screens take the photo itself.
WIDTHS = (480, 960, 1440)
# WebP of photos: below 75 walls begin to band. Method 4 is the encoder's own balance of time and size.
QUALITY = 76


def name_of(photo_name: str, width: int) -> str:
    """Return where a rendition lies: `rooms/9f3c.jpg` → `rooms/9f3c-480.webp`."""
    path = PurePosixPath(photo_name)
    return str(path.with_name(f"{path.stem}-{width}.webp"))


def draw(image: ImageFieldFile) -> list[int]:
    """Store the renditions of a photo that are smaller than itself, and return their widths.

    Those in the store already stay: a photo's name is never used twice. Raises: OSError when the photo is not there.
    """
    assert image.name  # a stored photo has one
    with image.storage.open(image.name) as file, Image.open(file) as stored:
        photo = stored.convert("RGB")
    widths = [width for width in WIDTHS if width < photo.width]
    for width in widths:
        name = name_of(image.name, width)
        if not image.storage.exists(name):
            image.storage.save(name, ContentFile(_webp(photo, width)))
    return widths


def _webp(photo: Image.Image, width: int) -> bytes:
    small = photo.copy()
    small.thumbnail((width, photo.height))
    data = io.BytesIO()
    small.save(data, "WEBP", quality=QUALITY)
    return data.getvalue()
