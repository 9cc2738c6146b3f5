"""A hotel, its host at the desk, and a request."""

import pytest

from tests.support import factories
from tests.support.admin_pages import logged_in
from tests.support.admin_world import request_of


@pytest.fixture
def venue():
    return factories.venue(name="Canal Hotel", currency="USD", time_zone="Europe/Paris")


@pytest.fixture
def room(venue):
    return factories.room(venue=venue, name="Canal view", price_minor=21_000)


@pytest.fixture
def host(venue):
    return factories.host(venue=venue, name="Mara Host")


@pytest.fixture
def client(host):
    return logged_in(host)


@pytest.fixture
def request_(room):
    return request_of(
        room, guest=factories.guest_details(name="Elin Guest", email="elin@example.org"), party_size=2
    )
