"""A booking in words: who acts next, how far it is, what happened."""

import datetime as dt

import pytest

from bookings.actors import PROVIDER, guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.phrases import guest as guest_phrases
from bookings.phrases import host as host_phrases
from core import clock
from core.dates import full_date
from rooms.models import Room
from tests.support import factories

pytestmark = pytest.mark.django_db


HOLD_LEAVES = "The hold leaves your statement by {day} at the latest."


def last_day(booking: Booking) -> str:
    return full_date(booking.held_until, booking.time_zone) if booking.held_until else ""


def booked(**more) -> Booking:
    return factories.booking(**more)


def held(**more) -> Booking:
    booking = booked(**more)
    return bookings.authorize(booking_id=booking.pk, held_until=clock.now() + dt.timedelta(days=7))


def approved(booking: Booking) -> Booking:
    host = factories.host(venue=booking.venue)
    return bookings.approve(booking_id=booking.pk, actor=member_actor(host))


def confirmed() -> Booking:
    return bookings.confirm(booking_id=approved(held()).pk, paid_at=clock.now())


def told(booking: Booking) -> tuple[str, str, str]:
    step = guest_phrases.next_step(booking)
    return step.who, step.headline, step.sentence


def stages(booking: Booking) -> list[tuple[str, str]]:
    return [(step.label, step.state) for step in guest_phrases.steps(booking)]


def last_moment(booking: Booking, viewer: str = "guest") -> guest_phrases.Moment:
    return guest_phrases.moment(booking, booking.events.latest("version"), viewer)


def test_unpaid_booking_waits_for_its_guest():
    booking = booked()

    assert told(booking) == (
        "guest",
        "One step left: place the hold",
        "€100.00 will be held on your card, not taken. It is taken only if the host says yes.",
    )
    assert guest_phrases.next_step(booking).deadline == booking.payment_due_at
    assert stages(booking) == [
        ("Money held", "current"), ("Host says yes", "ahead"), ("Charge and confirmation", "ahead"),
    ]  # fmt: skip


def test_held_booking_waits_for_its_host():
    booking = held()

    assert told(booking) == (
        "host",
        "Awaiting the host",
        "€100.00 is held on your card, not taken. If the host says no, or nothing at all, it is released.",
    )
    assert guest_phrases.next_step(booking).deadline == booking.decide_by
    assert [state for _label, state in stages(booking)] == ["done", "current", "ahead"]


def test_approved_booking_being_captured_waits_for_nobody_the_guest_knows():
    booking = approved(held())

    assert told(booking)[:2] == ("site", "The host said yes")
    assert guest_phrases.pill(booking) == ("Host said yes", "good")
    assert [state for _label, state in stages(booking)] == ["done", "done", "current"]


def test_confirmed_booking_is_done():
    booking = confirmed()

    assert told(booking) == (
        "nobody", "You're booked", "€100.00 is paid. A calendar file and a reminder come by e-mail.",
    )  # fmt: skip
    assert [state for _label, state in stages(booking)] == ["done", "done", "done"]


def test_booking_whose_capture_failed_asks_to_pay_once_more():
    booking = bookings.capture_failed(booking_id=approved(held()).pk, reason="card_declined")

    assert told(booking)[:2] == ("guest", "Please pay once more")


def test_request_before_payment_is_free_until_the_yes():
    booking = booked(room=factories.room(kind="conference"))

    assert told(booking) == (
        "host", "Awaiting the host", "Nothing has been charged. The host answers first; you pay after a yes.",
    )  # fmt: skip
    assert stages(booking) == [
        ("Request sent", "done"), ("Host says yes", "current"), ("Payment and confirmation", "ahead"),
    ]  # fmt: skip
    approved(booking)
    booking.refresh_from_db()
    assert told(booking) == (
        "guest", "The host said yes: your turn to pay", "Pay €100.00 and the booking is confirmed.",
    )  # fmt: skip
    assert [state for _label, state in stages(booking)] == ["done", "done", "current"]


def test_appointment_held_is_confirmed_and_charged_afterwards():
    booking = held(room=factories.room(kind="expert"), days_ahead=3)

    assert stages(booking) == [
        ("Money held", "done"),
        ("Confirmed", "done"),
        ("Charge afterwards", "current"),
    ]
    assert "held on your card and taken after your appointment" in told(booking)[2]


def test_free_booking_has_nothing_to_pay():
    booking = booked(room=factories.free_room())

    assert told(booking) == (
        "nobody", "You're booked", "There is nothing to pay. The host looks forward to seeing you.",
    )  # fmt: skip
    assert stages(booking) == [("Requested", "done"), ("Confirmed", "done")]


def test_declined_booking_says_the_hold_is_released():
    booking = held()
    host = factories.host(venue=booking.venue)
    booking = bookings.decline(booking_id=booking.pk, actor=member_actor(host), reason="Full")

    assert told(booking) == (
        "nobody",
        "The host could not say yes",
        f"The hold of €100.00 is released. Nothing was charged. {HOLD_LEAVES.format(day=last_day(booking))}",
    )
    assert stages(booking) == [("Money held", "done"), ("Host said no", "failed")]
    assert last_moment(booking).quote == "Full"


def taken_early() -> Booking:
    """Captured in the provider's dashboard while the host has not answered."""
    facts = {"amount_minor": 20_000, "currency": "EUR", "ref": "pi_1"}
    return bookings.announce(booking_id=held().pk, notice="external_capture", data=facts, actor=PROVIDER)


def test_undecided_booking_taken_at_the_provider_says_so():
    assert told(taken_early())[2] == (
        "€200.00 was taken from your card. If the host says no, or nothing at all, it is refunded."
    )


def test_appointment_taken_at_the_provider_early_waits_for_no_charge_afterwards():
    booking = held(room=factories.room(kind="expert"), days_ahead=2)
    before = stages(booking)
    facts = {"amount_minor": booking.total_minor, "currency": "EUR", "ref": "pi_1"}
    bookings.announce(booking_id=booking.pk, notice="external_capture", data=facts, actor=PROVIDER)

    assert before == [("Money held", "done"), ("Confirmed", "done"), ("Charge afterwards", "current")]
    assert stages(Booking.objects.get()) == [(label, "done") for label, _ in before]


def test_approving_what_was_taken_at_the_provider_promises_no_second_charge():
    assert host_phrases.consequence("approve", taken_early()) == (
        "€200.00 was taken from the guest's card already; nothing more is charged."
    )


def test_declined_booking_taken_at_the_provider_says_it_is_refunded():
    booking = taken_early()
    asked = host_phrases.consequence("decline", booking)
    host = factories.host(venue=booking.venue)
    booking = bookings.decline(booking_id=booking.pk, actor=member_actor(host), reason="Full")

    assert asked == "The €200.00 taken from the guest's card is refunded in full."
    assert told(booking)[2] == ("The €200.00 taken from the card is refunded in full.")
    assert last_moment(booking).detail == "The €200.00 taken from the card is refunded in full."


def partly_paid_by_credit(booking: Booking, amount_minor: int = 4_000) -> Booking:
    facts = {"amount_minor": amount_minor, "currency": "EUR", "credit": 1}
    return bookings.announce(booking_id=booking.pk, notice="credit_used", data=facts, actor=PROVIDER)


def test_booking_paid_in_part_by_credit_asks_the_card_for_the_rest_alone():
    booking = partly_paid_by_credit(booked())

    assert (
        told(booking)[2]
        == "€60.00 will be held on your card, not taken. It is taken only if the host says yes."
    )


def test_booking_held_for_the_rest_names_what_is_on_the_card():
    booking = partly_paid_by_credit(booked())
    bookings.authorize(booking_id=booking.pk, held_until=clock.now() + dt.timedelta(days=7))
    booking.refresh_from_db()

    assert told(booking)[2].startswith("€60.00 is held on your card, not taken.")
    assert host_phrases.consequence("approve", booking) == "€60.00 will be charged to the guest's card now."
    assert host_phrases.consequence("decline", booking) == (
        "The hold of €60.00 will be released; nothing is charged. "
        "€40.00 paid without a card goes back to the guest."
    )


def test_request_paid_by_credit_alone_speaks_of_no_card():
    booking = partly_paid_by_credit(booked(), 10_000)
    bookings.authorize(booking_id=booking.pk, held_until=None)
    booking.refresh_from_db()

    assert told(booking)[2] == (
        "€100.00 is paid already. If the host says no, or nothing at all, it comes back to you."
    )
    assert host_phrases.consequence("approve", booking) == "€100.00 is paid already; nothing more is charged."


def test_booking_of_a_list_knows_its_money_without_a_query(django_assert_num_queries):
    partly_paid_by_credit(booked())
    [booking] = Booking.objects.knowing_captures()

    with django_assert_num_queries(0):
        assert (booking.without_card_minor, booking.card_minor) == (4_000, 6_000)


def test_appointment_taken_at_the_provider_speaks_of_no_hold():
    booking = held(room=factories.room(kind="expert"), days_ahead=3)
    facts = {"amount_minor": booking.due_minor, "currency": "EUR", "ref": "pi_1"}
    bookings.announce(booking_id=booking.pk, notice="external_capture", data=facts, actor=PROVIDER)
    booking.refresh_from_db()

    assert "was taken from your card" in told(booking)[2]
    assert "held" not in told(booking)[2]
    assert last_moment(booking).detail == "Not asked for here."


def test_booking_cancelled_after_a_refund_counts_what_was_left():
    booking = confirmed()
    staff = member_actor(factories.staff())
    bookings.adjust(booking_id=booking.pk, due_minor=7_000, actor=staff, reason="Noise")

    booking = bookings.cancel(booking_id=booking.pk, actor=staff)

    assert told(booking)[2] == "€70.00 goes back to your card."


@pytest.mark.parametrize(
    ("make", "headline", "sentence"),
    [
        (booked, "The time to pay has ended", "You have not been charged."),
        (
            held,
            "The host did not answer in time",
            f"The hold of €100.00 is released. Nothing was charged. {HOLD_LEAVES}",
        ),
    ],
)
def test_expired_booking_says_whose_time_ran_out(make, headline, sentence):
    booking = bookings.expire(booking_id=make().pk)

    assert told(booking) == ("nobody", headline, sentence.format(day=last_day(booking)))


def test_cancelled_booking_says_what_comes_back_and_what_is_kept():
    booking = confirmed()
    Booking.objects.filter(pk=booking.pk).update(
        policy={"name": "Half", "tiers": [{"hours": 0, "percent": 50}]}
    )

    booking = bookings.cancel(booking_id=booking.pk, actor=guest_actor())

    assert told(booking)[2] == "€50.00 goes back to your card. €50.00 is kept by the cancellation policy."
    moment = last_moment(booking)
    assert (moment.title, moment.detail) == ("You cancelled", "€50.00 is kept by the policy.")
    assert last_moment(booking, "host").title == "Guest cancelled"


def test_guest_is_not_told_which_person_decided():
    booking = held()
    host = factories.host(venue=booking.venue, name="Iris Host")
    bookings.approve(booking_id=booking.pk, actor=member_actor(host))

    assert last_moment(booking).actor == "Host"
    assert last_moment(booking, "host").actor == "Iris Host"


@pytest.mark.parametrize("notice", sorted(bookings.NOTICES))
def test_every_notice_has_words(notice):
    booking = booked()
    bookings.announce(booking_id=booking.pk, notice=notice)

    assert last_moment(booking).title != notice.replace("_", " ").capitalize()


def test_every_way_to_sell_has_its_stages():
    for approval in Room.Approval:
        for capture in Room.Capture:
            booking = booked(room=factories.room(approval=approval, capture=capture))
            assert len(stages(booking)) in (2, 3, 4)


def test_booking_cancelled_after_its_confirmation_ends_in_the_cancellation():
    booking = bookings.cancel(booking_id=confirmed().pk, actor=guest_actor())

    assert stages(booking) == [
        ("Money held", "done"), ("Host says yes", "done"), ("Charge and confirmation", "done"), ("Cancelled", "failed"),
    ]  # fmt: skip


def test_request_withdrawn_before_the_answer_ends_after_the_hold():
    booking = bookings.cancel(booking_id=held().pk, actor=guest_actor())

    assert stages(booking) == [("Money held", "done"), ("Cancelled", "failed")]


@pytest.mark.parametrize(
    ("make", "end"), [(booked, "Not paid in time"), (held, "No answer in time")], ids=["unpaid", "unanswered"]
)
def test_expired_booking_ends_in_what_did_not_happen(make, end):
    booking = bookings.expire(booking_id=make().pk)

    assert stages(booking)[-1] == (end, "failed")


def test_request_held_to_its_end_is_confirmed_by_the_yes_and_charged_afterwards():
    room = factories.room(kind="expert", approval="after_payment")
    booking = held(room=room, days_ahead=3)
    asked = stages(booking)
    booking = approved(booking)

    assert [state for _label, state in asked] == ["done", "current", "ahead", "ahead"]
    assert stages(booking) == [
        ("Money held", "done"), ("Host says yes", "done"), ("Confirmed", "done"), ("Charge afterwards", "current"),
    ]  # fmt: skip


def test_request_approved_before_a_hold_asks_for_the_hold_next():
    room = factories.room(kind="expert", approval="before_payment")
    booking = approved(booked(room=room, days_ahead=3))

    assert told(booking) == (
        "guest",
        "The host said yes: place the hold",
        "€100.00 will be held on your card, not taken, and the booking is confirmed. "
        "It is taken only after your appointment.",
    )
    assert [state for _label, state in stages(booking)] == ["done", "done", "current", "ahead"]


def test_appointment_beyond_the_hold_says_that_it_is_charged_now():
    booking = booked(room=factories.room(kind="expert"), days_ahead=20)

    assert booking.capture == "on_confirmation"
    assert told(booking)[2] == (
        "Pay €100.00 and the booking is confirmed at once. It is charged now, as your appointment lies further ahead "
        "than a card can be held; what comes back if you cancel is listed below."
    )
    assert stages(booking) == [("Paid", "current"), ("Confirmed", "ahead")]


def test_dispute_is_told_to_its_guest_as_theirs():
    facts = {"amount_minor": 10_000, "currency": "EUR"}
    booking = bookings.announce(
        booking_id=confirmed().pk, notice="dispute_opened", data=facts, actor=PROVIDER
    )

    assert last_moment(booking).detail == "Your bank asks for the money back."
    assert last_moment(booking, "host").detail == "The guest's bank asks for the money back."
