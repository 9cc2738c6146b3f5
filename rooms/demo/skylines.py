"""What is seen through the windows: each city's silhouette against an hour's sky."""

from collections.abc import Callable
from random import Random

from rooms.demo.canvas import Canvas, Color, Point, lighter, mix
from rooms.demo.palettes import Hour

LAMP = "#ffd98a"


def view(city: str, hour: Hour, width: float, height: float, dice: Random) -> Canvas:
    """Return a canvas of the sky with the city on its horizon."""
    canvas = Canvas(width, height, hour.bottom)
    canvas.gradient(0, 0, width, height, hour.top, hour.bottom)
    _sky(canvas, hour, dice)
    horizon = height * 0.86
    _roofs(canvas, hour, horizon - height * 0.12, height * 0.2, 0.1, dice)
    LANDMARKS.get(city, _towers)(canvas, hour, horizon, dice)
    _roofs(canvas, hour, horizon, height * 0.2, 0.75, dice)
    canvas.rect(0, height * 0.93, width, height * 0.07 + 2, hour.at(1))
    return canvas


def _sky(canvas: Canvas, hour: Hour, dice: Random) -> None:
    width, height = canvas.width, canvas.height
    if hour.is_dark:
        for _ in range(round(width / 14)):
            canvas.dot(
                dice.uniform(0, width),
                dice.uniform(0, height * 0.5),
                dice.uniform(0.6, 1.5),
                mix(hour.top, "#ffffff", 0.7),
            )
        x, y = width * dice.uniform(0.2, 0.8), height * 0.2
        canvas.dot(x, y, height * 0.055, "#fff4d6")
        canvas.dot(x + height * 0.025, y - height * 0.012, height * 0.048, mix(hour.top, hour.bottom, 0.2))
        return
    if hour.has_sun:
        canvas.dot(
            width * dice.uniform(0.15, 0.85),
            height * dice.uniform(0.25, 0.5),
            height * 0.075,
            lighter(hour.bottom, 0.65),
        )
    for _ in range(3):
        _cloud(
            canvas,
            dice.uniform(-0.1, 0.9) * width,
            dice.uniform(0.08, 0.4) * height,
            dice.uniform(0.5, 1) * height * 0.3,
            mix(hour.top, "#ffffff", 0.55),
        )


def _cloud(canvas: Canvas, x: float, y: float, length: float, color: Color) -> None:
    thick = length * 0.16
    canvas.rect(x, y, length, thick, color, radius=thick / 2)
    canvas.rect(x + length * 0.2, y - thick * 0.6, length * 0.5, thick, color, radius=thick / 2)


def _roofs(canvas: Canvas, hour: Hour, horizon: float, tallest: float, nearness: float, dice: Random) -> None:
    """A row of houses that reaches from the horizon to the bottom."""
    x, color = -10.0, hour.at(nearness)
    while x < canvas.width:
        width = dice.uniform(0.5, 1.1) * tallest * 0.7 + 8
        top = horizon - dice.uniform(0, tallest * 0.55)
        shape = dice.randrange(3)
        canvas.rect(x, top, width + 1, canvas.height - top, color)
        if shape == 0:
            canvas.poly(
                [(x - 1, top + 1), (x + width / 2, top - width * 0.35), (x + width + 1, top + 1)], color
            )
        elif shape == 1:
            canvas.rect(x + width * 0.65, top - width * 0.3, width * 0.16, width * 0.4, color)
        _lit_windows(canvas, hour, x, top, width, nearness, dice)
        x += width


def _lit_windows(
    canvas: Canvas, hour: Hour, x: float, top: float, width: float, nearness: float, dice: Random
) -> None:
    if nearness < 0.5:
        return
    pane = max(2.5, width * 0.09)
    color = LAMP if hour.is_dark else mix(hour.at(nearness), "#ffffff", 0.22)
    for row in range(2):
        for column in range(3):
            if dice.random() < (0.5 if hour.is_dark else 0.75):
                canvas.rect(
                    x + width * (0.17 + 0.27 * column),
                    top + width * (0.22 + 0.34 * row),
                    pane,
                    pane * 1.35,
                    color,
                )


# --- landmarks ------------------------------------------------------------------------------------------------


def _lisbon(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height, color = canvas.width, canvas.height, hour.at(0.35)
    canvas.oval(-width * 0.2, horizon - height * 0.3, width * 0.8, height * 0.7, hour.at(0.22))
    canvas.oval(width * 0.45, horizon - height * 0.38, width * 0.85, height * 0.8, color)
    top = horizon - height * 0.44
    canvas.rect(width * 0.72, top + height * 0.03, width * 0.28, height * 0.12, color)
    for n in range(7):
        canvas.rect(width * (0.72 + 0.042 * n), top, width * 0.022, height * 0.05, color)
    canvas.rect(width * 0.78, top - height * 0.08, width * 0.06, height * 0.2, color)
    for n in range(9):
        x, y = width * (0.02 + 0.065 * n), horizon - height * (0.12 + 0.05 * (n % 3))
        canvas.rect(x, y, width * 0.06, height * 0.3, mix(hour.at(0.3), "#ffffff", 0.18 * (n % 2)))
        canvas.poly(
            [(x - 3, y), (x + width * 0.03, y - height * 0.05), (x + width * 0.06 + 3, y)],
            mix(hour.at(0.45), "#c4543b", 0.45),
        )


def _san_francisco(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height = canvas.width, canvas.height
    canvas.oval(width * 0.5, horizon - height * 0.24, width * 0.9, height * 0.6, hour.at(0.2))
    bridge = mix(hour.at(0.4), "#c0452f", 0.55)
    deck = horizon - height * 0.12
    canvas.rect(0, horizon - height * 0.04, width, height * 0.14, mix(hour.bottom, hour.at(0.5), 0.35))
    towers = (width * 0.24, width * 0.66)
    for x in towers:
        for side in (-1, 1):
            canvas.rect(
                x + side * width * 0.013 - width * 0.006,
                deck - height * 0.38,
                width * 0.012,
                height * 0.5,
                bridge,
            )
        for rung in range(4):
            canvas.rect(
                x - width * 0.016, deck - height * (0.36 - 0.1 * rung), width * 0.032, height * 0.018, bridge
            )
    _cable(canvas, (-width * 0.1, deck), (towers[0], deck - height * 0.36), bridge, 0.25)
    _cable(canvas, (towers[0], deck - height * 0.36), (towers[1], deck - height * 0.36), bridge, 0.32, deck)
    _cable(canvas, (towers[1], deck - height * 0.36), (width * 1.05, deck), bridge, 0.25)
    canvas.rect(0, deck, width, height * 0.022, bridge)


def _cable(canvas: Canvas, start: Point, end: Point, color: Color, sag: float, deck: float = 0) -> None:
    points = []
    for n in range(25):
        share = n / 24
        drop = 4 * sag * share * (1 - share) * canvas.height
        points.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share + drop))
    canvas.line(points, color, 2.2)
    if deck:
        for x, y in points[1:-1]:
            canvas.line([(x, y), (x, deck)], color, 0.9)


def _dome(canvas: Canvas, x: float, base: float, radius: float, color: Color, tile: Color) -> None:
    top = base - radius * 2.3
    canvas.oval(x - radius, top, radius * 2, radius * 2.1, tile)
    canvas.poly(
        [
            (x - radius * 0.2, top + radius * 0.08),
            (x, top - radius * 0.45),
            (x + radius * 0.2, top + radius * 0.08),
        ],
        tile,
    )
    for n in (-2, -1, 1, 2):
        bulge = radius * 0.36 * abs(n)
        start, end = (90, 270) if n < 0 else (270, 90)
        canvas.arc(x - bulge, top, bulge * 2, radius * 2.1, start, end, lighter(tile, 0.16), 1)
    canvas.rect(x - radius * 0.88, base - radius * 0.95, radius * 1.76, radius * 1.2, color)
    canvas.rect(x - radius * 0.96, base - radius * 1.05, radius * 1.92, radius * 0.16, lighter(color, 0.15))


def _samarkand(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height = canvas.width, canvas.height
    color, tile = hour.at(0.4), mix(hour.at(0.35), "#1f8ea6", 0.6)
    canvas.poly(
        [
            (0, horizon),
            (width * 0.3, horizon - height * 0.2),
            (width * 0.6, horizon),
        ],
        hour.at(0.12),
    )
    canvas.poly(
        [(width * 0.4, horizon), (width * 0.78, horizon - height * 0.26), (width * 1.1, horizon)],
        hour.at(0.1),
    )
    for x in (0.16, 0.46, 0.84):
        canvas.poly(
            [
                (width * (x - 0.014), horizon),
                (width * (x - 0.009), horizon - height * 0.5),
                (width * (x + 0.009), horizon - height * 0.5),
                (width * (x + 0.014), horizon),
            ],
            color,
        )
        canvas.rect(width * (x - 0.015), horizon - height * 0.52, width * 0.03, height * 0.03, tile)
    gate = width * 0.3
    canvas.rect(gate - width * 0.075, horizon - height * 0.4, width * 0.15, height * 0.45, color)
    canvas.arch(gate - width * 0.045, horizon - height * 0.32, width * 0.09, height * 0.4, tile)
    canvas.arch(gate - width * 0.022, horizon - height * 0.2, width * 0.044, height * 0.3, color)
    _dome(canvas, width * 0.63, horizon + height * 0.04, height * 0.15, color, tile)
    _dome(canvas, width * 0.95, horizon + height * 0.06, height * 0.1, color, tile)


def _tashkent(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height, color = canvas.width, canvas.height, hour.at(0.36)
    x = width * 0.3
    canvas.poly(
        [
            (x - width * 0.035, horizon),
            (x - width * 0.006, horizon - height * 0.34),
            (x + width * 0.006, horizon - height * 0.34),
            (x + width * 0.035, horizon),
        ],
        color,
    )
    canvas.rect(x - width * 0.02, horizon - height * 0.4, width * 0.04, height * 0.05, color, radius=4)
    canvas.rect(x - width * 0.004, horizon - height * 0.66, width * 0.008, height * 0.3, color)
    _dome(canvas, width * 0.62, horizon + height * 0.03, height * 0.2, color, mix(color, "#2b93a0", 0.5))
    for n in range(4):
        left = width * (0.76 + 0.06 * n)
        canvas.rect(
            left, horizon - height * (0.22 + 0.09 * (n % 2)), width * 0.05, height * 0.4, hour.at(0.3)
        )
    for n in range(6):
        left = width * (0.03 + 0.032 * n)
        canvas.oval(
            left,
            horizon - height * (0.22 + 0.03 * (n % 2)),
            width * 0.026,
            height * 0.34,
            mix(hour.at(0.45), "#4c7a56", 0.5),
        )


def _vienna(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height, color = canvas.width, canvas.height, hour.at(0.38)
    _wheel(canvas, width * 0.2, horizon - height * 0.2, height * 0.2, hour.at(0.3))
    x = width * 0.55
    canvas.rect(x - width * 0.1, horizon - height * 0.2, width * 0.2, height * 0.3, color)
    canvas.poly(
        [
            (x - width * 0.11, horizon - height * 0.19),
            (x - width * 0.04, horizon - height * 0.38),
            (x + width * 0.04, horizon - height * 0.38),
            (x + width * 0.11, horizon - height * 0.19),
        ],
        mix(color, "#b08d57", 0.4),
    )
    canvas.rect(x + width * 0.07, horizon - height * 0.36, width * 0.045, height * 0.4, color)
    canvas.poly(
        [
            (x + width * 0.066, horizon - height * 0.35),
            (x + width * 0.0925, horizon - height * 0.74),
            (x + width * 0.119, horizon - height * 0.35),
        ],
        color,
    )
    _dome(canvas, width * 0.84, horizon + height * 0.04, height * 0.14, color, mix(color, "#5f9c8c", 0.6))
    for side in (-1, 1):
        left = width * 0.84 + side * height * 0.22 - width * 0.012
        canvas.rect(left, horizon - height * 0.24, width * 0.024, height * 0.3, color)
        canvas.oval(
            left - 1, horizon - height * 0.28, width * 0.024 + 2, height * 0.07, mix(color, "#5f9c8c", 0.6)
        )


def _wheel(canvas: Canvas, x: float, y: float, radius: float, color: Color) -> None:
    canvas.ring(x, y, radius, color, 3)
    canvas.ring(x, y, radius * 0.86, color, 1.2)
    for dx, dy in ((1, 0), (0.866, 0.5), (0.5, 0.866), (0, 1), (-0.5, 0.866), (-0.866, 0.5)):
        canvas.line([(x - dx * radius, y - dy * radius), (x + dx * radius, y + dy * radius)], color, 1)
        for side in (-1, 1):
            canvas.dot(x + side * dx * radius, y + side * dy * radius, radius * 0.075, color)
    for side in (-1, 1):
        canvas.line([(x, y), (x + side * radius * 0.45, y + radius * 1.3)], color, 3)


def _london(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height, color = canvas.width, canvas.height, hour.at(0.38)
    _wheel(canvas, width * 0.74, horizon - height * 0.22, height * 0.23, hour.at(0.32))
    x = width * 0.3
    canvas.rect(x - width * 0.025, horizon - height * 0.52, width * 0.05, height * 0.6, color)
    canvas.poly(
        [
            (x - width * 0.029, horizon - height * 0.51),
            (x, horizon - height * 0.68),
            (x + width * 0.029, horizon - height * 0.51),
        ],
        color,
    )
    canvas.dot(x, horizon - height * 0.44, width * 0.017, "#fff3d2" if hour.is_dark else lighter(color, 0.6))
    canvas.rect(x, horizon - height * 0.2, width * 0.25, height * 0.3, color)
    for n in range(6):
        left = x + width * (0.035 + 0.036 * n)
        canvas.poly(
            [
                (left, horizon - height * 0.19),
                (left + width * 0.009, horizon - height * 0.26),
                (left + width * 0.018, horizon - height * 0.19),
            ],
            color,
        )
    canvas.oval(width * 0.07, horizon - height * 0.5, width * 0.09, height * 0.9, hour.at(0.25))
    canvas.poly(
        [(width * 0.905, horizon), (width * 0.945, horizon - height * 0.66), (width * 0.985, horizon)],
        hour.at(0.22),
    )


def _berlin(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    width, height, color = canvas.width, canvas.height, hour.at(0.38)
    x = width * 0.62
    canvas.poly(
        [
            (x - width * 0.02, horizon),
            (x - width * 0.006, horizon - height * 0.46),
            (x + width * 0.006, horizon - height * 0.46),
            (x + width * 0.02, horizon),
        ],
        color,
    )
    canvas.dot(x, horizon - height * 0.48, height * 0.062, color)
    canvas.rect(
        x - height * 0.06,
        horizon - height * 0.487,
        height * 0.12,
        height * 0.014,
        LAMP if hour.is_dark else lighter(color, 0.4),
    )
    canvas.rect(x - width * 0.003, horizon - height * 0.76, width * 0.006, height * 0.24, color)
    left, top = width * 0.12, horizon - height * 0.3
    canvas.rect(left, top, width * 0.3, height * 0.06, color)
    canvas.rect(left + width * 0.1, top - height * 0.07, width * 0.1, height * 0.08, color)
    for n in range(6):
        canvas.rect(left + width * (0.005 + 0.0552 * n), top, width * 0.018, height * 0.4, color)
    for n in range(3):
        canvas.rect(
            width * (0.76 + 0.085 * n),
            horizon - height * (0.24 + 0.08 * (n % 2)),
            width * 0.07,
            height * 0.4,
            hour.at(0.28),
        )


def _towers(canvas: Canvas, hour: Hour, horizon: float, dice: Random) -> None:
    for n in range(9):
        top = horizon - canvas.height * dice.uniform(0.12, 0.45)
        canvas.rect(canvas.width * (0.02 + 0.11 * n), top, canvas.width * 0.08, canvas.height, hour.at(0.3))


LANDMARKS: dict[str, Callable[[Canvas, Hour, float, Random], None]] = {
    "Lisbon": _lisbon,
    "San Francisco": _san_francisco,
    "Samarkand": _samarkand,
    "Tashkent": _tashkent,
    "Vienna": _vienna,
    "London": _london,
    "Berlin": _berlin,
}
