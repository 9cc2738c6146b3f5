"""A photo of a room, with its smaller pictures."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.files import renditions
from core.files.pictures import PictureColumn
from core.typed.columns import LineColumn


class RoomPhoto(models.Model):
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="photos")
    image = PictureColumn(upload_to="rooms/", width_field="width", height_field="height")
    width = models.PositiveIntegerField(editable=False, default=0)
    height = models.PositiveIntegerField(editable=False, default=0)
    alt = LineColumn(max_length=160, help_text="What the picture shows, for those who cannot see it")
    position = models.PositiveSmallIntegerField(default=0)
    renditions = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        editable=False,
        help_text="Widths of smaller pictures",
    )

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.alt

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a picture that was just chosen gets its renditions."""
        is_new = bool(self.image) and not self.image._committed  # type: ignore[attr-defined]  # not in the stubs
        super().save(*args, **kwargs)
        if is_new:
            self.renditions = renditions.draw(self.image)
            super().save(update_fields=["renditions"])

    @property
    def srcset(self) -> str:
        """What a browser may choose from: `…-480.webp 480w, …-960.webp 960w, ….jpg 2400w`; empty without renditions."""
        if not self.renditions or not self.image.name:
            return ""
        url_of = self.image.storage.url
        small = [
            f"{url_of(renditions.name_of(self.image.name, width))} {width}w" for width in self.renditions
        ]
        return ", ".join([*small, f"{self.image.url} {self.width}w"])
