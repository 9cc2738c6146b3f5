"""Smaller pictures of photos: drawn on upload and by the nightly task, told to browsers, never asked of the store."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.template import Context, Template
from PIL import Image

from core.files import renditions
from rooms.models import RoomPhoto
from rooms.photos import draw_missing
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def jpeg(width: int, height: int, mode: str = "RGB") -> ContentFile:
    data = io.BytesIO()
    Image.new(mode, (width, height)).save(data, "JPEG")
    return ContentFile(data.getvalue(), name="photo.jpg")


def photo(width: int, height: int, **fields) -> RoomPhoto:
    return RoomPhoto.objects.create(room=factories.room(), image=jpeg(width, height, **fields), alt="A room")


def stored(name: str) -> tuple[str, tuple[int, int]]:
    with default_storage.open(name) as file, Image.open(file) as picture:
        return picture.format, picture.size


@pytest.mark.parametrize(
    ("size", "widths"),
    [((480, 320), []), ((481, 320), [480]), ((1200, 800), [480, 960]), ((2400, 1600), [480, 960, 1440])],
)
def test_uploaded_photo_has_the_renditions_that_are_smaller_than_itself(size, widths):
    made = photo(*size)

    assert made.renditions == widths
    assert RoomPhoto.objects.get().renditions == widths
    for width in widths:
        name = renditions.name_of(made.image.name, width)
        assert stored(name) == ("WEBP", (width, round(size[1] * width / size[0])))


def test_photo_upright_keeps_its_shape():
    made = photo(1000, 2000)

    assert stored(renditions.name_of(made.image.name, 480)) == ("WEBP", (480, 960))


def test_photo_in_shades_of_gray_has_renditions_too():
    assert photo(600, 400, mode="L").renditions == [480]


def test_photo_saved_again_draws_nothing_and_another_picture_does():
    made = photo(1200, 800)
    before = set(default_storage.listdir("rooms")[1])

    made.alt = "Another word"
    made.save()
    assert set(default_storage.listdir("rooms")[1]) == before
    made.image = jpeg(600, 400)
    made.save()

    assert RoomPhoto.objects.get().renditions == [480]


def test_browser_is_told_every_width_and_the_photo_itself():
    made = photo(1200, 800)
    stem = made.image.url.removesuffix(".jpg")

    assert made.srcset == f"{stem}-480.webp 480w, {stem}-960.webp 960w, {made.image.url} 1200w"


def test_img_of_a_photo_without_renditions_is_plain():
    made = photo(100, 50)
    page = Template('{% load rooms %}{% picture photo "card" alt=photo.alt %}').render(
        Context({"photo": made})
    )

    assert page == (
        f'<img src="{made.image.url}" alt="A room" width="100" height="50" loading="lazy" decoding="async">'
    )


def test_img_of_a_photo_says_how_wide_it_stands_and_escapes_what_hosts_write():
    made = photo(1200, 800)
    made.alt = '"><script>'
    template = Template('{% load rooms %}{% picture photo "gallery" alt=photo.alt is_first=True %}')

    page = template.render(Context({"photo": made}))

    assert f'srcset="{made.srcset}" sizes="(min-width: 48rem) 37rem, 100vw"' in page
    assert 'fetchpriority="high"' in page
    assert 'loading="lazy"' not in page
    assert "<script>" not in page


# --- what came without ----------------------------------------------------------------------------------------


def test_photos_without_renditions_get_them_and_small_and_lost_ones_stay_as_they_are():
    old, small, lost = photo(1200, 800), photo(100, 80), photo(700, 500)
    RoomPhoto.objects.update(renditions=[])
    default_storage.delete(lost.image.name)
    for width in (480, 960):
        default_storage.delete(renditions.name_of(old.image.name, width))

    assert [draw_missing(), draw_missing()] == [1, 0]

    kept = dict(RoomPhoto.objects.values_list("pk", "renditions"))
    assert kept == {old.pk: [480, 960], small.pk: [], lost.pk: []}
    assert stored(renditions.name_of(old.image.name, 960)) == ("WEBP", (960, 640))


def test_lists_ask_the_store_for_nothing(client, monkeypatch):
    made = photo(1200, 800)
    asked: list[str] = []
    monkeypatch.setattr(storages["default"].__class__, "exists", lambda _self, name: asked.append(name))

    page = client.get(f"/rooms/{made.room.path}/").content.decode()

    assert f"{made.image.url.removesuffix('.jpg')}-480.webp 480w" in page
    assert [name for name in asked if name.startswith("rooms/")] == []
