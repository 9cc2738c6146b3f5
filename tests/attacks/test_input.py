"""Anything in any field, and what logs may hold; numbers are the rows of docs/reliability/attacks.md."""

import json
import logging

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking
from bookings.states import Status
from core.security.logs import configure
from rooms.models import Room
from tests.api.callers import Api, as_guest_of, as_user, booking_in, choice, logged_in
from tests.support import factories
from tests.support.attacks import SCRIPT, book_url, filled_in
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db

MEGABYTE = "x" * 1_000_000


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def room(db) -> Room:
    return factories.room()


@pytest.fixture
def host(room) -> User:
    return factories.host(venue=room.venue)


# --- 42-44: anything in any field -----------------------------------------------------------------------------

POISON = [
    "' OR 1=1 --", '"; DROP TABLE bookings_booking; --', "a\0b", "%s %(x)s {0} {{7*7}} \\", "\u202e\u2066", "名前 ☃️",
    SCRIPT, "\r\nSet-Cookie: x=1", "x" * 5000, "guest_email__startswith", "[]", "-1", "99999999999999999999", "1e400",
    "٣",
]  # fmt: skip
PARAMETERS = (
    "q city kind check_in check_out day start_time end_time start end guests price_max amenities sort page month date "
    "session party_size tab next order_by id__in guest_email__startswith"
).split()
API_PARAMETERS = "q city kind check_in start guests price_max_minor amenities sort page order_by".split()


@pytest.mark.parametrize("poison", POISON)
def test_attack_42_poison_in_every_parameter_is_no_fault(client, room, poison):
    client.force_login(factories.user())
    query = dict.fromkeys(PARAMETERS, poison)
    where = [room.venue.slug, room.slug]
    pages = [
        reverse(name, args=where)
        for name in ("rooms:detail", "rooms:calendar", "rooms:slots", "rooms:quote", "bookings:book")
    ]

    for url in [*pages, reverse("rooms:search"), reverse("rooms:home"), reverse("bookings:list")]:
        answer = client.get(url, query)
        assert answer.status_code < 500, url
        assert "Set-Cookie: x=1" not in str(answer.headers), url
        if answer.status_code == 200:
            assert SCRIPT not in answer.content.decode(), url
    for parameter in API_PARAMETERS:
        assert client.get("/api/v1/rooms", {parameter: poison}).status_code in (200, 422), parameter


@pytest.mark.parametrize("poison", [*POISON, MEGABYTE])
def test_attack_42_poison_in_every_form_field_is_no_fault(client, room, poison):
    fields = filled_in(room)

    for name in fields:
        answer = client.post(book_url(room), {**fields, name: poison})
        assert answer.status_code in (302, 307, 400, 409, 413, 422), name
        assert SCRIPT not in answer.content.decode(), name


@pytest.mark.parametrize("poison", [*POISON, MEGABYTE])
@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_attack_42_poison_in_account_forms_is_no_fault(client, name, poison):
    fields = ("login", "email", "name", "phone", "password", "password1", "password2", "next", "remember")

    answer = client.post(reverse(name), dict.fromkeys(fields, poison))

    assert answer.status_code in (200, 302, 400, 413, 422, 429)
    assert SCRIPT not in answer.content.decode()


def test_attack_42_script_in_a_name_is_text_on_every_page(client, room, host):
    client.post(book_url(room), filled_in(room, name=SCRIPT, message=SCRIPT))
    booking = Booking.objects.get()

    pages = [client.get(booking.get_absolute_url()), logged_in(host).client.get(reverse("admin:index"))]
    pages += [logged_in(host).client.get(reverse("admin:bookings_booking_changelist"))]

    assert booking.guest_name == SCRIPT
    for page in pages:
        assert page.status_code == 200
        assert SCRIPT not in page.content.decode()


def test_attack_43_parameters_twice_and_methods_in_disguise_change_nothing(client, room, host):
    booking = booking_in(Status.PENDING_APPROVAL, room, host)
    client.force_login(host)

    assert client.get("/rooms/?guests=1&guests=2&kind=hotel&kind=expert").status_code == 200
    for headers in ({"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "DELETE"}):
        url = f"/api/v1/bookings/{booking.reference}/approve"
        assert client.get(url, {"_method": "POST"}, headers=headers).status_code == 405
    for path in (
        f"/bookings/{booking.reference}./",
        f"/bookings/{booking.reference}%2f",
        "/rooms/%252e%252e/x/",
    ):
        assert client.get(path).status_code in (301, 404)
    booking.refresh_from_db()
    assert booking.version == 2


def test_attack_44_rooms_cannot_be_hoarded_by_one_guest(room, settings):
    settings.HOLDS_PER_NETWORK = 5
    guest = {"name": "Eve", "email": "eve@example.org"}
    answers = [Api().post("bookings", choice(room, days_ahead=10 + 3 * n, guest=guest)) for n in range(7)]

    assert [answer.status_code for answer in answers] == [201] * 5 + [409] * 2
    assert answers[-1].json()["code"] == "too_many_holds"
    assert Booking.objects.count() == 5


def test_attack_44_form_and_api_share_the_rule(client, room, settings):
    settings.HOLDS_PER_NETWORK = 5
    guest = {"name": "Eve", "email": "eve@example.org"}
    for n in range(5):
        Api().post("bookings", choice(room, days_ahead=20 + 3 * n, guest=guest))

    answer = client.post(book_url(room), filled_in(room, email="other@example.org"))

    assert answer.status_code == 409
    assert Booking.objects.count() == 5


# --- 45, 46: what logs may hold -------------------------------------------------------------------------------


def test_attack_45_no_secret_of_a_booking_reaches_the_log(capfd, caplog, room, host):
    caplog.set_level(logging.DEBUG)
    root = logging.getLogger()
    before = root.handlers, root.level
    configure("json", "DEBUG")
    try:
        _make_noise(room, host)
        booking = Booking.objects.latest("pk")
    finally:
        root.handlers, root.level = before[0], before[1]

    written = capfd.readouterr().err
    assert booking.reference in written
    for secret in (booking.secret, "4242424242424242", "rh_", PASSWORD, "very private words"):
        assert secret not in written, secret


def _make_noise(room, host) -> None:
    """Do what is logged, the refused things too, with secrets in every place."""
    guest = {"name": "4242424242424242", "email": "ada@example.org"}
    Api().post("bookings", choice(room, guest=guest, message="very private words 4242 4242 4242 4242"))
    booking = Booking.objects.latest("pk")
    as_guest_of(booking).get(f"bookings/{booking.reference}/nothing")
    as_user(host).post(f"bookings/{booking.reference}/approve")
    Client().get(f"{booking.secret_path}more")
    Booking.objects.filter(pk=booking.pk).update(link_version=2)
    Client().get(booking.secret_path)
    Booking.objects.filter(pk=booking.pk).update(link_version=1)
    Client().post(reverse("account_login"), {"login": host.email, "password": PASSWORD + "x"})


def test_attack_46_newlines_and_colors_in_an_address_forge_no_line(capfd):
    root = logging.getLogger()
    before = root.handlers, root.level
    configure("json")
    try:
        forged = '%0a{"event": "forged"}%1b[31m'
        Client().get(f"/rooms/{forged}/")
        Client().get("/", headers={"X-Request-Id": 'abc\n{"event": "forged"}', "User-Agent": "x\n{}"})
    finally:
        root.handlers, root.level = before[0], before[1]

    lines = capfd.readouterr().err.splitlines()
    assert all(json.loads(line)["event"] != "forged" for line in lines)
    assert not any("\x1b" in line for line in lines)
