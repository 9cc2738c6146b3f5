"""Uploaded pictures: only what decodes as a photo is kept, and only its pixels."""

import io
import uuid
import warnings

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000
# Enough for a full-width gallery on a dense screen.
LONGEST_SIDE = 2400
FORMATS = ("JPEG", "PNG", "WEBP")


def cleaned(upload: UploadedFile) -> ContentFile:
    """Return an upload as a fresh JPEG under a name of ours: no metadata, no foreign bytes, no wrong way up.

    Raises: ValidationError for what is too large or no JPEG, PNG or WebP picture.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError("The picture is larger than 12 MB.")
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(upload, formats=FORMATS)
            if picture.width * picture.height > MAX_PIXELS:
                raise ValidationError("The picture has more than 50 million pixels.")
            picture = ImageOps.exif_transpose(picture).convert("RGB")
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise ValidationError("Choose a JPEG, PNG or WebP picture.") from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=85, optimize=True)
    return ContentFile(data.getvalue(), name=f"{uuid.uuid4().hex}.jpg")
