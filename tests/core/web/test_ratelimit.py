import datetime as dt

import pytest
import time_machine
from django.core.cache import cache
from django.test import RequestFactory

from core.web.ratelimit import client_ip, hit

NOON = dt.datetime(2027, 3, 1, 12, 0, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


def test_hit_beyond_the_limit_says_how_long_to_wait():
    with time_machine.travel(NOON, tick=False):
        waits = [hit("test", "ada", limit=2, seconds=60) for _ in range(4)]

    assert waits == [0, 0, 50, 50]


def test_hit_in_the_next_window_is_allowed_again():
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            hit("test", "ada", limit=1, seconds=60)
        clock.shift(dt.timedelta(seconds=50))

        assert hit("test", "ada", limit=1, seconds=60) == 0


@pytest.mark.usefixtures("one_moment")
def test_hit_counts_each_scope_and_person_apart():
    hit("test", "ada", limit=1, seconds=60)

    assert hit("test", "eve", limit=1, seconds=60) == 0
    assert hit("other", "ada", limit=1, seconds=60) == 0
    assert hit("test", "ada", limit=1, seconds=60) > 0


def test_hit_with_limit_zero_counts_nothing():
    assert {hit("test", "ada", limit=0, seconds=60) for _ in range(5)} == {0}


def test_hit_without_redis_lets_everything_through(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}

    assert {hit("test", "ada", limit=1, seconds=60) for _ in range(3)} == {0}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "expected"),
    [
        (0, "", "203.0.113.9", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1", "203.0.113.9", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "203.0.113.9", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "203.0.113.9", "198.51.100.1"),
        (2, "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        (1, "", "203.0.113.9", "203.0.113.9"),
        (1, "nonsense", "203.0.113.9", "nonsense"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (0, "", "2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        (0, "", "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_client_ip_is_the_peer_no_proxy_of_ours_vouches_for(settings, proxies, forwarded, peer, expected):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)

    assert client_ip(request) == expected
