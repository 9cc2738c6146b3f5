"""A visitor's third booking that nobody has proved: a code is mailed and asked for, on the page and over the API."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from bookings.lifecycle import services as bookings
from bookings.limits import proof
from bookings.limits import services as limits
from bookings.limits.proof import ProofNeeded
from bookings.limits.services import Asker
from bookings.models import Booking
from core import clock
from tests.api.callers import Api, choice, logged_in
from tests.support import factories
from tests.support.attacks import book_url, filled_in
from tests.support.races import race

pytestmark = pytest.mark.django_db

ADDRESS = "ada@example.org"
CODE = re.compile(r"go on: (\d{8})")
STRANGER = Asker("", "203.0.113.9")


@pytest.fixture(autouse=True)
def nothing_counted(settings) -> None:
    settings.UNPROVED_HOLDS, settings.HOLDS_PER_NETWORK = 2, 15
    cache.clear()


def ask(caller: Api | None = None, address: str = ADDRESS, **more):
    sent = choice(factories.room()) | more
    sent["guest"]["email"] = address
    return (caller or Api()).post("bookings", sent)


def codes() -> list[str]:
    return [CODE.search(sent.body)[1] for sent in mail.outbox if CODE.search(sent.body)]


def test_third_unproved_booking_is_refused_and_the_code_goes_to_its_address():
    assert [ask().status_code for _ in range(2)] == [201, 201]

    answer = ask()

    assert (answer.status_code, answer.json()["code"]) == (409, "proof_needed")
    assert answer.json()["detail"] == (
        "2 bookings that nobody has confirmed are open already. To go on, type the code we mail to "
        "ada@example.org (3 a day at most), or sign in."
    )
    assert Booking.objects.count() == 2
    assert [sent.to for sent in mail.outbox if CODE.search(sent.body)] == [[ADDRESS]]
    assert mail.outbox[-1].subject == "Your code for a booking"


def test_code_that_was_mailed_lets_the_third_booking_through():
    for _ in range(3):
        ask()

    assert ask(proof=codes()[0]).status_code == 201
    assert Booking.objects.count() == 3


@pytest.mark.parametrize("typed", ["00000000", "1", "x", "٣٣٣٣٣٣٣٣"])
def test_wrong_code_is_told_by_its_field_and_books_nothing(typed):
    answer = ask(proof=typed)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["proof"]
    assert not Booking.objects.exists()


@pytest.mark.parametrize(("later", "is_good"), [(0, True), (30, True), (61, False), (-61, False)])
def test_code_is_good_for_half_an_hour_at_least_and_an_hour_at_most(later, is_good):
    now = clock.now()
    proof.send(ADDRESS, now)

    assert proof.is_right(ADDRESS, codes()[0], now + dt.timedelta(minutes=later)) is is_good
    assert not proof.is_right("eve@example.org", codes()[0], now)


def test_code_is_mailed_three_times_a_day_and_tried_ten_times_an_hour():
    for _ in range(5):
        proof.send(ADDRESS, clock.now())
    assert len(codes()) == 3

    tried = [proof.is_right(ADDRESS, "00000001", clock.now()) for _ in range(10)]

    assert tried == [False] * 10
    assert not proof.is_right(ADDRESS, codes()[0], clock.now())


def test_network_and_session_count_whatever_addresses_are_typed():
    for n in range(2):
        ask(address=f"a{n}@example.org")

    assert ask(address="b@example.org").json()["code"] == "proof_needed"
    assert codes()


def test_address_counts_whatever_networks_it_is_typed_in(settings):
    settings.HOLDS_PER_NETWORK = 0  # as if each came from another
    for _ in range(2):
        ask()

    assert ask().json()["code"] == "proof_needed"
    assert ask(address="eve@example.org").status_code == 201


def test_account_is_not_asked_though_strangers_used_its_address():
    for _ in range(2):
        ask()
    user = logged_in(factories.user(email=ADDRESS))

    assert [ask(user).status_code for _ in range(4)] == [201] * 4


def test_booking_that_is_paid_for_counts_no_more():
    for _ in range(2):
        ask()
    bookings.authorize(booking_id=Booking.objects.first().pk, held_until=clock.now() + dt.timedelta(days=6))

    assert ask().status_code == 201


def test_booking_sent_again_is_the_booking_it_was():
    sent, key = choice(factories.room()), {"Idempotency-Key": "k1"}
    first = Api().post("bookings", sent, **key)
    for _ in range(3):
        ask()

    again = Api().post("bookings", sent, **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["reference"] == first.json()["reference"]


def test_page_asks_for_the_code_keeps_what_was_typed_and_goes_on_with_it():
    client = Client()
    for _ in range(2):
        room = factories.room()
        assert client.post(book_url(room), filled_in(room)).status_code in (302, 307)
    room = factories.room()
    sent = filled_in(room, message="Late arrival")

    refused = client.post(book_url(room), sent)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "type the code we mail to ada@example.org" in page
    assert 'name="proof"' in page
    assert ">Code from our mail</label>" in page  # and nothing of "optional"
    assert "Late arrival" in page
    wrong = client.post(book_url(room), sent | {"proof": "00000000"})
    assert (wrong.status_code, "This is not the code we mailed" in wrong.content.decode()) == (422, True)
    assert client.post(book_url(room), sent | {"proof": codes()[0]}).status_code in (302, 307)
    other = factories.room()
    assert client.post(book_url(other), filled_in(other)).status_code in (302, 307)  # proved for this visitor
    assert Booking.objects.count() == 4


def test_page_does_not_show_the_field_unasked():
    room = factories.room()
    fields = {
        name: value
        for name, value in filled_in(room).items()
        if name in ("check_in", "check_out", "party_size")
    }

    assert 'name="proof"' not in Client().get(book_url(room), fields).content.decode()


def test_limits_off_ask_nobody(settings):
    settings.UNPROVED_HOLDS = 0

    assert [ask().status_code for _ in range(4)] == [201] * 4
    assert codes() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["network", "address"])
def test_rivals_at_once_keep_two_without_proof(of):
    rooms = [factories.room() for _ in range(8)]

    def book(n: int) -> None:
        asker = STRANGER if of == "network" else Asker("", f"203.0.113.{n}")
        address = ADDRESS if of == "address" else f"a{n}@example.org"
        with transaction.atomic():
            limits.queue(asker, address)
            guest = factories.guest_details(email=address, asked_by=asker.key)
            booking = factories.booking(room=rooms[n], guest=guest)
            limits.check_proof(asker, booking, is_proved=False)

    results = race(book, runners=8)

    assert sum(result.error is None for result in results) == 2
    assert {type(result.error) for result in results if result.error} == {ProofNeeded}
