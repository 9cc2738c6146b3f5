"""Uploaded pictures, from real bytes: what is kept of them, and what is refused before it is decoded."""

import io
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from core.files.pictures import LONGEST_SIDE, NO_PICTURE, cleaned

SECRET = b"secret place"


def written(size=(64, 48), kind="PNG", mode="RGB", **fields) -> bytes:
    data = io.BytesIO()
    Image.new(mode, size, 120).save(data, kind, **fields)
    return data.getvalue()


def keep(content: bytes) -> Image.Image:
    return Image.open(cleaned(SimpleUploadedFile("x.png", content)))


def refusal(content: bytes) -> str:
    with pytest.raises(ValidationError) as refused:
        cleaned(SimpleUploadedFile("x.png", content))
    return refused.value.messages[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_picture_of_each_kind_is_kept_as_a_jpeg(kind, mode):
    if kind == "JPEG" and mode in ("RGBA", "P"):
        mode = "CMYK"

    kept = keep(written(kind=kind, mode=mode if kind != "WEBP" or mode != "P" else "RGB"))

    assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (64, 48))


def with_metadata() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode(), zip=False)
    return {
        "exif": written(kind="JPEG", exif=exif),
        "comment": written(kind="JPEG", comment=SECRET),
        "png text": written(pnginfo=text),
        "png exif": written(exif=exif),
        "webp exif": written(kind="WEBP", exif=exif),
        "xmp": written(kind="WEBP", xmp=SECRET),
        "profile": written(kind="JPEG", icc_profile=SECRET * 20),
        "appended": written(kind="JPEG") + SECRET,
    }


@pytest.mark.parametrize("where", list(with_metadata()))
def test_what_a_file_says_beside_its_pixels_is_removed(where):
    content = with_metadata()[where]
    assert SECRET in content

    kept = cleaned(SimpleUploadedFile("x.png", content)).read()

    assert SECRET not in kept
    assert dict(Image.open(io.BytesIO(kept)).getexif()) == {}


def test_picture_lying_on_its_side_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6

    assert keep(written((60, 40), "JPEG", exif=exif)).size == (40, 60)


def test_cameras_picture_of_24_million_pixels_is_kept_smaller():
    assert keep(written((6000, 4000), "JPEG", mode="L")).size == (LONGEST_SIDE, 1600)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (written((4001, 3000), mode="L"), "The picture has more than 12 million pixels. Make it smaller."),
        (written((4001, 3000), "WEBP"), "The picture has more than 12 million pixels. Make it smaller."),
        (
            written((4001, 3000), "JPEG", mode="L", progressive=True),
            "The picture has more than 12 million pixels. Make it smaller.",
        ),
        (written((7100, 7050), "JPEG", mode="L"), "The picture has more than 50 million pixels. Make it smaller."),
        (b"", NO_PICTURE),
        (written(kind="GIF", mode="P"), NO_PICTURE),
        (written(kind="BMP"), NO_PICTURE),
        (written(kind="TIFF"), NO_PICTURE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NO_PICTURE),
        (b"%!PS-Adobe-3.0 EPSF-3.0", NO_PICTURE),
        (written((640, 480))[:-40], NO_PICTURE),
        (written((640, 480), "JPEG")[:300], NO_PICTURE),
    ],
    ids=["png", "webp", "progressive", "jpeg", "empty", "gif", "bmp", "tiff", "svg", "eps", "cut png", "cut jpeg"],
)  # fmt: skip
def test_picture_that_is_too_much_or_none_is_refused(content, message):
    assert refusal(content) == message


def bomb(side: int) -> bytes:
    """Return a PNG of a few bytes that says it has `side` times `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    header = side.to_bytes(4) + side.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    data = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("side", "message"),
    [
        (7_000, "The picture has more than 12 million pixels. Make it smaller."),
        (20_000, NO_PICTURE),
        (2**31 - 1, NO_PICTURE),
    ],
)
def test_bomb_is_refused_by_its_header_alone(side, message):
    content = bomb(side)

    assert len(content) < 2_000
    assert refusal(content) == message
