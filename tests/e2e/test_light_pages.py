"""What a phone loads: the small pictures, one style sheet, and few bytes."""

import io

import pytest
from django.core.files.base import ContentFile
from PIL import Image
from playwright.sync_api import Page

from rooms.models import RoomPhoto
from tests.e2e.people import PHONE
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)

# Of one page at 390 px with six photos, uncompressed as development sends it.
MOST_BYTES = 400_000
PICTURES = "Array.from(document.images, image => image.currentSrc)"


@pytest.fixture
def site(live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return live_server.url


def noisy(width: int, height: int) -> ContentFile:
    """A JPEG as heavy as a photograph: what is plain compresses to nothing."""
    data = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(data, "JPEG", quality=80)
    return ContentFile(data.getvalue(), name="photo.jpg")


def furnish(photos: int = 6) -> str:
    """Return the address of a room with photos."""
    room = factories.room(name="Canal view")
    for position in range(photos):
        RoomPhoto.objects.create(room=room, image=noisy(1200, 800), alt="A room", position=position)
    return f"/rooms/{room.path}/"


def load(page: Page, url: str) -> dict[str, int]:
    """Open a page; return how many bytes each of its files has."""
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}) if answer.ok else None)
    page.goto(url, wait_until="networkidle")
    return sizes


@pytest.mark.parametrize("at", ["/", "/rooms/", "room"])
def test_phone_loads_small_pictures_one_sheet_and_few_bytes(new_context, site, at):
    room = furnish()
    page = new_context(**{**PHONE, "device_scale_factor": 1}).new_page()

    sizes = load(page, f"{site}{room if at == 'room' else at}")

    pictures = [url for url in page.evaluate(PICTURES) if "/media/" in url]
    assert pictures
    assert {url[-9:] for url in pictures} == {"-480.webp"}
    assert [url for url in sizes if url.endswith((".jpg", ".jpeg"))] == []
    assert len([url for url in sizes if url.split("?")[0].endswith(".css")]) == 1
    assert sum(sizes.values()) < MOST_BYTES


def test_dense_phone_loads_the_next_width(new_context, site):
    room = furnish(photos=1)
    page = new_context(**{**PHONE, "device_scale_factor": 2}).new_page()

    load(page, f"{site}{room}")

    assert [url[-9:] for url in page.evaluate(PICTURES) if "/media/" in url] == ["-960.webp"]
