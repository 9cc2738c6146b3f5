"""Wrong passwords of strangers hold strangers up, never the owner of the account."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.sign_in import login_limits
from tests.support import factories
from tests.support.pages import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_moment")]

TOO_MANY = "Too many failed login attempts. Try again later."


@pytest.fixture(autouse=True)
def _surroundings():
    cache.clear()


@pytest.fixture
def owner():
    return factories.user(email="owner@example.org")


def sign_in(address: str, password: str = factories.PASSWORD, login: str = "owner@example.org"):
    client = Client(REMOTE_ADDR=address)
    return client.post(reverse("account_login"), {"login": login, "password": password})


def test_wrong_passwords_from_one_network_leave_the_owner_in_another_alone(owner):
    pages = [text(sign_in("203.0.113.9", "wrong")) for _ in range(6)]
    right_from_there = sign_in("203.0.113.9")
    right_from_home = sign_in("198.51.100.7")

    assert TOO_MANY not in pages[4]
    assert TOO_MANY in pages[5]
    assert TOO_MANY in text(right_from_there)
    assert right_from_home.status_code == 302


@pytest.mark.parametrize("spelled", ["owner@example.org", "OWNER@example.org", " owner@example.org "])
def test_wrong_passwords_count_however_the_address_is_written(owner, spelled):
    for _ in range(5):
        sign_in("203.0.113.9", "wrong", spelled)

    assert TOO_MANY in text(sign_in("203.0.113.9"))


def test_addresses_of_one_long_network_are_one(owner):
    for n in range(5):
        sign_in(f"2001:db8:1:2::{n + 1}", "wrong")

    assert TOO_MANY in text(sign_in("2001:db8:1:2:ffff::1"))
    assert sign_in("2001:db8:1:3::1").status_code == 302


def test_guessing_from_many_networks_is_held_up_but_not_where_the_owner_signs_in(owner):
    sign_in("198.51.100.7")
    for n in range(login_limits.FAILURES + 1):
        sign_in(f"10.1.{n // 250}.{n % 250}", "wrong")

    assert TOO_MANY in text(sign_in("10.9.9.9"))
    assert sign_in("198.51.100.7").status_code == 302


def test_account_nobody_has_is_held_up_alike(db):
    for _ in range(5):
        sign_in("203.0.113.9", "wrong", "nobody@example.org")

    assert TOO_MANY in text(sign_in("203.0.113.9", "wrong", "nobody@example.org"))
