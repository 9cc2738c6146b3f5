"""Style sheets joined into one: what is in it, when it is joined again, and that pages ask for it alone."""

import os

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from core.web import bundles

SHEETS = ("base", "layout", "components", "forms", "rooms", "calendar", "bookings")


@pytest.fixture
def static_root(settings, tmp_path):
    """A site of two sheets."""
    settings.BASE_DIR, settings.BUNDLE_ROOT = tmp_path, tmp_path / "bundles"
    settings.STATIC_BUNDLES = {"css/all.css": ["one.css", "two.css"]}
    folder = tmp_path / "static" / "css"
    folder.mkdir(parents=True)
    (folder / "one.css").write_text("@layer a, b;\na { color: red }", encoding="utf-8")
    (folder / "two.css").write_text("b { background: url('../img/é.svg') }", encoding="utf-8")
    return folder


def test_parts_are_joined_in_order(static_root):
    assert bundles.join("css/all.css").read_text(encoding="utf-8") == (
        "@layer a, b;\na { color: red }\nb { background: url('../img/é.svg') }"
    )


def test_bundle_is_joined_again_once_a_part_is_newer_and_only_then(static_root):
    joined = bundles.join("css/all.css")
    before = joined.stat().st_mtime_ns

    assert bundles.join("css/all.css").stat().st_mtime_ns == before
    (static_root / "two.css").write_text("b { color: blue }", encoding="utf-8")
    os.utime(static_root / "two.css", ns=(before + 1_000_000_000,) * 2)

    assert bundles.join("css/all.css").read_text(encoding="utf-8").endswith("b { color: blue }")
    assert [path.name for path in joined.parent.iterdir()] == ["all.css"]


def test_bundle_whose_part_is_missing_fails_instead_of_leaving_it_out(static_root):
    (static_root / "two.css").unlink()

    with pytest.raises(FileNotFoundError):
        bundles.join("css/all.css")


def test_finder_gives_the_bundle_to_pages_and_to_collectstatic():
    (found,) = finders.find("css/site.css", find_all=True)

    with open(found, encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("/* Order of the layers for all files;")
    assert finders.find("css/elsewhere.css") is None
    collected = [path for finder in finders.get_finders() for path, _storage in finder.list([])]
    assert collected.count("css/site.css") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/rooms/", "/nowhere/"])
def test_guest_page_has_one_style_sheet(path):
    page = Client().get(path).content.decode()

    assert page.count('rel="stylesheet"') == 1
    assert "css/site.css" in page
    assert [name for name in SHEETS if f"css/{name}.css" in page] == []
