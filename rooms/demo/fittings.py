"""What a room is made of: walls, floors, windows, lamps, plants, pictures on the wall."""

import math
from random import Random

from rooms.demo.canvas import Canvas, Color, Point, darker, lighter, mix
from rooms.demo.palettes import Hour, Palette
from rooms.demo.skylines import view

FLOOR = 600  # where wall and floor meet
WARM = "#ffe3a6"


# --- shell ------------------------------------------------------------------------------------------------


def shell(canvas: Canvas, colors: Palette) -> None:
    """Wall, its lower half in the venue's pattern, skirting and floorboards."""
    canvas.gradient(0, 0, canvas.width, FLOOR, lighter(colors.wall, 0.12), darker(colors.wall, 0.06))
    PATTERNS[colors.pattern](canvas, colors)
    canvas.rect(0, FLOOR - 20, canvas.width, 20, mix(colors.linen, colors.wall, 0.3))
    canvas.rect(0, FLOOR - 4, canvas.width, 4, darker(colors.wall, 0.25))
    _floor(canvas, colors.floor)


def _floor(canvas: Canvas, color: Color) -> None:
    canvas.gradient(0, FLOOR, canvas.width, canvas.height - FLOOR, darker(color, 0.1), lighter(color, 0.12))
    seam = darker(color, 0.13)
    for n in range(-14, 15):
        x = canvas.width / 2 + n * 62
        canvas.line([(x, FLOOR), (canvas.width / 2 + n * 112, canvas.height)], seam, 1.2)


def _plain(canvas: Canvas, colors: Palette) -> None:
    canvas.rect(0, 385, canvas.width, FLOOR - 385, mix(colors.wall, colors.panel, 0.3))


def _panels(canvas: Canvas, colors: Palette) -> None:
    color = mix(colors.panel, colors.wall, 0.12)
    canvas.rect(0, 430, canvas.width, FLOOR - 430, color)
    canvas.rect(0, 422, canvas.width, 12, lighter(color, 0.18))
    for n in range(9):
        x = 22 + n * 134
        canvas.rect(x, 456, 106, 104, darker(color, 0.12), radius=3)
        canvas.rect(x + 4, 460, 99, 97, lighter(color, 0.05), radius=2)


def _tiles(canvas: Canvas, colors: Palette) -> None:
    top, size = 456, 31
    canvas.rect(0, top, canvas.width, FLOOR - top, colors.linen)
    pale = mix(colors.panel, colors.linen, 0.55)
    for row in range(4):
        for column in range(39):
            x, y = column * size, top + row * size
            middle, center = x + size / 2, y + size / 2
            diamond = [(middle, y + 2), (x + size - 2, center), (middle, y + size - 2), (x + 2, center)]
            canvas.poly(diamond, colors.panel if (row + column) % 2 else pale)
            canvas.dot(middle, center, 4, colors.linen)
    canvas.rect(0, top - 10, canvas.width, 10, colors.panel)
    canvas.rect(0, top - 14, canvas.width, 4, lighter(colors.panel, 0.3))


def _bricks(canvas: Canvas, colors: Palette) -> None:
    joint = lighter(colors.wall, 0.13)
    for row in range(25):
        canvas.rect(0, row * 24, canvas.width, 1.5, joint)
        for column in range(22):
            canvas.rect(column * 58 + (29 if row % 2 else 0), row * 24, 1.5, 24, joint)
    dice = Random(4)  # noqa: S311 - a pattern, not a secret
    for _ in range(60):
        row, column = dice.randrange(25), dice.randrange(21)
        x = column * 58 + (29 if row % 2 else 0)
        canvas.rect(
            x + 1.5,
            row * 24 + 1.5,
            56,
            22,
            dice.choice([darker(colors.wall, 0.08), lighter(colors.wall, 0.07)]),
        )


def _stripes(canvas: Canvas, colors: Palette) -> None:
    for n in range(60):
        canvas.rect(n * 20, 400, 13, FLOOR - 400, mix(colors.wood, colors.wall, 0.25))
        canvas.rect(n * 20 + 13, 400, 7, FLOOR - 400, darker(colors.wood, 0.25))
    canvas.rect(0, 394, canvas.width, 8, lighter(colors.wood, 0.2))


PATTERNS = {"plain": _plain, "panels": _panels, "tiles": _tiles, "bricks": _bricks, "stripes": _stripes}


# --- openings ---------------------------------------------------------------------------------------------


def window(
    canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random, box: tuple[float, float, float, float],
    *, panes: int = 2, curtains: bool = True,
) -> None:  # fmt: skip
    """A window on the city at (x, y, width, height), its light on the floor."""
    x, y, width, height = box
    frame = lighter(colors.linen, 0.3)
    canvas.rect(x - 16, y - 16, width + 32, height + 32, darker(colors.wall, 0.12))
    canvas.rect(x - 13, y - 13, width + 26, height + 26, frame)
    canvas.paste(view(city, hour, width, height, dice), x, y)
    for n in range(1, panes):
        canvas.rect(x + width * n / panes - 4, y, 8, height, frame)
    canvas.rect(x, y + height * 0.3 - 3, width, 6, frame)
    canvas.rect(x - 26, y + height + 13, width + 52, 12, frame)
    canvas.rect(x - 26, y + height + 25, width + 52, 4, darker(colors.wall, 0.2))
    if curtains:
        _curtains(canvas, colors, x, y, width, height)
    if not hour.is_dark:
        slant = 120
        corners = [(x - slant, FLOOR + 30), (x + width - slant, FLOOR + 30)]
        canvas.glow(
            [*corners, (x + width - 2.4 * slant, canvas.height), (x - 2.4 * slant, canvas.height)], 0.3
        )


def _curtains(canvas: Canvas, colors: Palette, x: float, y: float, width: float, height: float) -> None:
    top, bottom, fall = y - 46, FLOOR - 14, 66
    color = mix(colors.linen, colors.textile, 0.16)
    canvas.rect(x - 84, top, width + 168, 6, colors.wood, radius=3)
    for left in (x - 76, x + width + 10):
        canvas.rect(left, top + 4, fall, bottom - top, color)
        for n in range(4):
            canvas.rect(left + 5 + n * 17, top + 4, 5, bottom - top, darker(color, 0.08))
        canvas.rect(left - 3, y + height * 0.62, fall + 6, 9, mix(colors.textile, color, 0.35), radius=4)
    for end in (x - 86, x + width + 86):
        canvas.dot(end, top + 3, 8, colors.wood)


def tall_windows(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A whole wall of glass."""
    canvas.rect(60, 60, 1080, 470, darker(colors.ink, 0.1))
    canvas.paste(view(city, hour, 1060, 450, dice), 70, 70)
    for n in range(1, 5):
        canvas.rect(70 + 212 * n - 4, 70, 8, 450, colors.ink)
    canvas.rect(70, 168, 1060, 6, colors.ink)
    canvas.rect(40, 530, 1120, 14, lighter(colors.ink, 0.2))
    if not hour.is_dark:
        for n in range(5):
            left = 40 + 212 * n
            canvas.glow(
                [(left, FLOOR + 20), (left + 150, FLOOR + 20), (left + 60, 800), (left - 130, 800)], 0.26
            )


# --- light ------------------------------------------------------------------------------------------------


def pendant(
    canvas: Canvas, colors: Palette, x: float, y: float, width: float = 110, *, shape: int = 0
) -> None:
    """A lamp hanging from the ceiling; `shape` 0 dome, 1 globe, 2 cone."""
    canvas.rect(x - 1.5, 0, 3, y, colors.ink)
    if shape == 1:
        canvas.dot(x, y + width * 0.32, width * 0.32, WARM)
        canvas.rect(x - 9, y - 5, 18, 12, colors.ink, radius=3)
    elif shape == 2:
        canvas.poly(
            [(x - 11, y), (x + 11, y), (x + width / 2, y + width * 0.5), (x - width / 2, y + width * 0.5)],
            colors.textile,
        )
        canvas.rect(x - width / 2, y + width * 0.5 - 3, width, 5, WARM)
    else:
        canvas.pie(x - width / 2, y, width, width, 180, 360, colors.accent)
        canvas.rect(x - width * 0.3, y + width / 2, width * 0.6, 6, WARM, radius=3)
    _shine(canvas, x, y + width * 0.5, width * 1.3)


def table_lamp(canvas: Canvas, colors: Palette, x: float, base: float, size: float = 1) -> None:
    canvas.oval(x - 22 * size, base - 9 * size, 44 * size, 12 * size, colors.ink)
    canvas.oval(x - 17 * size, base - 62 * size, 34 * size, 58 * size, colors.accent)
    canvas.rect(x - 3 * size, base - 78 * size, 6 * size, 22 * size, colors.ink)
    top = base - 138 * size
    canvas.poly(
        [
            (x - 28 * size, top),
            (x + 28 * size, top),
            (x + 46 * size, top + 66 * size),
            (x - 46 * size, top + 66 * size),
        ],
        WARM,
    )
    _shine(canvas, x, top + 40 * size, 150 * size)


def floor_lamp(canvas: Canvas, colors: Palette, x: float, base: float, height: float = 430) -> None:
    canvas.oval(x - 36, base - 8, 72, 16, colors.ink)
    canvas.rect(x - 3, base - height, 6, height, colors.ink)
    top = base - height - 40
    canvas.poly([(x - 38, top), (x + 38, top), (x + 62, top + 84), (x - 62, top + 84)], WARM)
    _shine(canvas, x, top + 60, 210)


def _shine(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.glow([(x - radius, y - radius * 0.8), (x + radius, y + radius * 1.1)], 0.2)
    canvas.glow([(x - radius * 0.5, y - radius * 0.4), (x + radius * 0.5, y + radius * 0.5)], 0.36)


# --- plants -----------------------------------------------------------------------------------------------


def leaf(canvas: Canvas, x: float, y: float, angle: float, length: float, width: float, color: Color) -> None:
    """A pointed leaf that grows from (x, y) at `angle` degrees, 90 straight up."""
    along = (math.cos(math.radians(angle)), -math.sin(math.radians(angle)))
    across = (-along[1], along[0])
    points: list[Point] = []
    for side in (1, -1):
        steps = range(9) if side == 1 else range(8, -1, -1)
        for n in steps:
            share = n / 8
            bulge = side * width * math.sin(math.pi * share**0.8) / 2
            points.append(
                (
                    x + along[0] * length * share + across[0] * bulge,
                    y + along[1] * length * share + across[1] * bulge,
                )
            )
    canvas.poly(points, color)
    tip = (x + along[0] * length * 0.92, y + along[1] * length * 0.92)
    canvas.line([(x, y), tip], darker(color, 0.14), 1.4)


def plant(canvas: Canvas, colors: Palette, x: float, base: float, size: float = 1, kind: int = 0) -> None:
    """A potted plant; `kind` 0 broad leaves, 1 snake plant, 2 olive tree, 3 palm."""
    pot = 52 * size
    top = base - 86 * size
    canvas.shade([(x - pot * 1.2, base - 10), (x + pot * 1.2, base + 14)], 0.3)
    GROWTHS[kind % 4](canvas, colors.leaf, x, top + 6 * size, size)
    canvas.poly(
        [(x - pot, top), (x + pot, top), (x + pot * 0.74, base), (x - pot * 0.74, base)], colors.accent
    )
    canvas.rect(
        x - pot * 1.08, top - 6 * size, pot * 2.16, 18 * size, lighter(colors.accent, 0.14), radius=4 * size
    )


def _broad(canvas: Canvas, color: Color, x: float, y: float, size: float) -> None:
    for n, angle in enumerate((24, 156, 48, 132, 68, 112, 90)):
        length = (150 + 18 * n) * size
        leaf(canvas, x, y, angle, length, 74 * size, lighter(color, 0.12) if n % 2 else darker(color, 0.1))


def _blades(canvas: Canvas, color: Color, x: float, y: float, size: float) -> None:
    for n, angle in enumerate((64, 118, 76, 104, 84, 95)):
        shade = (darker(color, 0.16), color, lighter(color, 0.16))[n % 3]
        leaf(canvas, x + (n - 2.5) * 10 * size, y, angle, (180 + 26 * (n % 3)) * size, 34 * size, shade)


def _tree(canvas: Canvas, color: Color, x: float, y: float, size: float) -> None:
    canvas.rect(x - 5 * size, y - 190 * size, 10 * size, 194 * size, "#7a5a41")
    dice = Random(round(x))  # noqa: S311
    for n in range(44):
        angle, reach = dice.uniform(0, 360), dice.uniform(10, 92) * size
        left = x + reach * math.cos(math.radians(angle))
        top = y - 236 * size + reach * math.sin(math.radians(angle)) * 0.9
        shade = (darker(color, 0.12), color, lighter(color, 0.2))[n % 3]
        leaf(canvas, left, top, dice.uniform(0, 360), 50 * size, 17 * size, shade)


def _palm(canvas: Canvas, color: Color, x: float, y: float, size: float) -> None:
    for n, angle in enumerate((18, 162, 38, 142, 58, 122, 80, 100)):
        length = (190 + 14 * (n % 3)) * size
        end = (x + math.cos(math.radians(angle)) * length, y - math.sin(math.radians(angle)) * length)
        canvas.line([(x, y), end], darker(color, 0.2), 3 * size)
        for step in range(3, 11):
            along = (x + (end[0] - x) * step / 10, y + (end[1] - y) * step / 10)
            for side in (34, -34):
                leaf(canvas, *along, angle + side, 62 * size, 13 * size, lighter(color, 0.03 * n))


GROWTHS = (_broad, _blades, _tree, _palm)


# --- on the wall ------------------------------------------------------------------------------------------


def art(
    canvas: Canvas, colors: Palette, x: float, y: float, width: float, height: float, dice: Random
) -> None:
    """A framed picture of plain shapes."""
    canvas.rect(x + 4, y + 6, width, height, darker(colors.wall, 0.14))
    canvas.rect(x, y, width, height, colors.wood)
    canvas.rect(x + 7, y + 7, width - 14, height - 14, colors.linen)
    inner = Canvas(width - 42, height - 42, mix(colors.linen, colors.wall, 0.5))
    _motif(inner, colors, dice)
    canvas.paste(inner, x + 21, y + 21)


def _motif(inner: Canvas, colors: Palette, dice: Random) -> None:
    width, height = inner.width, inner.height
    tones = [colors.textile, colors.accent, colors.panel]
    dice.shuffle(tones)
    motif = dice.randrange(3)
    if motif == 0:
        inner.dot(width * 0.62, height * 0.36, min(width, height) * 0.2, tones[0])
        inner.poly(
            [
                (0, height),
                (0, height * 0.7),
                (width * 0.35, height * 0.5),
                (width * 0.7, height * 0.78),
                (width, height * 0.6),
                (width, height),
            ],
            tones[1],
        )
        inner.poly(
            [
                (0, height),
                (0, height * 0.86),
                (width * 0.5, height * 0.72),
                (width, height * 0.9),
                (width, height),
            ],
            tones[2],
        )
    elif motif == 1:
        for n in range(3):
            size = min(width, height) * (0.95 - 0.28 * n)
            inner.pie((width - size) / 2, height * 0.92 - size / 2, size, size, 180, 360, tones[n])
    else:
        for n in range(5):
            leaf(
                inner, width / 2, height * 0.95, 90 + (n - 2) * 24, height * 0.82, width * 0.24, tones[n % 2]
            )


def shelf(
    canvas: Canvas, colors: Palette, x: float, y: float, width: float, dice: Random, *, things: str = "books"
) -> None:
    """A wall shelf with books or pots on it."""
    left = x + 12
    while left < x + width - 34:
        tone = dice.choice([colors.textile, colors.accent, colors.panel, colors.linen, colors.wood])
        if things == "books":
            thick, tall = dice.uniform(13, 26), dice.uniform(58, 92)
            canvas.rect(left, y - tall, thick, tall, tone, radius=1.5)
            canvas.rect(left, y - tall * 0.8, thick, 4, lighter(tone, 0.35))
            left += thick + (3 if dice.random() < 0.85 else 34)
        else:
            wide = dice.uniform(34, 58)
            pot(canvas, tone, left + wide / 2, y, wide, dice.randrange(4))
            left += wide + dice.uniform(8, 22)
    canvas.rect(x, y, width, 10, colors.wood)
    canvas.rect(x + 6, y + 10, width - 12, 5, darker(colors.wall, 0.18))


def pot(canvas: Canvas, color: Color, x: float, base: float, width: float, shape: int) -> None:
    """A vase, bowl, jar or mug."""
    half = width / 2
    if shape == 0:
        canvas.oval(x - half, base - width * 1.1, width, width * 1.1, color)
        canvas.rect(x - half * 0.4, base - width * 1.45, width * 0.4, width * 0.5, color)
        canvas.rect(
            x - half * 0.55, base - width * 1.5, width * 0.55, width * 0.12, lighter(color, 0.2), radius=3
        )
    elif shape == 1:
        canvas.pie(x - half, base - width, width, width, 0, 180, color)
        canvas.rect(x - half * 0.5, base - width * 0.06, width * 0.5, width * 0.06, darker(color, 0.15))
    elif shape == 2:
        canvas.rect(x - half * 0.8, base - width * 1.2, width * 0.8, width * 1.2, color, radius=8)
        canvas.rect(
            x - half * 0.85, base - width * 1.3, width * 0.85, width * 0.2, lighter(color, 0.25), radius=3
        )
    else:
        canvas.ring(x + half * 0.6, base - width * 0.36, width * 0.22, color, 5)
        canvas.rect(x - half * 0.7, base - width * 0.75, width * 0.66, width * 0.75, color, radius=5)
