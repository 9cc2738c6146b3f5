"""What else there is to see of a house: the street, the bath, the breakfast table, the view."""

from collections.abc import Callable
from random import Random

from rooms.demo.canvas import Canvas, Color, darker, lighter, mix
from rooms.demo.fittings import FLOOR, WARM, leaf, pendant, plant, pot, shell
from rooms.demo.palettes import Hour, Palette
from rooms.demo.skylines import view

Scene = Callable[[Canvas, Palette, str, Hour, Random], None]


def outlook(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """The city from the window seat."""
    canvas.gradient(0, 0, 1200, 800, lighter(colors.wall, 0.1), darker(colors.wall, 0.08))
    canvas.rect(130, 40, 940, 580, lighter(colors.linen, 0.3))
    canvas.paste(view(city, hour, 900, 540, dice), 150, 60)
    for x in (446, 746):
        canvas.rect(x, 60, 9, 540, lighter(colors.linen, 0.3))
    for left in (40, 1030):
        color = mix(colors.linen, colors.textile, 0.16)
        canvas.rect(left, 0, 130, 700, color)
        for n in range(6):
            canvas.rect(left + 8 + n * 22, 0, 7, 700, darker(color, 0.08))
    canvas.rect(0, 620, 1200, 34, lighter(colors.wood, 0.22))
    canvas.gradient(0, 654, 1200, 146, colors.wood, darker(colors.wood, 0.3))
    canvas.rect(200, 566, 330, 56, colors.textile, radius=24)
    canvas.rect(230, 500, 120, 96, colors.accent, radius=26)
    canvas.rect(330, 516, 110, 84, colors.linen, radius=24)
    for n, (x, width) in enumerate(((640, 130), (650, 112), (644, 120))):
        tone = (colors.panel, colors.accent, colors.textile)[n]
        canvas.rect(x, 602 - 19 * n, width, 18, tone, radius=3)
    pot(canvas, colors.linen, 836, 620, 62, 3)
    plant(canvas, colors, 960, 622, 0.72, dice.randrange(4))
    if not hour.is_dark:
        canvas.glow([(200, 640), (1010, 640), (860, 800), (20, 800)], 0.3)


def bath(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A bath under a round window."""
    shell(canvas, colors)
    tile = mix(colors.linen, colors.panel, 0.14)
    canvas.rect(0, 0, 1200, FLOOR, tile)
    for n in range(31):
        canvas.rect(n * 40, 0, 1.5, FLOOR, darker(tile, 0.06))
    for n in range(15):
        canvas.rect(0, n * 40, 1200, 1.5, darker(tile, 0.06))
    canvas.rect(0, 320, 1200, 40, mix(colors.panel, tile, 0.2))
    _round_window(canvas, colors, city, hour, dice)
    canvas.rect(0, FLOOR - 14, 1200, 14, mix(colors.panel, tile, 0.2))
    _tub(canvas, colors)
    for n in range(3):
        tone = (colors.textile, colors.linen, colors.accent)[n]
        canvas.rect(900, 520 - 30 * n, 150, 27, tone, radius=11)
    canvas.rect(880, 548, 190, 14, colors.wood)
    for x in (896, 1044):
        canvas.rect(x, 562, 11, 140, darker(colors.wood, 0.2))
    canvas.shade([(870, 690), (1080, 718)], 0.3)
    pendant(canvas, colors, 900, 120, 96, shape=1)
    plant(canvas, colors, 116, 724, 1.1, dice.choice([0, 3]))


def _round_window(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A round pane, made by covering the corners of a square view."""
    size = 260
    pane = view(city, hour, size, size, dice)
    tile = mix(colors.linen, colors.panel, 0.14)
    pane.ring(size / 2, size / 2, size * 0.72, tile, size * 0.22)
    canvas.paste(pane, 400, 40)
    canvas.ring(400 + size / 2, 40 + size / 2, size / 2 + 6, lighter(colors.wood, 0.1), 16)


def _tub(canvas: Canvas, colors: Palette) -> None:
    white = lighter(colors.linen, 0.5)
    canvas.shade([(270, 716), (810, 766)], 0.42)
    for x in (356, 700):
        canvas.oval(x, 690, 26, 52, colors.textile)
    canvas.pie(258, 312, 564, 408, 0, 180, darker(white, 0.07))
    canvas.pie(258, 312, 540, 402, 0, 180, white)
    canvas.rect(238, 502, 604, 30, lighter(white, 0.6), radius=15)
    canvas.rect(238, 526, 604, 6, darker(white, 0.08), radius=3)
    canvas.rect(770, 420, 12, 84, colors.textile)
    canvas.arc(716, 392, 66, 62, 180, 360, colors.textile, 12)
    canvas.rect(300, 484, 120, 26, colors.accent, radius=10)


def breakfast(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A table laid for two, seen from above."""
    canvas.gradient(0, 0, 1200, 800, lighter(colors.wood, 0.3), lighter(colors.wood, 0.16))
    for n in range(9):
        canvas.rect(0, 40 + n * 92, 1200, 2.5, lighter(colors.wood, 0.08))
    runner = mix(colors.textile, colors.linen, 0.25)
    canvas.rect(440, 0, 320, 800, runner)
    for x in (452, 742):
        canvas.rect(x, 0, 6, 800, lighter(runner, 0.4))
    for x, y in ((250, 400), (950, 400)):
        _place(canvas, colors, x, y)
    _bowl(canvas, colors, 600, 220, dice)
    canvas.dot(608, 570, 86, darker(runner, 0.18))
    canvas.dot(600, 560, 84, lighter(colors.linen, 0.5))
    canvas.dot(600, 560, 70, colors.linen)
    for n in range(3):
        _croissant(canvas, 556 + 44 * n, 546 + 22 * (n % 2))
    for angle in range(0, 360, 30):
        leaf(canvas, 1110, 90, angle, 88, 26, lighter(colors.leaf, 0.14 if angle % 60 else 0))
        leaf(canvas, 60, 740, angle, 78, 24, lighter(colors.leaf, 0.1 if angle % 60 else 0))
    canvas.glow([(0, 0), (520, 0), (120, 800), (0, 800)], 0.22)


def _place(canvas: Canvas, colors: Palette, x: float, y: float) -> None:
    canvas.dot(x + 9, y + 12, 152, lighter(colors.wood, 0.08))
    canvas.dot(x, y, 150, mix(colors.linen, "#ffffff", 0.4))
    canvas.ring(x, y, 150, colors.accent, 7)
    canvas.dot(x, y, 108, darker(colors.linen, 0.06))
    canvas.oval(x - 74, y - 56, 122, 104, "#fffefa")
    canvas.dot(x - 12, y - 2, 25, "#f3b53c")
    for n in range(3):
        leaf(canvas, x + 36, y + 30, 20 + 40 * n, 56, 22, colors.leaf)
    for side in (-186, 178):
        canvas.rect(x + side, y - 100, 9, 206, "#c9cdd2", radius=4)
    canvas.dot(x + 115, y - 206, 63, lighter(colors.wood, 0.08))
    canvas.dot(x + 110, y - 214, 62, lighter(colors.linen, 0.6))
    canvas.dot(x + 110, y - 214, 44, "#6f4a33")
    canvas.dot(x + 110, y - 214, 24, "#a9744e")


def _bowl(canvas: Canvas, colors: Palette, x: float, y: float, dice: Random) -> None:
    canvas.dot(x + 8, y + 11, 114, darker(mix(colors.textile, colors.linen, 0.25), 0.18))
    canvas.dot(x, y, 112, colors.accent)
    canvas.dot(x, y, 98, darker(colors.accent, 0.12))
    fruits = ["#d8453e", "#f0a63a", "#7fae4d", "#a83a5b"]
    for n in range(9):
        canvas.dot(x + dice.uniform(-56, 56), y + dice.uniform(-56, 56), dice.uniform(22, 32), fruits[n % 4])


def _croissant(canvas: Canvas, x: float, y: float) -> None:
    canvas.arc(x - 34, y - 30, 68, 68, 190, 350, "#c98a45", 26)
    for angle in (215, 250, 290, 325):
        canvas.arc(x - 34, y - 30, 68, 68, angle, angle + 5, "#a86c30", 26)


def facade(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """The house from the street."""
    canvas.paste(view(city, hour, 1200, 700, dice), 0, 0)
    wall = mix(colors.wall, colors.panel, 0.2)
    wall = mix(wall, hour.ink, 0.25) if hour.is_dark else lighter(wall, 0.1)
    canvas.rect(250, 130, 700, 560, darker(wall, 0.12))
    canvas.rect(262, 150, 676, 540, wall)
    canvas.rect(230, 118, 740, 34, colors.panel)
    canvas.poly(
        [(262, 118), (330, 48), (870, 48), (938, 118)], darker(mix(colors.textile, colors.ink, 0.25), 0.05)
    )
    for x in (400, 560, 720):
        canvas.arch(x, 62, 80, 62, wall)
        canvas.arch(x + 14, 76, 52, 48, WARM if hour.is_dark else hour.top)
    for row in range(2):
        for column in range(5):
            _front_window(canvas, colors, hour, 300 + column * 128, 190 + row * 160, dice)
    _entrance(canvas, colors, hour)
    canvas.gradient(
        0, 690, 1200, 110, darker(mix(colors.floor, "#9a958e", 0.6), 0.05), lighter(colors.floor, 0.1)
    )
    canvas.rect(0, 690, 1200, 8, lighter(colors.linen, 0.1))
    for x in (110, 1090):
        _street_tree(canvas, mix(colors.leaf, hour.ink, 0.45 if hour.is_dark else 0), x)
    canvas.shade([(240, 690), (980, 730)], 0.3)
    for x in (470, 742):
        plant(canvas, colors, x, 712, 0.5, 2)


def _front_window(canvas: Canvas, colors: Palette, hour: Hour, x: float, y: float, dice: Random) -> None:
    lit = hour.is_dark and dice.random() < 0.7
    canvas.rect(x - 7, y - 7, 86, 118, lighter(colors.linen, 0.4))
    canvas.rect(x, y, 72, 104, WARM if lit else mix(hour.top, colors.ink, 0.3))
    canvas.rect(x + 34, y, 4, 104, lighter(colors.linen, 0.4))
    canvas.rect(x, y + 34, 72, 4, lighter(colors.linen, 0.4))
    for side in (-33, 80):
        canvas.rect(x + side, y - 4, 24, 112, colors.accent)
        for n in range(6):
            canvas.rect(x + side + 3, y + 4 + n * 17, 18, 3, darker(colors.accent, 0.16))
    canvas.rect(x - 10, y + 106, 92, 13, colors.wood)
    for n in range(7):
        canvas.dot(x - 2 + n * 13, y + 103, 9, colors.leaf if n % 2 else colors.textile)


def _entrance(canvas: Canvas, colors: Palette, hour: Hour) -> None:
    canvas.rect(262, 508, 676, 14, colors.panel)
    canvas.arch(546, 536, 108, 154, lighter(colors.linen, 0.4))
    canvas.arch(556, 546, 88, 144, colors.panel)
    canvas.dot(630, 634, 5, WARM)
    for x in (310, 710):
        canvas.rect(x, 560, 180, 130, lighter(colors.linen, 0.4))
        canvas.rect(x + 8, 568, 164, 114, WARM if hour.is_dark else mix(hour.top, colors.ink, 0.22))
        for n in range(6):
            tone = colors.textile if n % 2 else colors.linen
            canvas.poly(
                [
                    (x - 8 + n * 33, 546),
                    (x + 25 + n * 33, 546),
                    (x + 29 + n * 33, 592),
                    (x - 12 + n * 33, 592),
                ],
                tone,
            )
    for x in (526, 674):
        canvas.rect(x - 3, 560, 6, 22, colors.ink)
        canvas.dot(x, 590, 10, WARM)
        if hour.is_dark:
            canvas.glow([(x - 70, 540), (x + 70, 690)], 0.4)


def _street_tree(canvas: Canvas, color: Color, x: float) -> None:
    canvas.rect(x - 9, 470, 18, 228, "#6d5240")
    for dx, dy, radius in ((0, 330, 112), (-68, 400, 76), (70, 396, 80), (10, 440, 84)):
        canvas.dot(x + dx, dy, radius, color)
    for dx, dy, radius in ((-30, 300, 56), (46, 350, 40)):
        canvas.dot(x + dx, dy, radius, lighter(color, 0.12))


SIGHTS: dict[str, Scene] = {"outlook": outlook, "bath": bath, "breakfast": breakfast, "facade": facade}
