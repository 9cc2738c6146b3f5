"""The verb adjust, and a cancellation whose fee staff set by hand."""

import pytest

from bookings.actors import PROVIDER, guest_actor, member_actor
from bookings.errors import InvalidDue, InvalidTransition, ReasonMissing
from bookings.lifecycle import services as bookings
from bookings.states import Status
from tests.api.callers import booking_in
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def host():
    return factories.host(venue=factories.venue())


@pytest.fixture
def confirmed():
    room = factories.room()
    return booking_in("CONFIRMED", room, factories.host(venue=room.venue))


def staff():
    return member_actor(factories.staff())


@pytest.mark.parametrize("status", ["CONFIRMED", "COMPLETED"])
def test_adjust_lowers_what_is_due_and_keeps_the_status(status):
    room = factories.room()
    booking = booking_in(status, room, factories.host(venue=room.venue))
    actor = staff()

    after = bookings.adjust(booking_id=booking.pk, actor=actor, due_minor=6_000, reason=" Broken shower ")

    assert (after.status, after.due_minor, after.version) == (status, 6_000, booking.version + 1)
    event = after.events.latest("version")
    assert (event.verb, event.reason, event.actor) == ("adjust", "Broken shower", actor.user)
    assert event.data == {"due_minor": 6_000, "currency": "EUR", "before_minor": 10_000, "source": "staff"}


def test_adjust_of_a_cancelled_booking_lowers_its_fee():
    room = factories.room()
    room.policy = factories.policy(venue=room.venue, tiers=[{"hours": 2_000, "percent": 100}])
    room.save()
    booking = booking_in("CONFIRMED", room, factories.host(venue=room.venue))
    bookings.cancel(booking_id=booking.pk, actor=guest_actor())

    after = bookings.adjust(booking_id=booking.pk, actor=staff(), due_minor=0, reason="Illness")

    assert (after.status, after.due_minor) == (Status.CANCELLED, 0)


def test_adjust_takes_over_what_was_done_at_the_provider(confirmed):
    after = bookings.adjust(
        booking_id=confirmed.pk, actor=PROVIDER, due_minor=9_000, reason="Refunded there", source="dashboard"
    )

    event = after.events.latest("version")
    assert (event.actor_kind, event.data["source"]) == ("provider", "dashboard")


def test_adjust_to_the_same_amount_changes_nothing(confirmed):
    after = bookings.adjust(booking_id=confirmed.pk, actor=staff(), due_minor=10_000, reason="Same")

    assert after.version == confirmed.version


@pytest.mark.parametrize("due", [-1, 10_001, 10**18])
def test_adjust_beyond_the_total_is_refused(confirmed, due):
    with pytest.raises(InvalidDue):
        bookings.adjust(booking_id=confirmed.pk, actor=staff(), due_minor=due, reason="Because")

    confirmed.refresh_from_db()
    assert confirmed.due_minor == 10_000


def test_adjust_without_a_reason_is_refused(confirmed):
    with pytest.raises(ReasonMissing):
        bookings.adjust(booking_id=confirmed.pk, actor=staff(), due_minor=1, reason="\n")


@pytest.mark.parametrize("status", ["PENDING_PAYMENT", "PENDING_APPROVAL", "DECLINED", "EXPIRED"])
def test_adjust_from_any_other_status_is_refused(status):
    room = factories.room()
    booking = booking_in(status, room, factories.host(venue=room.venue))

    with pytest.raises(InvalidTransition):
        bookings.adjust(booking_id=booking.pk, actor=staff(), due_minor=1, reason="Because")


# --- a fee set by hand ----------------------------------------------------------------------------------------


def test_staff_cancel_with_a_fee_of_their_own_and_it_is_in_the_audit(confirmed):
    after = bookings.cancel(booking_id=confirmed.pk, actor=staff(), reason="No-show agreed", fee_minor=2_500)

    assert (after.status, after.due_minor) == (Status.CANCELLED, 2_500)
    event = after.events.latest("version")
    assert (event.reason, event.data["is_override"], event.data["fee_by_rule_minor"]) == (
        "No-show agreed", True, 0,
    )  # fmt: skip
    assert event.data["refund_minor"] == 7_500


def test_staff_cancel_without_a_fee_gives_all_back(confirmed):
    after = bookings.cancel(booking_id=confirmed.pk, actor=staff(), reason="Flood")

    assert (after.due_minor, "is_override" in after.events.latest("version").data) == (0, False)


@pytest.mark.parametrize("who", ["guest", "host"])
def test_only_staff_set_a_fee(confirmed, who):
    actor = guest_actor() if who == "guest" else member_actor(factories.host(venue=confirmed.venue))

    with pytest.raises(InvalidDue):
        bookings.cancel(booking_id=confirmed.pk, actor=actor, reason="Because", fee_minor=0)

    confirmed.refresh_from_db()
    assert confirmed.status == Status.CONFIRMED


@pytest.mark.parametrize("fee", [-1, 10_001])
def test_fee_beyond_what_is_due_is_refused(confirmed, fee):
    with pytest.raises(InvalidDue):
        bookings.cancel(booking_id=confirmed.pk, actor=staff(), reason="Because", fee_minor=fee)


def test_fee_without_a_reason_is_refused(confirmed):
    with pytest.raises(ReasonMissing):
        bookings.cancel(booking_id=confirmed.pk, actor=staff(), fee_minor=1)


# --- on the page ----------------------------------------------------------------------------------------------


def cancel_page(booking) -> str:
    return f"/admin/bookings/booking/{booking.pk}/cancel/"


@pytest.fixture
def as_staff(client):
    client.force_login(factories.staff())
    return client


@pytest.mark.parametrize("typed", ["12,50", "12.50", "12,5"])
def test_page_shows_what_a_typed_fee_keeps_before_anything_is_kept(as_staff, confirmed, typed):
    asked = as_staff.get(cancel_page(confirmed)).content.decode()
    preview = as_staff.post(cancel_page(confirmed), {"reason": "Agreed", "fee": typed})

    shown = preview.content.decode()
    assert "Fee to keep (EUR)" in asked
    assert preview.status_code == 200
    assert "Cancel, keep €12.50 and give back €87.50?" in shown
    assert "€12.50 is kept; €87.50 goes back to the guest." in shown
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.due_minor) == (Status.CONFIRMED, 10_000)


def test_page_keeps_the_fee_staff_typed_once_they_saw_it(as_staff, confirmed):
    sent = {"reason": "Agreed", "fee": "12,50", "confirmed": "yes", "seen_minor": "10000"}

    done = as_staff.post(cancel_page(confirmed), sent, follow=True)

    assert "€12.50 is kept; €87.50 goes back to the guest." in done.content.decode()
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.due_minor) == (Status.CANCELLED, 1_250)


def test_page_previews_a_fee_anew_when_the_price_has_changed_since(as_staff, confirmed):
    bookings.adjust(booking_id=confirmed.pk, actor=staff(), due_minor=8_000, reason="Noise")
    sent = {"reason": "Agreed", "fee": "12,50", "confirmed": "yes", "seen_minor": "10000"}

    answer = as_staff.post(cancel_page(confirmed), sent).content.decode()

    assert "Cancel, keep €12.50 and give back €67.50?" in answer
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.due_minor) == (Status.CONFIRMED, 8_000)


def test_page_of_a_previewed_fee_leads_back_to_the_form(as_staff, confirmed):
    sent = {"reason": "Agreed", "fee": "12,50", "confirmed": "yes", "change": "yes"}

    answer = as_staff.post(cancel_page(confirmed), sent)

    assert (answer.status_code, 'value="12,50"' in answer.content.decode()) == (200, True)
    confirmed.refresh_from_db()
    assert confirmed.status == Status.CONFIRMED


@pytest.mark.parametrize("fee", ["-1", "100.01", "1.234", "1,250", "1_0", "NaN", "all"])
def test_page_refuses_an_impossible_fee(as_staff, confirmed, fee):
    answer = as_staff.post(cancel_page(confirmed), {"reason": "Agreed", "fee": fee, "confirmed": "yes"})

    assert answer.status_code == 422
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.due_minor) == (Status.CONFIRMED, 10_000)


def test_page_offers_hosts_no_fee(client, confirmed):
    client.force_login(factories.host(venue=confirmed.venue))

    asked = client.get(cancel_page(confirmed)).content.decode()
    client.post(cancel_page(confirmed), {"reason": "Flood", "fee": "25"})

    assert "Fee to keep" not in asked
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.due_minor) == (Status.CANCELLED, 0)
