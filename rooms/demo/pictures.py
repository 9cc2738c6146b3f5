"""Draws the demo's photographs: plain functions of a scene's name, so that they run in other processes."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random

from rooms.demo.canvas import Canvas
from rooms.demo.palettes import HOURS, PALETTES
from rooms.demo.scenes import SCENES


@dataclass(frozen=True)
class Picture:
    """What to draw: the same picture always comes out the same."""

    name: str
    scene: str
    palette: str
    city: str
    hour: str


def draw(picture: Picture) -> bytes:
    """Return a picture as a JPEG of 1200 × 800."""
    canvas = Canvas()
    dice = Random(picture.name)  # noqa: S311 - a picture, not a secret
    SCENES[picture.scene](canvas, PALETTES[picture.palette], picture.city, HOURS[picture.hour], dice)
    return canvas.jpeg()


def draw_all(pictures: Iterable[Picture]) -> Iterator[tuple[Picture, bytes]]:
    """Draw many on all processors, in the order given."""
    pictures = list(pictures)
    if not pictures:
        return
    with ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        yield from zip(pictures, pool.map(draw, pictures, chunksize=4), strict=True)
