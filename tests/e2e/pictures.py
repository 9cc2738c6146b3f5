"""Screenshots for docs/screenshots: taken by the browser tests where one is missing, or all with SCREENSHOTS=1."""

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "screenshots"
FEW_BYTES, MOST_BYTES = 80_000, 300_000
COLORS = (256, 128, 64, 32)
# Those below the fold are loaded late, and a decoded one is painted at once.
ALL_PICTURES = """Promise.all(Array.from(document.images, image => {
    image.loading = "eager";
    return image.decode().catch(() => null);
}))"""


def take(page: Page, name: str, *, full: bool = False) -> None:
    """Keep what the page shows as `<name>-<width>.png`, below 300 kB; `full` takes what lies below the fold, too."""
    file = FOLDER / f"{name}-{(page.viewport_size or {})['width']}.png"
    if file.exists() and not os.environ.get("SCREENSHOTS"):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.evaluate(ALL_PICTURES)
    file.write_bytes(_small(page.screenshot(full_page=full, animations="disabled")))


def _small(png: bytes) -> bytes:
    if len(png) < FEW_BYTES:
        return png
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colors in COLORS:
        out = io.BytesIO()
        picture.quantize(colors, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()
