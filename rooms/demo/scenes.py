"""The pictures' compositions: one function a scene, each (canvas, colors, city, hour, dice)."""

from random import Random

from rooms.demo.canvas import Canvas, darker, lighter, mix
from rooms.demo.fittings import (
    art,
    floor_lamp,
    pendant,
    plant,
    pot,
    shelf,
    shell,
    table_lamp,
    tall_windows,
    window,
)
from rooms.demo.furniture import (
    armchair,
    bed_front,
    bed_side,
    bookcase,
    bunk,
    coffee_table,
    desk,
    meeting_table,
    nightstand,
    office_chair,
    rug,
    sofa,
    stool,
)
from rooms.demo.palettes import Hour, Palette
from rooms.demo.sights import SIGHTS, Scene

# --- rooms to sleep in ------------------------------------------------------------------------------------


def bedroom(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A double room: the bed before the wall, a window beside it."""
    shell(canvas, colors)
    is_left = dice.random() < 0.5
    bed, glass = (760, 130) if is_left else (440, 800)
    window(canvas, colors, city, hour, dice, (glass, 130, 270, 300))
    _above_the_bed(canvas, colors, bed, dice)
    rug(canvas, colors, bed, 738, 820, 96, is_round=False)
    nightstand(canvas, colors, bed - 350, dice)
    nightstand(canvas, colors, bed + 350, dice)
    bed_front(canvas, colors, bed, is_wooden=dice.random() < 0.4)
    plant(canvas, colors, 80 if is_left else 1122, 742, 1.05, dice.randrange(4))


def _above_the_bed(canvas: Canvas, colors: Palette, x: float, dice: Random) -> None:
    hanging = dice.randrange(3)
    if hanging == 0:
        for n, left in enumerate((x - 215, x - 65, x + 85)):
            art(canvas, colors, left, 150 + 12 * (n % 2), 130, 150 - 24 * (n % 2), dice)
    elif hanging == 1:
        art(canvas, colors, x - 170, 130, 340, 180, dice)
    else:
        art(canvas, colors, x - 180, 120, 170, 196, dice)
        art(canvas, colors, x + 20, 152, 130, 132, dice)


def studio(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A room with a bed along the wall, a wide window and a desk."""
    shell(canvas, colors)
    window(canvas, colors, city, hour, dice, (150, 110, 470, 290), panes=3, curtains=False)
    art(canvas, colors, 790, 150, 150, 190, dice)
    art(canvas, colors, 970, 180, 120, 140, dice)
    desk(canvas, colors, 770, dice)
    rug(canvas, colors, 430, 742, 760, 90, is_round=dice.random() < 0.5)
    bed_side(canvas, colors, 90)
    pendant(canvas, colors, 700, 130, 100, shape=dice.randrange(3))
    plant(canvas, colors, 1142, 748, 0.9, dice.randrange(4))


def suite(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A sitting room under a wide window."""
    shell(canvas, colors)
    window(canvas, colors, city, hour, dice, (330, 90, 540, 330), panes=3)
    rug(canvas, colors, 600, 730, 900, 120, is_round=False)
    bookcase(canvas, colors, 24, dice, shelves=4, width=170)
    sofa(canvas, colors, 600, 700, 560)
    coffee_table(canvas, colors, 600, 784, 260)
    floor_lamp(canvas, colors, 270, 690)
    plant(canvas, colors, 1100, 716, 1.05, dice.randrange(3))


def attic(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A bed under the slope of a roof, a skylight above it."""
    shell(canvas, colors)
    slope, beam = mix(colors.wall, colors.linen, 0.45), darker(colors.wood, 0.1)
    window(canvas, colors, city, hour, dice, (465, 84, 270, 200), curtains=False)
    for side in (0, 1200):
        inner = 420 if side == 0 else 780
        canvas.poly([(side, 0), (inner, 0), (side, 520)], slope)
        canvas.line([(inner, 0), (side, 520)], beam, 18)
    canvas.rect(0, 0, 1200, 26, beam)
    pane = [(108, 120), (232, 120), (150, 262), (62, 262)]
    canvas.poly(pane, lighter(colors.linen, 0.4))
    canvas.poly([(120, 132), (214, 132), (142, 250), (80, 250)], hour.top)
    rug(canvas, colors, 600, 736, 840, 96, is_round=True)
    nightstand(canvas, colors, 250, dice)
    nightstand(canvas, colors, 950, dice)
    bed_front(canvas, colors, 600)
    plant(canvas, colors, 1110, 738, 0.8, dice.randrange(4))


def hostel(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """Bunks and a window."""
    shell(canvas, colors)
    window(canvas, colors, city, hour, dice, (720, 130, 300, 290), curtains=False)
    rug(canvas, colors, 840, 730, 520, 90, is_round=True)
    bunk(canvas, colors, 90, 520)
    armchair(canvas, colors, 850, 722, colors.accent, 0.85)
    floor_lamp(canvas, colors, 1040, 700, 380)
    plant(canvas, colors, 1130, 736, 0.8, dice.randrange(4))


# --- rooms to work in -------------------------------------------------------------------------------------


def meeting(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A meeting room with a screen."""
    shell(canvas, colors)
    window(canvas, colors, city, hour, dice, (90, 110, 300, 300), curtains=False)
    _screen(canvas, colors, 470, 120, 420, 240)
    _whiteboard(canvas, colors, 950, 150, 190, 200, dice)
    for x in (300, 450, 600, 750, 900):
        office_chair(canvas, colors, x, 470, color=colors.textile, is_front=False)
    meeting_table(canvas, colors, dice)
    for x in (380, 600, 820):
        office_chair(canvas, colors, x, 556, color=darker(colors.textile, 0.12), is_front=True)
    for x in (400, 600, 800):
        pendant(canvas, colors, x, 60, 86, shape=2)
    plant(canvas, colors, 1120, 720, 1.05, dice.randrange(4))


def boardroom(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A long table before a wall of glass."""
    shell(canvas, colors)
    tall_windows(canvas, colors, city, hour, dice)
    for x in (250, 390, 530, 670, 810, 950):
        office_chair(canvas, colors, x, 470, color=colors.accent, is_front=False)
    meeting_table(canvas, colors, dice, left=110, right=1090)
    for x in (310, 500, 690, 880):
        office_chair(canvas, colors, x, 556, color=darker(colors.accent, 0.15), is_front=True)
    for n, x in enumerate((340, 600, 860)):
        pendant(canvas, colors, x, 110 - 16 * (n % 2), 90, shape=1)
    plant(canvas, colors, 66, 724, 1.0, dice.randrange(4))


def huddle(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A small room for a few: armchairs around a low table."""
    shell(canvas, colors)
    _whiteboard(canvas, colors, 140, 130, 380, 240, dice)
    window(canvas, colors, city, hour, dice, (700, 110, 340, 300), panes=3, curtains=False)
    rug(canvas, colors, 600, 728, 860, 130, is_round=True)
    armchair(canvas, colors, 300, 712, colors.textile, 0.95)
    armchair(canvas, colors, 600, 690, colors.accent, 0.9)
    armchair(canvas, colors, 900, 712, colors.textile, 0.95)
    coffee_table(canvas, colors, 600, 784, 280)
    pendant(canvas, colors, 600, 120, 130, shape=dice.randrange(3))
    plant(canvas, colors, 1128, 720, 1.0, dice.randrange(4))


def library(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A study among books."""
    shell(canvas, colors)
    bookcase(canvas, colors, 30, dice, shelves=5, width=290)
    bookcase(canvas, colors, 880, dice, shelves=5, width=290)
    window(canvas, colors, city, hour, dice, (430, 100, 340, 300))
    for x in (460, 600, 740):
        office_chair(canvas, colors, x, 476, color=colors.textile, is_front=False)
    meeting_table(canvas, colors, dice, left=330, right=870)
    for x in (520, 680):
        stool(canvas, colors, x, 762)
    for x in (440, 760):
        table_lamp(canvas, colors, x, 574, 0.72)
    pendant(canvas, colors, 600, 50, 90, shape=0)


def consult(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """Two armchairs and a table: a talk between two people."""
    shell(canvas, colors)
    window(canvas, colors, city, hour, dice, (440, 110, 320, 300))
    bookcase(canvas, colors, 40, dice, shelves=4, width=230)
    art(canvas, colors, 910, 140, 180, 220, dice)
    rug(canvas, colors, 600, 734, 860, 120, is_round=True)
    armchair(canvas, colors, 410, 720, colors.textile, 1.05)
    armchair(canvas, colors, 790, 720, colors.accent, 1.05)
    coffee_table(canvas, colors, 600, 770, 190)
    floor_lamp(canvas, colors, 985, 700)
    plant(canvas, colors, 1120, 742, 1.1, dice.randrange(4))


def workshop(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A bench full of work in progress, shelves of finished pieces."""
    shell(canvas, colors)
    window(canvas, colors, city, hour, dice, (60, 120, 330, 290), panes=3, curtains=False)
    for y in (200, 330):
        shelf(canvas, colors, 480, y, 660, dice, things="pots")
    _tools(canvas, colors, 500, 360, dice)
    top = 570
    canvas.shade([(110, 690), (1090, 760)], 0.4)
    for x in (190, 980):
        canvas.rect(x, top + 20, 30, 160, darker(colors.wood, 0.22))
    canvas.rect(215, 690, 770, 14, darker(colors.wood, 0.15))
    canvas.poly(
        [(170, top - 26), (1030, top - 26), (1090, top + 6), (110, top + 6)], lighter(colors.wood, 0.18)
    )
    canvas.rect(110, top + 4, 980, 28, colors.wood, radius=4)
    for n in range(8):
        tone = dice.choice([colors.textile, colors.accent, colors.linen, colors.panel])
        pot(canvas, tone, 210 + n * 112, top - 8, dice.uniform(46, 78), dice.randrange(4))
    for x in (300, 520, 740, 940):
        stool(canvas, colors, x, 776)
    for x in (380, 620, 860):
        pendant(canvas, colors, x, 70, 92, shape=0)


def classroom(canvas: Canvas, colors: Palette, city: str, hour: Hour, dice: Random) -> None:
    """A board, stools and a wall of glass: a workshop of ideas."""
    shell(canvas, colors)
    _whiteboard(canvas, colors, 120, 110, 520, 300, dice)
    window(canvas, colors, city, hour, dice, (760, 110, 330, 300), panes=2, curtains=False)
    meeting_table(canvas, colors, dice, left=130, right=1070)
    for x in (240, 420, 600, 780, 960):
        stool(canvas, colors, x, 780)
    for x in (330, 600, 870):
        pendant(canvas, colors, x, 40, 92, shape=2)
    plant(canvas, colors, 1136, 716, 1.0, dice.randrange(4))


def _screen(canvas: Canvas, colors: Palette, x: float, y: float, width: float, height: float) -> None:
    canvas.rect(x - 8, y - 8, width + 16, height + 16, darker(colors.ink, 0.3), radius=10)
    canvas.gradient(
        x, y, width, height, mix(colors.panel, colors.ink, 0.2), mix(colors.panel, colors.ink, 0.5)
    )
    base = y + height - 40
    for n, share in enumerate((0.35, 0.5, 0.42, 0.68, 0.6, 0.86)):
        tone = colors.textile if n == 5 else lighter(colors.panel, 0.5)
        canvas.rect(x + 50 + n * 54, base - share * 130, 34, share * 130, tone, radius=3)
    canvas.rect(x + 50, base + 4, 324, 3, lighter(colors.panel, 0.6))
    canvas.rect(x + 50, y + 28, 150, 12, lighter(colors.panel, 0.75), radius=6)


def _whiteboard(
    canvas: Canvas, colors: Palette, x: float, y: float, width: float, height: float, dice: Random
) -> None:
    canvas.rect(x - 6, y - 6, width + 12, height + 12, lighter(colors.ink, 0.45), radius=5)
    canvas.rect(x, y, width, height, "#fbfbf8", radius=3)
    for n in range(4):
        length = width * dice.uniform(0.22, 0.4)
        canvas.rect(
            x + width * 0.07, y + height * (0.14 + 0.13 * n), length, 5, lighter(colors.ink, 0.4), radius=2
        )
    tones = [colors.textile, colors.accent, "#f4d35e", mix(colors.panel, "#ffffff", 0.4)]
    size = min(width, height) * 0.15
    for n in range(6):
        left, top = x + width * (0.55 + 0.14 * (n % 3)), y + height * (0.14 + 0.26 * (n // 3))
        canvas.rect(left, top, size, size, lighter(tones[dice.randrange(4)], 0.15))
    start = (x + width * 0.1, y + height * 0.86)
    canvas.line(
        [start, (x + width * 0.3, y + height * 0.76), (x + width * 0.46, y + height * 0.82)], colors.accent, 4
    )
    canvas.rect(x + width * 0.6, y + height + 2, width * 0.3, 7, lighter(colors.ink, 0.3), radius=3)


def _tools(canvas: Canvas, colors: Palette, x: float, y: float, dice: Random) -> None:
    canvas.rect(x - 20, y, 640, 6, darker(colors.wood, 0.1))
    for n in range(13):
        left, long = x + n * 48, dice.uniform(50, 96)
        canvas.rect(left, y + 6, 7, long, lighter(colors.wood, 0.15), radius=3)
        if n % 3 == 0:
            canvas.oval(left - 9, y + long - 8, 25, 36, colors.textile)
        elif n % 3 == 1:
            canvas.rect(left - 6, y + long - 4, 19, 30, lighter(colors.ink, 0.4), radius=4)
        else:
            canvas.poly(
                [(left - 5, y + long), (left + 12, y + long), (left + 3, y + long + 34)],
                lighter(colors.ink, 0.5),
            )


SCENES: dict[str, Scene] = {
    "bedroom": bedroom, "studio": studio, "suite": suite, "attic": attic, "hostel": hostel,
    "meeting": meeting, "boardroom": boardroom, "huddle": huddle, "library": library, "consult": consult,
    "workshop": workshop, "classroom": classroom,
    **SIGHTS,
}  # fmt: skip
