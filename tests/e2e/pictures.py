"""Screenshots the browser tests take: the few of docs/screenshots where one is missing; all with SCREENSHOTS=1."""

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
SHOWN, REST = ROOT / "docs" / "screenshots", ROOT / ".local" / "screenshots"
# Kept in the repository; all others go to an ignored folder.
KEPT = frozenset(
    {
        "book-390",
        "booking-awaiting-1440",
        "booking-awaiting-390",
        "dispute-1440",
        "home-1440",
        "host-requests-1440",
        "host-requests-390",
        "money-1440",
        "payouts-1440",
        "room-1440",
        "room-390",
        "search-1440",
    }
)
FEW_BYTES, MOST_BYTES = 80_000, 300_000
COLORS = (256, 128, 64, 32)
# Those below the fold are loaded late, and a decoded one is painted at once.
ALL_PICTURES = """Promise.all(Array.from(document.images, image => {
    image.loading = "eager";
    return image.decode().catch(() => null);
}))"""


def take(page: Page, name: str, *, full: bool = False) -> None:
    """Keep what the page shows as `<name>-<width>.png`, below 300 kB; `full` takes what lies below the fold, too."""
    stem = f"{name}-{(page.viewport_size or {})['width']}"
    file = (SHOWN if stem in KEPT else REST) / f"{stem}.png"
    if not os.environ.get("SCREENSHOTS") and (stem not in KEPT or file.exists()):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
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
