"""An appointment's hold, taken in part or ended by hand; and the fee of a late cancellation that is taken from it."""

import pytest
from django.test import Client
from django.urls import reverse

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from payments.manual import services as manual
from payments.models import Drift
from payments.reconciliation import services as discrepancies
from rooms.models import Room
from tests.payments.conftest import Journey
from tests.payments.dashboards import dashboard, externals, ours
from tests.support import factories
from tests.support.invariants import check_quiet
from tests.support.pages import text


@pytest.fixture
def appointment(sandbox) -> Journey:
    """A journey whose appointment is confirmed and held, and begins within the hours of half a fee."""
    journey = Journey(sandbox)
    journey.room = factories.room(kind=Room.Kind.EXPERT)
    journey.room.policy = factories.policy(venue=journey.room.venue, tiers=[{"hours": 0, "percent": 50}])
    journey.room.save()
    journey.host = factories.host(venue=journey.room.venue)
    journey.booking = factories.booking(room=journey.room, days_ahead=1)
    journey.authorize()
    return journey


def test_part_of_an_appointments_hold_captured_in_the_dashboard_is_all_that_is_due(appointment):
    dashboard(appointment, "capture", amount_minor=5_000)
    appointment.work()

    assert (appointment.fresh.status, appointment.fresh.due_minor) == (Status.CONFIRMED, 5_000)
    assert ours(appointment, "capture") == 0
    check_quiet(appointment.sandbox)


def cancel_late(journey) -> int:
    """The guest cancels; returns the fee."""
    return bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor()).due_minor


def test_fee_taken_from_the_hold_is_not_told_as_a_payment_that_came_too_late(appointment):
    fee_minor = cancel_late(appointment)
    appointment.work()

    assert (appointment.payment.status, appointment.payment.captured_minor) == ("CAPTURED", fee_minor)
    assert fee_minor > 0
    assert not appointment.fresh.events.filter(verb="payment_late").exists()
    check_quiet(appointment.sandbox)


def lost_fees() -> list[tuple[str, str]]:
    return list(Drift.objects.filter(kind="fee").values_list("ours", "state"))


def by_dashboard(journey) -> None:
    dashboard(journey, "cancel")


def by_time(journey) -> None:
    journey.advance(days=8)
    journey.sync()


@pytest.mark.parametrize("end_hold", [by_dashboard, by_time])
def test_fee_whose_hold_ended_before_it_was_taken_stays_due_and_is_flagged_once(appointment, end_hold):
    cancel_late(appointment)
    end_hold(appointment)
    appointment.work()
    appointment.sync()

    assert (appointment.fresh.status, appointment.fresh.due_minor) == (Status.CANCELLED, 5_000)
    assert lost_fees() == [("€50.00 of €50.00 missing", "open")]
    check_quiet(appointment.sandbox)


def test_fee_of_a_booking_whose_hold_had_ended_before_is_flagged(appointment):
    dashboard(appointment, "cancel")
    cancel_late(appointment)
    appointment.work()

    assert lost_fees() == [("€50.00 of €50.00 missing", "open")]
    check_quiet(appointment.sandbox)


def test_part_of_a_fee_captured_in_the_dashboard_leaves_the_rest_due_and_flagged(appointment):
    cancel_late(appointment)
    dashboard(appointment, "capture", amount_minor=1_000)
    appointment.work()

    assert (appointment.fresh.due_minor, appointment.payment.captured_minor) == (5_000, 1_000)
    assert externals() == [("€10.00 captured", "open")]
    assert lost_fees() == [("€40.00 of €50.00 missing", "open")]
    check_quiet(appointment.sandbox)


def test_waived_fee_leaves_only_what_was_taken_due(appointment):
    staff = factories.staff()
    cancel_late(appointment)
    dashboard(appointment, "capture", amount_minor=1_000)
    appointment.work()
    drift = discrepancies.mend(Drift.objects.get(kind="fee").pk, by=staff)

    assert (drift.state, drift.closed_by, appointment.fresh.due_minor) == ("mended", staff, 1_000)
    assert appointment.fresh.events.get(verb="adjust").actor == staff
    check_quiet(appointment.sandbox)


def test_page_of_a_lost_fee_leads_to_recording_its_payment(appointment):
    client = Client()
    client.force_login(factories.staff())
    cancel_late(appointment)
    dashboard(appointment, "cancel")
    appointment.work()
    record = reverse("admin:payments_offlinepayment_record", args=[appointment.booking.pk])

    shown = text(client.get(reverse("admin:payments_drift_change", args=[Drift.objects.get(kind="fee").pk])))

    assert f'href="{record}">Record a payment…</a>' in shown
    assert "Waive what is missing" in shown
    assert "€50.00" in text(client.get(record))


def test_fee_paid_by_hand_closes_its_flag(appointment):
    cancel_late(appointment)
    dashboard(appointment, "cancel")
    appointment.work()
    paid = {"actor": member_actor(appointment.host), "method": "transfer", "reference": "R-1"}
    for amount_minor, state in ((2_000, "open"), (3_000, "mended")):
        manual.record(
            booking_id=appointment.booking.pk,
            amount_minor=amount_minor,
            received_date=clock.now().date(),
            **paid,
        )
        assert lost_fees() == [("€50.00 of €50.00 missing", state)]
    check_quiet(appointment.sandbox)
