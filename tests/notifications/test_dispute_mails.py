"""Who hears of disputes, and of money moved in the provider's dashboard, and what the mails say."""

import datetime as dt

import pytest

from bookings.actors import PROVIDER
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from notifications.mail import render
from notifications.mail.catalog import MESSAGES, messages_of
from notifications.mail.recipients import addresses_of
from tests.support import factories

pytestmark = pytest.mark.django_db

FACTS = {"dispute": "du_1", "amount_minor": 20_000, "currency": "EUR", "is_inquiry": False}


@pytest.fixture
def booking() -> Booking:
    booking = factories.booking(
        room=factories.room(venue=factories.venue(email="desk@example.org")), nights=2
    )
    factories.host(venue=booking.venue, email="host@example.org")
    factories.staff(email="staff@example.org")
    factories.user(email="root@example.org", is_staff=True, is_superuser=True)
    factories.staff(email="gone@example.org", is_active=False)
    factories.user(email="stranger@example.org")
    return booking


def letter(booking: Booking, notice: str, **data) -> render.Letter:
    made = bookings.announce(booking_id=booking.pk, notice=notice, data=FACTS | data, actor=PROVIDER)
    event = made.events.get(verb=notice)
    return render.write(messages_of(event)[0], made, event)


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "name", ["dispute_opened", "dispute_escalated", "dispute_won", "dispute_lost", "dispute_closed"]
)
def test_dispute_is_told_to_hosts_and_staff_and_not_to_the_guest(booking, name):
    assert addresses_of(MESSAGES[name], booking) == [
        "desk@example.org", "host@example.org", "staff@example.org", "root@example.org",
    ]  # fmt: skip


def test_change_at_the_provider_is_told_to_staff_alone(booking):
    assert addresses_of(MESSAGES["external_change"], booking) == ["staff@example.org", "root@example.org"]


def test_mail_of_a_dispute_says_how_much_and_until_when(booking):
    due_by = dt.datetime(2026, 12, 24, 12, tzinfo=dt.UTC).isoformat()
    text = words(letter(booking, "dispute_opened", due_by=due_by).text)

    assert "has disputed €200.00 with their bank" in text
    assert "It waits for an answer until" in text
    assert "Dec 24, 2026" in text
    assert "13:00" in text  # in Paris


def test_mail_of_an_inquiry_says_that_no_money_was_taken(booking):
    text = words(letter(booking, "dispute_opened", is_inquiry=True).text)

    assert "No money has been taken back yet." in text
    assert "is lost" not in text


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ("external_refund", "€200.00 was refunded in the payment provider's dashboard"),
        ("external_capture", "€200.00 was taken in the payment provider's dashboard"),
        ("external_cancel", "The hold of €200.00 was released"),
    ],
)
def test_mail_of_a_change_at_the_provider_says_what_was_done(booking, notice, said):
    assert said in words(letter(booking, notice).text)


def test_answering_a_dispute_is_no_mail(booking):
    made = bookings.announce(booking_id=booking.pk, notice="dispute_answered", data=FACTS, actor=PROVIDER)

    assert messages_of(made.events.get(verb="dispute_answered")) == []


def test_first_mail_of_a_dispute_says_what_was_given_back_already(booking):
    text = words(letter(booking, "dispute_opened", given={"credit": 20_000}, twice_minor=20_000).text)

    assert "Before that, the guest was given back: €200.00 as a credit." in text
    assert "If the case is lost, the guest has €200.00 of it twice. The answer to the bank names it." in text


def test_mail_of_a_dispute_says_nothing_of_what_was_not_given(booking):
    assert "given back" not in words(letter(booking, "dispute_opened", given={}, twice_minor=0).text)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (10_000, "The guest has €100.00 twice now: it is on staff's list of differences."),
        (0, "The credit was not spent, and has ended."),
    ],
)
def test_mail_of_a_lost_dispute_says_what_became_of_the_credit(booking, left, said):
    data = {"given": {"credit": 20_000}, "twice_minor": 20_000, "left_twice_minor": left}

    assert said in words(letter(booking, "dispute_lost", **data).text)
