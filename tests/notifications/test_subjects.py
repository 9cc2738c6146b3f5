"""What subjects say after their fixed beginnings: what to do or what happened, which room, when."""

import datetime as dt
import re

import pytest

from core import clock
from notifications import services
from notifications.mail import render
from notifications.mail.catalog import GUEST, MESSAGES, messages_of
from notifications.mail.recipients import reply_address
from notifications.models import Delivery
from notifications.subscriber import on_booking_event
from tests.notifications.conftest import NOW
from tests.support import factories

pytestmark = pytest.mark.django_db

FIXED = ("Payment authorized — awaiting host confirmation (", "Booking Confirmed - ", "Booking Update - ")


@pytest.fixture(autouse=True)
def _in_march(time_machine):
    time_machine.move_to(NOW, tick=False)


def subjects(tale) -> list[str]:
    """Subjects of the mails the newest event brings, with RH for the reference."""
    written = [render.write(message, tale.booking, tale.event).subject for message in messages_of(tale.event)]
    return [subject.replace(tale.booking.reference, "RH") for subject in written]


def vector(kind: str, **fields):
    venue = factories.venue(currency="UZS", time_zone="Asia/Tashkent", country="UZ", city="Tashkent")
    return factories.room(venue=venue, kind=kind, name="Vector", price_minor=8_960_000, **fields)


def test_accepted_request_says_what_to_pay_by_when_for_which_room(story):
    tale = story(room=vector("conference"), nights=3, days_ahead=15).approved()

    # By 5:01 AM of the next day at the venue: twelve hours after the yes.
    assert subjects(tale) == [
        "Booking Update - RH · Accepted: pay 268,800 UZS by Mar 2, 5:01 AM, Vector, Mar 16"
    ]


def test_deadline_of_today_is_said_by_its_time_alone(story):
    tale = story(room=factories.room(name="Anvil"))

    assert subjects(tale) == ["Booking received - RH · Pay €100.00 by 1:30 PM, Anvil, Mar 11"]


def test_date_in_another_year_names_it(story):
    tale = story(room=factories.room(name="Anvil", booking_window_days=600), days_ahead=400).authorized()

    assert subjects(tale)[0].endswith(", Anvil, Apr 4, 2028")


def test_instant_workshop_is_a_new_booking_to_the_host_in_title_date_and_seats(story):
    room = factories.room(kind="workshop", capacity=8)
    session = factories.session(room=room, title="Bookbinding Evening", starts_at=NOW + dt.timedelta(days=7))
    tale = story(room=room, session=session, party_size=2).confirmed()

    assert subjects(tale) == [
        "Booking Confirmed - RH · You are booked, Bookbinding Evening, Mar 8",
        "New booking: Bookbinding Evening, Mar 8, 2 seats (RH)",
    ]


def test_answered_request_is_a_completed_payment_to_the_host(story):
    tale = story(room=factories.room(name="Anvil"), nights=2).authorized().approved().confirmed()

    assert subjects(tale) == [
        "Booking Confirmed - RH · You are booked, Anvil, Mar 11",
        "Payment completed: Anvil, Mar 11, 2 nights (RH)",
    ]


@pytest.mark.parametrize(
    ("by", "said"),
    [("guest", "Cancelled by you"), ("host", "Cancelled by the host"), ("staff", "Cancelled")],
)
def test_cancellation_says_by_whom(story, by, said):
    tale = story(room=factories.room(name="Anvil")).authorized().approved().confirmed().cancelled(by=by)

    assert subjects(tale)[0] == f"Booking Update - RH · {said}, Anvil, Mar 11"


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_subject_names_act_room_and_date_and_holds_no_blank(story, name):
    tale = story(room=factories.room(name="Anvil")).authorized()
    message = MESSAGES[name]

    subject = render.write(message, tale.booking, tale.event).subject

    assert "Anvil, Mar 11" in subject
    assert not re.search(r"[{}]|  |by,|None|\n", subject)
    if message.audience == GUEST:
        opening, _, rest = subject.partition(" · ")
        assert tale.booking.reference in opening
        assert len(rest.split(", ")) >= 3
    else:
        assert not subject.startswith(FIXED)
        assert subject.endswith(f"1 night ({tale.booking.reference})")


def test_long_or_odd_name_of_a_room_stays_one_short_line(story):
    tale = story(room=factories.room(name="Long " * 20)).authorized()

    subject = render.write(MESSAGES["authorized"], tale.booking, tale.event).subject

    assert "…, Mar 11" in subject
    assert len(subject) < 180


# --- one mail where one is enough -----------------------------------------------------------------------------


def mails_to(tale, address: str) -> list[str]:
    rows = Delivery.objects.filter(recipient=address, state=Delivery.State.SENT).order_by("pk")
    return list(rows.values_list("message", flat=True))


def hear_and_send(tale) -> None:
    for event in tale.booking.events.select_related("booking__room", "booking__venue"):
        on_booking_event(event)
    for delivery_id in services.due_deliveries(50):
        services.deliver(delivery_id)


@pytest.mark.parametrize("paid_after", [dt.timedelta(seconds=0), dt.timedelta(seconds=119)])
def test_guest_who_pays_at_once_gets_one_mail(story, no_pusher, time_machine, paid_after):
    tale = story(room=factories.room(approval="none"))
    hear_and_send(tale)
    assert mails_to(tale, tale.booking.guest_email) == []

    time_machine.move_to(NOW + paid_after, tick=False)
    tale.confirmed()
    hear_and_send(tale)
    time_machine.move_to(NOW + dt.timedelta(hours=1), tick=False)
    hear_and_send(tale)

    assert mails_to(tale, tale.booking.guest_email) == ["confirmed"]
    assert Delivery.objects.get(message="received").state == Delivery.State.SKIPPED


def test_guest_who_leaves_without_paying_gets_the_way_back_after_two_minutes(story, no_pusher, time_machine):
    tale = story(room=factories.room(approval="none"))
    hear_and_send(tale)

    time_machine.move_to(NOW + dt.timedelta(minutes=2), tick=False)
    hear_and_send(tale)

    assert mails_to(tale, tale.booking.guest_email) == ["received"]


def test_desk_and_member_of_one_address_get_one_mail(story, no_pusher):
    venue = factories.venue(email="Desk@House.example")
    factories.host(venue=venue, email="desk@house.example")
    tale = story(room=factories.free_room(venue=venue))

    hear_and_send(tale)

    told = Delivery.objects.filter(message="host_booked", recipient__iexact="desk@house.example")
    assert told.count() == 1


# --- how to reach the venue -----------------------------------------------------------------------------------


def test_mail_of_a_confirmed_booking_says_how_to_reach_the_venue_and_may_be_answered(
    story, no_pusher, mailoutbox
):
    venue = factories.venue(email="desk@house.example", phone="+33 1 98 76 54 32")
    tale = story(room=factories.free_room(venue=venue))

    hear_and_send(tale)

    [to_guest] = [mail for mail in mailoutbox if mail.to == [tale.booking.guest_email]]
    assert to_guest.reply_to == ["desk@house.example"]
    assert "Reach the venue: +33 1 98 76 54 32 · desk@house.example" in to_guest.body
    assert f"Questions? You can answer this mail: it reaches {venue.name}." in to_guest.body
    [to_host] = [mail for mail in mailoutbox if mail.to == ["desk@house.example"]]
    assert to_host.reply_to == [tale.booking.guest_email]
    assert "You can answer this mail: it reaches Ada Guest." in to_host.body


@pytest.mark.parametrize("name", sorted(MESSAGES))
@pytest.mark.parametrize("desk", ["desk@house.example", ""])
def test_mail_says_it_may_be_answered_exactly_where_an_answer_reaches_somebody(story, name, desk):
    tale = story(room=factories.room(venue=factories.venue(email=desk)))
    message = MESSAGES[name]

    written = render.write(message, tale.booking, tale.event)

    reaches = bool(reply_address(message, tale.booking))
    assert ("can answer this mail" in written.text) == reaches
    assert ("can answer this mail" in written.html) == reaches


def test_now_is_the_stories(story):
    """These tests stand at the stories' moment, whatever the day they run on."""
    assert clock.now() == NOW
