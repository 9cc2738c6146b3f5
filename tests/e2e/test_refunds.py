"""Money given back in the browser: a refund with its reason, a credit, and a whole session cancelled."""

import datetime as dt
import re

import pytest

from bookings.actors import member_actor
from bookings.models import BulkCancellation
from bookings.states import Status
from core import clock
from payments.models import Credit
from payments.refunds import services as refund_services
from rooms import services as rooms
from tests.e2e.people import DESKTOP, PHONE, Host
from tests.flows.journey import wait_for
from tests.payments.paying import paid_by_hand
from tests.support import factories

SCREENS = [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]
# Refunds stay pending for an hour with it.
PENDING = "4000 0000 0000 7726"


def open_booking(host: Host, journey) -> None:
    host.open(f"/admin/bookings/booking/{journey.booking.pk}/change/")


def test_host_refunds_in_part_and_the_guest_follows_it_to_the_bank(guest, enter, journey):
    host = enter(Host)
    guest.book()
    guest.pay(PENDING)
    guest.heads("Your money is held, not taken")
    guest.click("See your booking", "link")
    journey.approve()
    guest.heads("You're booked")

    host.log_in()
    open_booking(host, journey)
    host.click("Refund…", "link")
    host.expects("422")  # the refusal itself
    host.page.get_by_label("Amount (EUR)").fill("1000")
    host.fill_in_reason("The shower was broken.")
    host.click("Preview")
    host.sees("At most €200.00.")
    host.page.get_by_label("Amount (EUR)").fill("45.50")
    host.checks("host-refund", guest_page=False)
    host.click("Preview")
    host.sees("€45.50 goes back to Ada Guest")
    host.checks("host-refund-preview", guest_page=False)
    host.click("Give €45.50 back")
    host.sees("€45.50 goes back to the guest")

    guest.sees("On its way back to your card")
    guest.sees("The shower was broken.")
    guest.checks("booking-refund-pending", full=True)
    wait_for(lambda: journey.payment.refunds.exists())
    journey.advance(hours=2)
    guest.sees("Returned to your card", timeout=60_000)
    guest.checks("booking-refund-confirmed", full=True)
    guest.open_mail(f"Refund confirmed - {journey.reference}")
    assert journey.at_provider()["refunded_minor"] == 4_550
    assert journey.booking.due_minor == 15_450


@pytest.mark.parametrize("screen", SCREENS)
def test_refund_form_and_queue_fit_every_screen(enter, journey, screen):
    booking = paid_by_hand(room=factories.room(venue=journey.room.venue, approval="none"))
    host = enter(Host, **screen)
    host.log_in(factories.staff().email)

    host.open(f"/admin/payments/refund/give/{booking.pk}/")
    host.page.get_by_label("Amount (EUR)").fill("30")
    host.fill_in_reason("Noise from the street.")
    host.click("Preview")
    host.sees("€30.00 goes back to Ada Guest")
    host.checks("host-refund-preview", guest_page=False)
    host.click("Give €30.00 back")
    host.sees("€30.00 goes back to the guest")
    wait_for(lambda: booking.payments.get().refunds.exists())
    host.open("/admin/payments/refund/queue/")
    host.sees(booking.reference)
    host.checks("refund-queue", guest_page=False)
    host.click("Give a credit", "link")
    host.sees("The guest gets a credit of €30.00")
    host.checks("refund-as-credit", guest_page=False)
    host.page.get_by_label("Reason").fill("The account is closed.")
    host.click("Give a credit")
    host.sees("The guest has a credit.")
    assert Credit.objects.get(booking=booking).amount_minor == 3_000


def test_guest_pays_a_booking_in_part_with_a_credit(guest, journey):
    paid = paid_by_hand(room=factories.room(venue=journey.room.venue, approval="none"))
    refund_services.refund(
        booking_id=paid.pk,
        actor=member_actor(factories.staff()),
        amount_minor=5_000,
        reason="Noise",
        as_credit=True,
    )
    code = Credit.objects.get(booking=paid).code
    guest.book()
    guest.leaves_pay_page()
    guest.page.get_by_text("Pay with a credit").click()
    guest.page.get_by_label("Code of your credit").fill(code.lower())
    guest.checks("booking-credit", full=True)
    guest.click("Use this credit")
    guest.sees("€50.00 is paid with your credit.")
    guest.click(re.compile("Place the hold of €150.00"))
    guest.pay()
    guest.heads("Your money is held, not taken")
    journey.approve()
    wait_for(lambda: journey.booking.status == Status.CONFIRMED)
    assert journey.at_provider()["captured_minor"] == 15_000


@pytest.mark.parametrize("screen", SCREENS)
def test_host_cancels_a_whole_session_and_watches_it(enter, journey, screen):
    room = journey.sell("workshop", capacity=12)
    starts_at = clock.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=6)
    session = rooms.add_session(
        room_id=room.pk,
        title="Tile Painting",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2),
        capacity=9,
    )
    for _ in range(4):
        paid_by_hand(room=room, session=session)
    host = enter(Host, **screen)
    host.log_in()

    host.open("/admin/rooms/session/")
    host.click("Cancel the session…", "link")
    host.sees("€400.00")
    host.checks("session-cancel", guest_page=False)
    host.page.get_by_label("Reason, for the guests to read").fill("The teacher is ill.")
    host.click("Cancel the session")
    host.sees("4 of 4 cancelled")
    host.checks("session-cancelled", guest_page=False)
    assert BulkCancellation.objects.get(session=session).finished_at is not None


def test_host_closes_dates_that_hold_a_booking(enter, journey):
    room = factories.room(venue=journey.room.venue, name="Garden Single", approval="none")
    booking = paid_by_hand(room=room, days_ahead=12)
    host = enter(Host)
    host.log_in()
    day = booking.starts_at.astimezone(room.venue.zone).date()

    host.open(f"/admin/bookings/bulkcancellation/close/{room.pk}/?first={day}&last={day}")
    host.sees("These dates are closed at once.")
    host.checks("dates-close", guest_page=False)
    host.page.get_by_label("Reason, for the guests to read").fill("The roof leaks.")
    host.click(re.compile("Close the dates and cancel"))
    host.sees("1 of 1 cancelled")
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
