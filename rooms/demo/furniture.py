"""Beds, seats and tables."""

from random import Random

from rooms.demo.canvas import Canvas, Color, darker, lighter, mix
from rooms.demo.fittings import FLOOR, plant, pot, table_lamp
from rooms.demo.palettes import Palette

# --- beds -------------------------------------------------------------------------------------------------


def bed_front(
    canvas: Canvas, colors: Palette, x: float, width: float = 520, *, is_wooden: bool = False
) -> None:
    """A double bed seen from its foot, in the middle at `x`."""
    half, foot = width / 2, 724
    canvas.shade([(x - half - 60, foot - 30), (x + half + 60, foot + 34)], 0.42)
    (_slats if is_wooden else _headboard)(canvas, colors, x, half + 24)
    for side in (-1, 1):
        _pillow(canvas, lighter(colors.linen, 0.5), x + side * half * 0.48 - 100, 442, 200, 104)
    canvas.poly(
        [(x - half + 10, 520), (x + half - 10, 520), (x + half + 22, foot), (x - half - 22, foot)],
        colors.linen,
    )
    canvas.poly(
        [(x - half + 8, 512), (x + half - 8, 512), (x + half, 566), (x - half, 566)],
        lighter(colors.linen, 0.6),
    )
    for side in (-1, 1):
        _pillow(canvas, colors.accent, x + side * 84 - 66, 472, 132, 74)
    canvas.poly(
        [(x - half - 9, 616), (x + half + 9, 616), (x + half + 19, 688), (x - half - 19, 688)], colors.textile
    )
    for y in (630, 674):
        canvas.line([(x - half - 12, y), (x + half + 12, y)], lighter(colors.textile, 0.25), 2)
    canvas.rect(x - half - 22, foot - 4, width + 44, 8, darker(colors.linen, 0.16), radius=3)
    for side in (-1, 1):
        canvas.rect(x + side * (half - 10) - 9, foot + 4, 18, 22, darker(colors.wood, 0.2), radius=2)


def _headboard(canvas: Canvas, colors: Palette, x: float, half: float) -> None:
    color = mix(colors.textile, colors.panel, 0.55)
    canvas.top_rounded(x - half, 336, half * 2, 290, darker(color, 0.18), 44)
    canvas.top_rounded(x - half + 9, 345, half * 2 - 18, 280, color, 38)
    for n in range(1, 6):
        left = x - half + half * 2 * n / 6
        canvas.rect(left - 1.5, 352, 3, 200, darker(color, 0.1))


def _slats(canvas: Canvas, colors: Palette, x: float, half: float) -> None:
    for left in (x - half, x + half - 16):
        canvas.rect(left, 330, 16, 300, darker(colors.wood, 0.18), radius=5)
    canvas.rect(x - half, 348, half * 2, 18, colors.wood, radius=6)
    for n in range(1, 18):
        canvas.rect(x - half + half * 2 * n / 18 - 5, 364, 10, 200, lighter(colors.wood, 0.12))


def _pillow(canvas: Canvas, color: Color, x: float, y: float, width: float, height: float) -> None:
    canvas.rect(x, y + 5, width, height, darker(color, 0.12), radius=height * 0.36)
    canvas.rect(x, y, width, height - 4, color, radius=height * 0.36)


def bed_side(canvas: Canvas, colors: Palette, x: float, width: float = 620) -> None:
    """A bed seen from its side, its head at the left end `x`."""
    base, top = 720, 560
    canvas.shade([(x - 20, base - 26), (x + width + 40, base + 30)], 0.42)
    color = mix(colors.textile, colors.panel, 0.55)
    canvas.top_rounded(x - 26, 400, 46, base - 410, color, 20)
    canvas.rect(x, 650, width, 46, colors.wood, radius=6)
    canvas.rect(x + 6, top, width - 12, 104, lighter(colors.linen, 0.4), radius=26)
    canvas.rect(x + 170, top - 8, width - 172, 108, colors.linen, radius=24)
    canvas.rect(x + 170, top - 8, 46, 108, lighter(colors.linen, 0.7), radius=14)
    canvas.rect(x + width - 210, top - 12, 150, 122, colors.textile, radius=10)
    for n in range(5):
        canvas.rect(x + width - 200 + 30 * n, top - 12, 4, 122, lighter(colors.textile, 0.2))
    _pillow(canvas, lighter(colors.linen, 0.7), x + 22, 500, 84, 112)
    _pillow(canvas, colors.accent, x + 78, 520, 84, 88)
    for left in (x + 16, x + width - 34):
        canvas.rect(left, 694, 18, 34, darker(colors.wood, 0.2), radius=2)


def bunk(canvas: Canvas, colors: Palette, x: float, width: float = 520) -> None:
    """Two beds above each other, with a ladder."""
    canvas.shade([(x - 20, 704), (x + width + 30, 752)], 0.4)
    post = darker(colors.wood, 0.12)
    for level in (410, 630):
        canvas.rect(x, level + 34, width, 22, colors.wood, radius=4)
        canvas.rect(x + 12, level, width - 24, 40, lighter(colors.linen, 0.4), radius=14)
        canvas.rect(
            x + 150, level - 6, width - 168, 46, colors.textile if level > 500 else colors.accent, radius=14
        )
        _pillow(canvas, lighter(colors.linen, 0.7), x + 24, level - 24, 104, 52)
    for left in (x - 6, x + width - 12):
        canvas.rect(left, 310, 18, 424, post, radius=3)
    canvas.rect(x, 346, width, 12, post, radius=3)
    for side in (0, 66):
        canvas.rect(x + width - 110 + side, 356, 10, 378, post)
    for rung in range(7):
        canvas.rect(x + width - 108, 386 + 50 * rung, 72, 8, lighter(colors.wood, 0.12))


def nightstand(canvas: Canvas, colors: Palette, x: float, dice: Random, base: float = 668) -> None:
    """A small chest with a lamp, `x` its middle."""
    canvas.shade([(x - 76, base - 12), (x + 76, base + 14)], 0.32)
    canvas.rect(x - 62, base - 104, 124, 92, colors.wood, radius=5)
    canvas.rect(x - 54, base - 94, 108, 34, lighter(colors.wood, 0.1), radius=3)
    canvas.rect(x - 54, base - 54, 108, 34, lighter(colors.wood, 0.1), radius=3)
    for y in (base - 77, base - 37):
        canvas.dot(x, y, 4.5, colors.linen)
    for side in (-50, 40):
        canvas.rect(x + side, base - 12, 10, 14, darker(colors.wood, 0.25))
    table_lamp(canvas, colors, x + dice.choice([-14, 12]), base - 104, 0.9)


# --- seats ------------------------------------------------------------------------------------------------


def armchair(canvas: Canvas, colors: Palette, x: float, base: float, color: Color, size: float = 1) -> None:
    """An armchair seen from the front, `x` its middle."""
    canvas.shade([(x - 130 * size, base - 16), (x + 130 * size, base + 18)], 0.36)
    for side in (-1, 1):
        canvas.rect(x + side * 78 * size - 5, base - 26 * size, 10, 26 * size, darker(colors.wood, 0.2))
    canvas.rect(x - 88 * size, base - 236 * size, 176 * size, 190 * size, color, radius=46 * size)
    canvas.rect(
        x - 72 * size, base - 118 * size, 144 * size, 62 * size, lighter(color, 0.14), radius=18 * size
    )
    for side in (-1, 1):
        left = x + side * 90 * size - 26 * size
        canvas.rect(left, base - 150 * size, 52 * size, 130 * size, darker(color, 0.09), radius=24 * size)
    canvas.rect(x - 88 * size, base - 62 * size, 176 * size, 42 * size, darker(color, 0.05), radius=10 * size)


def sofa(canvas: Canvas, colors: Palette, x: float, base: float, width: float = 520) -> None:
    """A sofa seen from the front, `x` its middle."""
    color = mix(colors.textile, colors.panel, 0.3)
    canvas.shade([(x - width / 2 - 40, base - 18), (x + width / 2 + 40, base + 22)], 0.4)
    for side in (-1, 1):
        canvas.rect(x + side * (width / 2 - 40) - 6, base - 22, 12, 24, darker(colors.wood, 0.2))
    canvas.rect(x - width / 2 + 14, base - 218, width - 28, 170, color, radius=34)
    for n in range(2):
        left = x - width / 2 + 40 + n * (width - 80) / 2
        canvas.rect(left, base - 122, (width - 80) / 2 - 5, 64, lighter(color, 0.13), radius=16)
    for side in (-1, 1):
        canvas.rect(x + side * width / 2 - 34, base - 154, 68, 132, darker(color, 0.08), radius=28)
    canvas.rect(x - width / 2 + 20, base - 64, width - 40, 42, darker(color, 0.04), radius=8)
    _pillow(canvas, colors.accent, x - width / 2 + 62, base - 178, 96, 84)
    _pillow(canvas, colors.linen, x + width / 2 - 160, base - 170, 96, 78)


def office_chair(
    canvas: Canvas, colors: Palette, x: float, top: float, *, color: Color, is_front: bool
) -> None:
    """The back of a chair behind the table, or a whole chair before it."""
    canvas.rect(x - 48, top, 96, 130, color, radius=26)
    canvas.rect(x - 36, top + 12, 72, 84, lighter(color, 0.1), radius=20)
    if not is_front:
        return
    canvas.shade([(x - 66, 762), (x + 66, 792)], 0.34)
    canvas.rect(x - 58, top + 112, 116, 34, darker(color, 0.12), radius=16)
    canvas.rect(x - 5, top + 142, 10, 58, colors.ink)
    for side in (-46, 0, 46):
        canvas.line([(x, top + 190), (x + side, top + 216)], colors.ink, 7)
        canvas.dot(x + side, top + 218, 6, colors.ink)


def stool(canvas: Canvas, colors: Palette, x: float, base: float) -> None:
    canvas.shade([(x - 50, base - 10), (x + 50, base + 10)], 0.3)
    for side in (-1, 1):
        canvas.line([(x + side * 20, base - 104), (x + side * 36, base)], darker(colors.wood, 0.2), 8)
    canvas.line([(x - 28, base - 46), (x + 28, base - 46)], darker(colors.wood, 0.2), 6)
    canvas.rect(x - 46, base - 118, 92, 20, colors.textile, radius=10)


# --- tables -----------------------------------------------------------------------------------------------


def meeting_table(
    canvas: Canvas, colors: Palette, dice: Random, *, left: float = 170, right: float = 1030
) -> None:
    """A long table with things to work with on it."""
    top = 590
    canvas.shade([(left - 30, 690), (right + 30, 770)], 0.4)
    for x in (left + 90, right - 130):
        canvas.poly(
            [(x, top + 20), (x + 40, top + 20), (x + 54, 742), (x - 14, 742)], darker(colors.ink, 0.05)
        )
    canvas.poly(
        [(left + 46, top - 28), (right - 46, top - 28), (right, top + 6), (left, top + 6)],
        lighter(colors.wood, 0.14),
    )
    canvas.rect(left, top + 4, right - left, 22, colors.wood, radius=6)
    count = max(3, round((right - left) / 210))
    for n in range(count):
        x = left + 110 + n * (right - left - 220) / (count - 1)
        _on_the_table(canvas, colors, x, top - 12, dice.randrange(4))


def _on_the_table(canvas: Canvas, colors: Palette, x: float, y: float, kind: int) -> None:
    if kind == 0:  # a laptop
        canvas.rect(x - 42, y - 54, 84, 54, colors.ink, radius=5)
        canvas.dot(x, y - 28, 5, lighter(colors.ink, 0.5))
        canvas.poly([(x - 42, y), (x + 42, y), (x + 52, y + 9), (x - 52, y + 9)], lighter(colors.ink, 0.35))
    elif kind == 1:  # paper and a pen
        canvas.poly(
            [(x - 40, y - 6), (x + 22, y - 6), (x + 34, y + 10), (x - 44, y + 10)], lighter(colors.linen, 0.6)
        )
        canvas.line([(x + 34, y - 4), (x + 48, y + 8)], colors.accent, 4)
    elif kind == 2:  # a carafe and a glass
        canvas.rect(x - 18, y - 56, 30, 62, mix("#cfe6ea", colors.linen, 0.3), radius=9)
        canvas.rect(x - 11, y - 70, 16, 18, "#cfe6ea", radius=3)
        canvas.rect(x + 22, y - 22, 20, 28, "#dceef0", radius=3)
    else:
        pot(canvas, colors.textile, x, y + 8, 46, 3)


def coffee_table(canvas: Canvas, colors: Palette, x: float, base: float, width: float = 240) -> None:
    canvas.shade([(x - width * 0.55, base - 14), (x + width * 0.55, base + 16)], 0.34)
    for side in (-1, 1):
        canvas.line(
            [(x + side * width * 0.3, base - 70), (x + side * width * 0.38, base)],
            darker(colors.wood, 0.25),
            8,
        )
    canvas.oval(x - width / 2, base - 92, width, 44, lighter(colors.wood, 0.1))
    canvas.oval(x - width / 2, base - 98, width, 40, lighter(colors.wood, 0.22))
    canvas.rect(x - 66, base - 92, 64, 9, colors.accent, radius=2)
    canvas.rect(x - 60, base - 100, 54, 9, colors.textile, radius=2)
    pot(canvas, colors.linen, x + 40, base - 74, 40, 3)


def desk(canvas: Canvas, colors: Palette, x: float, dice: Random, width: float = 330) -> None:
    """A writing desk against the wall, with a lamp, a chair and a plant; `x` is its left end."""
    canvas.shade([(x - 10, 672), (x + width + 10, 704)], 0.32)
    for left in (x + 14, x + width - 26):
        canvas.rect(left, 540, 12, 146, darker(colors.wood, 0.2))
    canvas.rect(x, 524, width, 18, colors.wood, radius=4)
    canvas.rect(x + width - 130, 542, 112, 44, lighter(colors.wood, 0.08), radius=3)
    table_lamp(canvas, colors, x + 56, 524, 0.8)
    _on_the_table(canvas, colors, x + 168, 516, dice.choice([0, 1]))
    plant(canvas, colors, x + width - 44, 524, 0.42, dice.randrange(4))
    canvas.rect(x + 120, 556, 104, 92, colors.textile, radius=22)
    canvas.rect(x + 114, 634, 116, 26, darker(colors.textile, 0.1), radius=12)
    for side in (126, 212):
        canvas.rect(x + side, 656, 9, 56, darker(colors.wood, 0.2))


def rug(
    canvas: Canvas, colors: Palette, x: float, y: float, width: float, height: float, *, is_round: bool
) -> None:
    """A rug on the floor around (x, y), its middle."""
    color = mix(colors.accent, colors.linen, 0.5)
    if is_round:
        canvas.oval(x - width / 2, y - height / 2, width, height, color)
        canvas.oval(
            x - width * 0.42,
            y - height * 0.4,
            width * 0.84,
            height * 0.8,
            mix(colors.accent, colors.linen, 0.72),
        )
        return
    slant = width * 0.07
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    canvas.poly([(left + slant, top), (right - slant, top), (right, bottom), (left, bottom)], color)
    for share in (0.16, 0.84):
        line = top + height * share
        inset = slant * (1 - share)
        canvas.line([(left + inset, line), (right - inset, line)], lighter(colors.textile, 0.15), 5)


def bookcase(
    canvas: Canvas, colors: Palette, x: float, dice: Random, *, shelves: int = 4, width: float = 230
) -> None:
    """A standing bookcase, `x` its left end."""
    top = FLOOR + 40 - shelves * 112
    canvas.shade([(x - 16, FLOOR + 26), (x + width + 16, FLOOR + 56)], 0.34)
    canvas.rect(x, top, width, shelves * 112, darker(colors.wood, 0.28), radius=4)
    for row in range(shelves):
        base = top + (row + 1) * 112 - 10
        left = x + 16
        while left < x + width - 40:
            thick, tall = dice.uniform(13, 25), dice.uniform(54, 86)
            tone = dice.choice([colors.textile, colors.accent, colors.panel, colors.linen])
            if dice.random() < 0.12:
                pot(canvas, tone, left + 20, base, 34, dice.randrange(3))
                thick = 46
            else:
                canvas.rect(left, base - tall, thick, tall, tone, radius=1.5)
                canvas.rect(left, base - tall * 0.78, thick, 4, lighter(tone, 0.3))
            left += thick + 3
        canvas.rect(x, base, width, 10, colors.wood)
    for left in (x, x + width - 10):
        canvas.rect(left, top, 10, shelves * 112, colors.wood)
    canvas.rect(x - 4, top - 8, width + 8, 12, lighter(colors.wood, 0.1), radius=3)
