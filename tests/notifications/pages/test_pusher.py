"""Who is let into which Pusher channel."""

import hashlib
import hmac
import json

import pytest
from django.test import Client
from django.urls import reverse

from tests.support import factories

URL = "/pusher/auth"
SOCKET = "123.456"


def ask(client, channel: str, socket_id: str = SOCKET):
    return client.post(URL, {"channel_name": channel, "socket_id": socket_id})


def with_secret(client, booking, secret: str) -> None:
    session = client.session
    session["booking_secrets"] = {booking.reference: secret}
    session.save()


@pytest.fixture
def booking(db):
    return factories.booking()


@pytest.fixture
def host(booking):
    return factories.host(venue=booking.venue)


def channels(booking) -> tuple[str, str]:
    return f"private-venue-{booking.venue.slug}", f"private-booking-{booking.reference}"


def test_address_has_no_slash_at_its_end():
    assert reverse("notifications:pusher_auth") == URL


def test_host_is_let_into_venue_and_booking(client, booking, host, settings):
    client.force_login(host)

    for channel in channels(booking):
        response = ask(client, channel)
        signed = hmac.new(settings.PUSHER_SECRET.encode(), f"{SOCKET}:{channel}".encode(), hashlib.sha256)
        assert response.status_code == 200
        assert json.loads(response.content) == {"auth": f"{settings.PUSHER_KEY}:{signed.hexdigest()}"}
        assert "no-store" in response["Cache-Control"]


def test_staff_are_let_into_all(client, booking):
    client.force_login(factories.staff())

    assert [ask(client, channel).status_code for channel in channels(booking)] == [200, 200]


@pytest.mark.django_db
def test_guest_with_account_is_let_into_the_own_booking_alone(client):
    guest = factories.user()
    own, other = factories.booking(user=guest), factories.booking()
    client.force_login(guest)

    assert ask(client, f"private-booking-{own.reference}").status_code == 200
    assert ask(client, f"private-venue-{own.venue.slug}").status_code == 403
    assert ask(client, f"private-booking-{other.reference}").status_code == 403


def test_guest_with_the_secret_link_is_let_in_until_it_is_withdrawn(client, booking):
    with_secret(client, booking, booking.secret)
    channel = f"private-booking-{booking.reference}"
    assert ask(client, channel).status_code == 200

    booking.link_version += 1
    booking.save()

    assert ask(client, channel).status_code == 403


@pytest.mark.parametrize("secret", ["", "0" * 32, "wröng", "x" * 5000])
def test_wrong_secret_is_forbidden(client, booking, secret):
    with_secret(client, booking, secret)

    assert ask(client, f"private-booking-{booking.reference}").status_code == 403


def test_strangers_and_other_hosts_are_forbidden(client, booking):
    assert [ask(client, channel).status_code for channel in channels(booking)] == [403, 403]

    client.force_login(factories.host(venue=factories.venue()))

    assert [ask(client, channel).status_code for channel in channels(booking)] == [403, 403]


def test_member_who_left_is_forbidden(client, booking, host):
    factories.host(venue=booking.venue)
    client.force_login(host)
    host.memberships.all().delete()

    assert [ask(client, channel).status_code for channel in channels(booking)] == [403, 403]


@pytest.mark.parametrize(
    "socket_id",
    [
        "",
        "123",
        "123.456\n",
        "123.456:private-venue-other",
        "1.2.3",
        "a.b",
        "١.٢",
        " 1.2",
        "1.2 ",
        "1" * 40 + ".1",
    ],
)
def test_malformed_socket_id_is_forbidden(client, booking, host, socket_id):
    client.force_login(host)

    assert ask(client, channels(booking)[0], socket_id).status_code == 403


@pytest.mark.parametrize(
    "shape", ["{}", "presence-venue-{}", "private-venue-{}:1", "private-venue-{}\n", "private-encrypted-venue-{}",
              "private-venue-{},private-venue-other", "PRIVATE-VENUE-{}", "private-venue-", "private-booking-", ""],
)  # fmt: skip
def test_channel_of_another_shape_is_forbidden(client, booking, host, shape):
    client.force_login(host)

    assert ask(client, shape.format(booking.venue.slug)).status_code == 403


def test_answer_without_pusher_is_forbidden(client, booking, host, settings):
    settings.PUSHER_SECRET = ""
    client.force_login(host)

    assert ask(client, channels(booking)[0]).status_code == 403


def test_get_is_not_allowed(client):
    assert client.get(URL).status_code == 405


def test_post_from_elsewhere_is_stopped(booking, host):
    client = Client(enforce_csrf_checks=True)
    client.force_login(host)

    assert ask(client, channels(booking)[0]).status_code == 403
    token = "a" * 32
    client.cookies["csrftoken"] = token
    body = {"channel_name": channels(booking)[0], "socket_id": SOCKET}
    assert client.post(URL, body, headers={"X-CSRFToken": token}).status_code == 200
