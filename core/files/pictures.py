"""Uploaded pictures: only what decodes as a photo is kept, and only its pixels."""

from __future__ import annotations

import io
import uuid
import warnings
from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models
from PIL import Image, ImageOps

from core.files.uploads import MAX_BYTES, TOO_LARGE, RefusedFile

# So many are decoded at most: 36 MB of memory, however well a few bytes were packed.
MAX_PIXELS = 12_000_000
# A camera's plain JPEG is decoded smaller, in one pass; no other format can.
MAX_JPEG_PIXELS = 50_000_000
# The steps in which a JPEG decodes smaller.
SHRINKS = (1, 2, 4, 8)
# Enough for a full-width gallery on a dense screen.
LONGEST_SIDE = 2400
FORMATS = ("JPEG", "PNG", "WEBP")
NO_PICTURE = "Choose a JPEG, PNG or WebP picture."
BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)


class PictureField(forms.FileField):
    """A picture of a form; cleaned, it is a fresh file of ours."""

    widget = forms.ClearableFileInput

    def to_python(self, data: File[bytes] | None) -> ContentFile[bytes] | None:
        if isinstance(data, RefusedFile):
            raise ValidationError(data.reason, code="refused_file")
        upload = super().to_python(data)
        return None if upload is None else cleaned(upload)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, object]:
        return {**super().widget_attrs(widget), "accept": "image/jpeg,image/png,image/webp"}


class PictureColumn(models.ImageField):
    """An image that forms take by a PictureField; to migrations it is what Django's own is."""

    def formfield(self, **kwargs: object) -> forms.Field | None:
        options = {"form_class": PictureField, **kwargs}
        return super().formfield(**options)  # type: ignore[arg-type]  # Django's options, as they came

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.ImageField", args, kwargs


def cleaned(upload: File[bytes]) -> ContentFile[bytes]:
    """Return an upload as a fresh JPEG under a name of ours: no metadata, no foreign bytes, no wrong way up.

    Raises: ValidationError for what is too large or no JPEG, PNG or WebP picture.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(TOO_LARGE, code="too_large")
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = _decoded(Image.open(upload, formats=FORMATS))
    except BROKEN as error:
        raise ValidationError(NO_PICTURE, code="no_picture") from error
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=85, optimize=True)
    return ContentFile(data.getvalue(), name=f"{uuid.uuid4().hex}.jpg")


def _decoded(picture: Image.Image) -> Image.Image:
    """Return the pixels of an opened picture, upright and no larger than shown.

    Raises: ValidationError for more pixels than are decoded; whatever Pillow raises for broken ones.
    """
    is_plain_jpeg = picture.format == "JPEG" and not picture.info.get("progressive")
    most = MAX_JPEG_PIXELS if is_plain_jpeg else MAX_PIXELS
    if picture.width * picture.height > most:
        million = most // 1_000_000
        raise ValidationError(
            f"The picture has more than {million} million pixels. Make it smaller.", code="pixels"
        )
    if is_plain_jpeg:
        picture.draft("RGB", _shrunk(picture.size))
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new("RGB", upright.size)  # what a file says beside its pixels stays behind
    bare.paste(upright)
    return bare


def _shrunk(size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size in which a JPEG of `size` decodes within MAX_PIXELS."""
    width, height = size
    step = next(step for step in SHRINKS if width * height <= MAX_PIXELS * step * step)
    return width // step, height // step
