"""What a guest sees and is mailed of money on its way back: amount, status, the provider's id, the day to expect it."""

import re

import pytest
from django.test import Client

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from notifications.mail import render
from notifications.mail.catalog import messages_of
from payments.lifecycle import services as lifecycle
from payments.models import Credit, Refund
from payments.refunds import services as refund_services
from tests.payments.paying import confirmed, paid_by_hand
from tests.payments.refunds.test_services import PENDING_CARD
from tests.support import factories


def staff():
    return member_actor(factories.staff())


def page(booking) -> str:
    client = Client()
    client.get(booking.secret_path)
    return re.sub(r"\s+", " ", client.get(booking.get_absolute_url()).content.decode())


def mails(booking, verb: str) -> list[render.Letter]:
    event = booking.events.filter(verb=verb).latest("version")
    return [render.write(message, booking, event) for message in messages_of(event)]


def test_refund_on_its_way_is_not_called_returned(journey):
    confirmed(journey, card=PENDING_CARD)
    refund_services.refund(
        booking_id=journey.booking.pk, actor=staff(), amount_minor=4_550, reason="Broken shower"
    )
    journey.work()

    shown = page(journey.fresh)
    refund = journey.payment.refunds.get()
    assert "€45.50</strong> · On its way back to your card" in shown
    assert "Not confirmed yet. Your bank shows it by" in shown
    assert refund.provider_ref in shown
    assert "Returned to your card" not in shown
    assert not journey.booking.events.filter(verb="refund_confirmed").exists()


def test_refund_mail_when_started_names_amount_rest_and_reason(journey):
    confirmed(journey, card=PENDING_CARD)
    refund_services.refund(
        booking_id=journey.booking.pk, actor=staff(), amount_minor=4_550, reason="Broken shower"
    )

    mail = mails(journey.fresh, "adjust")[0]

    assert mail.subject.startswith(f"Your refund - {journey.booking.reference} · €45.50 on its way, ")
    assert "€45.50 of your booking" in mail.text
    assert "€154.50 stays paid." in mail.text
    assert "Broken shower" in mail.text
    assert "Your bank shows it by" in mail.text


def test_refund_mail_when_confirmed_names_amount_and_id(journey):
    confirmed(journey)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    mail = mails(journey.fresh, "refund_confirmed")[0]
    refund = journey.payment.refunds.get()

    assert mail.subject.startswith(f"Refund confirmed - {journey.booking.reference} · €200.00 refunded, ")
    assert "€200.00" in mail.text
    assert "the payment provider has confirmed it" in mail.text
    assert refund.provider_ref in mail.text
    shown = page(journey.fresh)
    assert "€200.00</strong> · Returned to your card" in shown
    assert "Confirmed by Stripe on" in shown
    assert refund.provider_ref in shown


def test_released_hold_shows_the_providers_payment_and_the_last_day(journey):
    journey.authorize()
    journey.decline()
    journey.work()

    shown = page(journey.fresh)
    assert "€200.00</strong> · Hold released" in shown
    assert "Confirmed by Stripe on" in shown
    assert journey.payment.provider_ref in shown
    assert "The hold leaves your statement by" in shown


@pytest.mark.django_db
def test_credit_is_mailed_and_its_code_stands_on_the_guests_page_alone(client):
    booking = paid_by_hand()
    refund_services.refund(
        booking_id=booking.pk, actor=staff(), amount_minor=3_000, reason="Noise", as_credit=True
    )
    booking.refresh_from_db()
    code = Credit.objects.get().code

    mail = mails(booking, "credit_given")[0]
    client.force_login(factories.host(venue=booking.venue))
    hosts_page = client.get(f"/admin/bookings/booking/{booking.pk}/change/").content.decode()

    assert "You have a credit of €30.00" in mail.text
    assert mails(booking, "adjust") == []
    assert code in page(booking)
    assert code not in hosts_page


@pytest.mark.django_db
def test_refund_paid_by_hand_is_told_with_its_transfer_number():
    booking = paid_by_hand()
    refund_services.refund(booking_id=booking.pk, actor=staff(), amount_minor=3_000, reason="Noise")
    lifecycle.settle(booking.pk)
    before = page(booking)
    refund = Refund.objects.get()
    refund_services.paid_by_hand(
        refund_id=refund.pk,
        actor=staff(),
        reference="SEPA 4711",
        paid_date=refund.created_at.date(),
        reason="Sent",
    )
    booking.refresh_from_db()

    mail = mails(booking, "refund_confirmed")[0]
    assert "€30.00</strong> · To be paid back by our staff" in before
    assert "has been paid back to you by our staff" in mail.text
    assert "SEPA 4711" in mail.text
    assert "€30.00</strong> · Paid back by our staff" in page(booking)
    assert "SEPA 4711" in page(booking)


@pytest.mark.django_db
def test_payment_step_takes_a_credits_code_and_says_what_is_left_to_pay(client):
    paid = paid_by_hand()
    refund_services.refund(
        booking_id=paid.pk, actor=staff(), amount_minor=4_000, reason="Noise", as_credit=True
    )
    code = Credit.objects.get().code
    booking = factories.booking(room=factories.room(approval="none"))
    client.get(booking.secret_path)

    wrong = client.post(f"/bookings/{booking.reference}/credit/", {"code": "NOPE"})
    right = client.post(f"/bookings/{booking.reference}/credit/", {"code": code}, follow=True)

    assert wrong.status_code == 422
    assert 'value="NOPE" aria-invalid="true"' in wrong.content.decode()
    assert 'id="credit-code-error"><li>There is no credit with this code.</li>' in wrong.content.decode()
    assert "€40.00 is paid with your credit" in right.content.decode()
    assert "Pay €60.00" in right.content.decode()


@pytest.mark.django_db
def test_credit_refused_where_nothing_is_left_to_pay_is_told_at_the_top(client):
    booking = paid_by_hand()
    client.get(booking.secret_path)

    page = client.post(f"/bookings/{booking.reference}/credit/", {"code": "NOPE"}, follow=True)

    assert page.redirect_chain == [(booking.get_absolute_url(), 302)]
    assert 'class="messages"' in page.content.decode()
    assert "credit-code" not in page.content.decode()


@pytest.mark.django_db
def test_api_tells_refunds_and_the_guest_alone_the_code():
    booking = paid_by_hand()
    refund_services.refund(
        booking_id=booking.pk, actor=staff(), amount_minor=4_000, reason="Noise", as_credit=True
    )
    from tests.api.callers import as_guest_of, as_user

    guest = as_guest_of(booking).get(f"bookings/{booking.reference}").json()
    host = as_user(factories.host(venue=booking.venue)).get(f"bookings/{booking.reference}").json()

    assert [(one["amount_minor"], one["status"], one["label"]) for one in guest["refunds"]] == [
        (4_000, "succeeded", "Given as a credit")
    ]
    assert guest["credits"][0]["code"] == Credit.objects.get().code
    assert host["credits"] == []


@pytest.mark.django_db
def test_cancel_after_a_goodwill_refund_returns_only_the_rest():
    from tests.api.callers import as_guest_of

    booking = paid_by_hand()
    refund_services.refund(booking_id=booking.pk, actor=staff(), amount_minor=4_000, reason="Noise")
    address = f"bookings/{booking.reference}/cancel"

    asked = as_guest_of(booking).post(address, {"dry_run": True}).json()
    done = as_guest_of(booking).post(address, {}).json()
    again = as_guest_of(booking).post(address, {}).json()

    assert (asked["fee_minor"], asked["returned_minor"], asked["status"]) == (0, 6_000, "CONFIRMED")
    assert [(step["percent"], step["returned_minor"]) for step in asked["schedule"]] == [(100, 6_000), (0, 0)]
    assert (done["fee_minor"], done["returned_minor"], done["status"]) == (0, 6_000, "CANCELLED")
    assert again["returned_minor"] == 6_000


@pytest.mark.django_db
def test_guest_hears_nothing_of_a_refund_that_failed_but_that_staff_care():
    booking = paid_by_hand()
    refund_services.refund(booking_id=booking.pk, actor=staff(), amount_minor=3_000, reason="Noise")
    lifecycle.settle(booking.pk)
    Refund.objects.update(status="failed")

    assert "our staff take care of it" in page(booking)
