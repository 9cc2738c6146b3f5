"""A room, its host, and who calls the API about it."""

import pytest
from django.core.cache import cache

from accounts.models import User
from rooms.models import Room
from tests.api.callers import Api, as_user
from tests.support import factories


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """Rate limits are counted in Redis, which no test rolls back."""
    cache.clear()


@pytest.fixture
def api() -> Api:
    """Nobody in particular."""
    return Api()


@pytest.fixture
def room(db) -> Room:
    return factories.room()


@pytest.fixture
def host(room) -> User:
    return factories.host(venue=room.venue)


@pytest.fixture
def as_host(host) -> Api:
    return as_user(host)


@pytest.fixture
def as_staff(db) -> Api:
    return as_user(factories.staff())


@pytest.fixture
def as_other_host(db) -> Api:
    return as_user(factories.host(venue=factories.venue()))
