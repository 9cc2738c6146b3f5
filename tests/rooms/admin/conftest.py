"""A hotel with one room, and its manager at work in the admin."""

import pytest

from tests.support import factories
from tests.support.admin_pages import logged_in


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def venue():
    return factories.venue(name="Canal Hotel", currency="EUR")


@pytest.fixture
def room(venue):
    made = factories.room(venue=venue, name="Canal view", price_minor=12_345)
    factories.photo(room=made)
    return made


@pytest.fixture
def client(venue):
    return logged_in(factories.host(venue=venue, role="manager"))
