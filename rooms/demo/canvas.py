"""A canvas of 1200 × 800 points, drawn twice as large and scaled down, so that edges come out smooth."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1200, 800
SCALE = 2
BAND = 4  # points a gradient's steps are high
# Light and shadow are soft: painted small, blurred, scaled up.
GLOW_SCALE = 8

Point = tuple[float, float]
Color = str | tuple[int, int, int]


def rgb(color: Color) -> tuple[int, int, int]:
    """Turn `#rrggbb` into numbers."""
    if isinstance(color, tuple):
        return color
    return (int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16))


def mix(first: Color, second: Color, share: float) -> tuple[int, int, int]:
    """Blend two colors; `share` is how much of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(rgb(first), rgb(second), strict=True))
    return red, green, blue


def darker(color: Color, share: float) -> tuple[int, int, int]:
    return mix(color, "#1b1a22", share)


def lighter(color: Color, share: float) -> tuple[int, int, int]:
    return mix(color, "#ffffff", share)


class Canvas:
    """Shapes in points from the top left; everything is opaque but `glow` and `shade`, which end the picture."""

    def __init__(self, width: float = WIDTH, height: float = HEIGHT, color: Color = "#ffffff") -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), rgb(color))
        self._draw = ImageDraw.Draw(self.image)
        small = (round(width / GLOW_SCALE), round(height / GLOW_SCALE))
        self._light, self._shadow = Image.new("L", small), Image.new("L", small)

    # --- shapes

    def rect(self, x: float, y: float, width: float, height: float, color: Color, radius: float = 0) -> None:
        box = _scaled([(x, y), (x + width, y + height)])
        box = [box[0], (box[1][0] - 1, box[1][1] - 1)]
        if box[1][0] < box[0][0] or box[1][1] < box[0][1]:
            return
        if radius:
            self._draw.rounded_rectangle(box, radius * SCALE, rgb(color))
        else:
            self._draw.rectangle(box, rgb(color))

    def top_rounded(
        self, x: float, y: float, width: float, height: float, color: Color, radius: float
    ) -> None:
        """A rectangle whose upper corners alone are round."""
        box = _scaled([(x, y), (x + width, y + height)])
        self._draw.rounded_rectangle(box, radius * SCALE, rgb(color), corners=(True, True, False, False))

    def arch(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """A doorway: half a circle upon a rectangle."""
        self.oval(x, y, width, min(width, height), color)
        self.rect(x, y + width / 2, width, height - width / 2, color)

    def poly(self, points: Sequence[Point], color: Color) -> None:
        self._draw.polygon(_scaled(points), rgb(color))

    def oval(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        self._draw.ellipse(_scaled([(x, y), (x + width, y + height)]), rgb(color))

    def dot(self, x: float, y: float, radius: float, color: Color) -> None:
        self.oval(x - radius, y - radius, 2 * radius, 2 * radius, color)

    def ring(self, x: float, y: float, radius: float, color: Color, thickness: float) -> None:
        box = _scaled([(x - radius, y - radius), (x + radius, y + radius)])
        self._draw.ellipse(box, outline=rgb(color), width=round(thickness * SCALE))

    def line(self, points: list[Point], color: Color, thickness: float = 2) -> None:
        self._draw.line(_scaled(points), rgb(color), max(1, round(thickness * SCALE)), "curve")

    def arc(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        start: float,
        end: float,
        color: Color,
        thickness: float,
    ) -> None:
        """Part of an oval's outline, in degrees clockwise from three o'clock."""
        box = _scaled([(x, y), (x + width, y + height)])
        self._draw.arc(box, start, end, rgb(color), round(thickness * SCALE))

    def pie(
        self, x: float, y: float, width: float, height: float, start: float, end: float, color: Color
    ) -> None:
        self._draw.pieslice(_scaled([(x, y), (x + width, y + height)]), start, end, rgb(color))

    def gradient(self, x: float, y: float, width: float, height: float, top: Color, bottom: Color) -> None:
        steps = max(1, round(height / BAND))
        for step in range(steps):
            color = mix(top, bottom, step / max(1, steps - 1))
            self.rect(x, y + step * height / steps, width, height / steps + 1, color)

    def paste(self, other: "Canvas", x: float, y: float) -> None:
        self.image.paste(other.image, (round(x * SCALE), round(y * SCALE)))

    # --- light

    def glow(self, points: list[Point], strength: float) -> None:
        """Let light fall on a polygon, or with two points on the oval between them; `strength` from 0 to 1."""
        _soft(self._light, points, strength)

    def shade(self, points: list[Point], strength: float) -> None:
        """Let a shadow fall, like `glow`."""
        _soft(self._shadow, points, strength)

    def jpeg(self, light: Color = "#fff1cf", shadow: Color = "#20140f", quality: int = 80) -> bytes:
        """Scale down, cast shadows and lights, and return the picture as a JPEG."""
        picture = self.image.reduce(SCALE)
        for mask, color, blur in ((self._shadow, shadow, 2), (self._light, light, 5)):
            if mask.getbbox():
                soft = mask.filter(ImageFilter.GaussianBlur(blur)).resize(
                    picture.size, Image.Resampling.BICUBIC
                )
                picture.paste(rgb(color), mask=soft)
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality, progressive=True)
        return data.getvalue()


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _soft(mask: Image.Image, points: list[Point], strength: float) -> None:
    draw = ImageDraw.Draw(mask)
    small = [(x / GLOW_SCALE, y / GLOW_SCALE) for x, y in points]
    level = round(255 * strength)
    if len(small) == 2:
        draw.ellipse(small, level)
    else:
        draw.polygon(small, level)
