"""Which event brings which mail, and which mails a later event makes untrue."""

import pytest

from bookings.lifecycle.services import NOTICES
from bookings.models import BookingEvent
from bookings.states import ARROWS, DEAD, Status
from notifications.mail.catalog import GUEST, HOSTS, MESSAGES, TOLD, messages_of
from tests.support import factories


def names(event: BookingEvent) -> list[str]:
    return [message.name for message in messages_of(event)]


def is_still_true(name: str, event: BookingEvent) -> bool:
    return MESSAGES[name].still_true(event.booking, event)


def test_submit_of_paid_room_sends_the_guest_the_way_back(story):
    assert names(story().event) == ["received"]


def test_submit_of_free_room_confirms_guest_and_tells_hosts(story):
    assert names(story(room=factories.free_room()).event) == ["confirmed", "host_booked"]


def test_submit_of_room_approved_before_payment_asks_the_host(story):
    room = factories.room(kind="conference")

    assert names(story(room=room, nights=2).event) == ["requested", "host_request"]


def test_authorize_tells_guest_and_asks_host(story):
    assert names(story().authorized().event) == ["authorized", "host_request"]


def test_authorize_of_expert_session_confirms_at_once(story):
    room = factories.room(kind="expert")

    # Further ahead than the card is held it would be charged at once.
    assert names(story(room=room, days_ahead=3).authorized().event) == ["confirmed", "host_booked"]


def test_approve_of_held_money_waits_for_the_capture(story):
    assert names(story().authorized().approved().event) == []


def test_approve_before_payment_sends_the_pay_link(story):
    room = factories.room(kind="conference")

    assert names(story(room=room, nights=2).approved().event) == ["approved"]


def test_confirm_tells_guest_and_hosts_that_it_is_paid(story):
    assert names(story().authorized().approved().confirmed().event) == ["confirmed", "host_paid"]


def test_capture_failed_asks_guest_to_pay_once_more(story):
    assert names(story().authorized().approved().capture_failed().event) == ["capture_failed"]


def test_decline_tells_guest_alone(story):
    assert names(story().authorized().declined().event) == ["declined"]


def test_expire_unpaid_booking_the_host_never_saw_tells_guest_alone(story):
    assert names(story().expired().event) == ["expired_unpaid"]


def test_expire_after_failed_capture_tells_hosts_too(story):
    event = story().authorized().approved().capture_failed().expired().event

    assert names(event) == ["expired_unpaid", "host_expired"]


def test_expire_unanswered_request_tells_both(story):
    assert names(story().authorized().expired().event) == ["expired_unanswered", "host_expired"]


@pytest.mark.parametrize(("by", "told"), [("guest", True), ("host", False), ("staff", True)])
def test_cancel_tells_hosts_unless_a_host_did_it(story, by, told):
    event = story().authorized().cancelled(by=by).event

    assert names(event) == ["cancelled", "host_cancelled"] if told else ["cancelled"]


def test_cancel_before_payment_concerns_no_host(story):
    assert names(story().cancelled().event) == ["cancelled"]


def test_cancel_of_confirmed_booking_takes_the_calendar_entry_back(story):
    event = story().authorized().approved().confirmed().cancelled().event

    assert names(event) == ["cancelled_confirmed", "host_cancelled"]
    assert MESSAGES["cancelled_confirmed"].ics == "CANCEL"


def test_completion_is_no_mail(story):
    event = BookingEvent(verb="complete", from_status=Status.CONFIRMED, to_status=Status.COMPLETED)

    assert names(event) == []


@pytest.mark.parametrize("verb", sorted(set(ARROWS) - {"reschedule", "adjust", "complete", "approve"}))
def test_every_verb_that_people_wait_for_has_a_row(verb):
    assert verb in {pattern[0] for pattern, _ in TOLD}


def test_rows_name_only_known_verbs_and_messages():
    assert {pattern[0] for pattern, _ in TOLD} <= ARROWS.keys() | NOTICES
    assert {name for _, told in TOLD for name in told} == MESSAGES.keys()


def test_guest_subjects_are_those_of_the_contract():
    subjects = {message.subject for message in MESSAGES.values() if message.audience == GUEST}

    assert subjects == {
        "Booking received - {reference}",
        "Payment authorized — awaiting host confirmation ({reference})",
        "Booking Confirmed - {reference}",
        "Booking Update - {reference}",
        "Booking Reminder - {reference}",
        "Your refund - {reference}", "Refund confirmed - {reference}", "Your credit - {reference}",
    }  # fmt: skip


def test_no_subject_is_both_guest_and_host():
    subjects = {
        audience: {m.subject for m in MESSAGES.values() if m.audience == audience}
        for audience in (GUEST, HOSTS)
    }

    assert not subjects[GUEST] & subjects[HOSTS]


def test_pay_link_is_untrue_once_the_money_is_held(story):
    tale = story()
    event = tale.event
    assert is_still_true("received", event)

    tale.authorized()

    event.booking.refresh_from_db()
    assert not is_still_true("received", event)


def test_awaiting_host_is_true_until_the_confirmation_is_out(story):
    tale = story().authorized()
    event = tale.event
    tale.approved()
    event.booking.refresh_from_db()
    assert is_still_true("authorized", event)
    assert not is_still_true("host_request", event)

    tale.confirmed()

    event.booking.refresh_from_db()
    assert not is_still_true("authorized", event)


def test_awaiting_host_is_untrue_when_the_host_had_said_yes_before(story):
    event = story().authorized().approved().capture_failed().authorized().event

    assert not is_still_true("authorized", event)
    assert not is_still_true("host_request", event)


def test_confirmation_is_untrue_once_cancelled(story):
    tale = story().authorized().approved().confirmed()
    event = tale.event
    assert is_still_true("confirmed", event)

    tale.cancelled()

    event.booking.refresh_from_db()
    assert not is_still_true("confirmed", event)
    assert not is_still_true("host_paid", event)


def test_reminder_is_untrue_once_the_stay_began(story, time_machine):
    tale = story().authorized().approved().confirmed().announced("remind_guest")
    time_machine.move_to(tale.booking.starts_at.replace(hour=1))
    assert is_still_true("remind_guest", tale.event)

    time_machine.move_to(tale.booking.ends_at)

    assert not is_still_true("remind_guest", tale.event)


@pytest.mark.parametrize("status", sorted(DEAD))
def test_ends_stay_true(story, status):
    event = story().event
    event.booking.status = status

    assert is_still_true("declined", event)
    assert is_still_true("payment_late", event)
    assert not is_still_true("payment_available", event)
