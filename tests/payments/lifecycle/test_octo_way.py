"""Paying with Octo in one stage, through the services and the site's webhook, against the sandbox over HTTP."""

import json

import pytest
from django.test import Client

from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments import tasks
from payments.models import Payment, PaymentSettings, WebhookEvent
from payments.providers.base import Misconfigured, Unavailable
from tests.payments.octo_way import OctoJourney, octo_venue, own_account
from tests.support.invariants import check_always, check_quiet

DECLINED = "4000000000000002"
TOTAL = 240_000_000


@pytest.fixture(autouse=True)
def _invariants(octo_sandbox):
    yield
    check_always()


def outcomes() -> list[tuple[str, str]]:
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", "note"))


# --- paid, and heard of in every way -----------------------------------------------------------------------------


def test_paid_and_confirmed_by_the_callback(octo):
    octo.payable()
    assert octo.pay()["result"] == "succeeded"
    assert octo.deliver() == [200]
    octo.work()

    booking, payment = octo.fresh, octo.payment
    assert booking.status == Status.CONFIRMED
    assert (payment.provider, payment.status, payment.captured_minor) == ("octo", "CAPTURED", TOTAL)
    assert (payment.is_two_stage, payment.is_live, payment.account) == (False, False, None)
    assert payment.session_ref == f"{booking.reference}-checkout-1"
    assert outcomes() == [("processed", "")]
    check_quiet(octo.sandbox)


def test_callbacks_answer_decides_nothing(octo):
    octo.payable().pay()
    octo.receiver.wait(1)

    answer = octo.post(octo.receiver.got[0][1])

    assert (answer.status_code, answer.json()) == (200, {})


def test_paid_and_confirmed_by_the_return_page(octo):
    url = octo.payable().pay()["return_url"]
    guest = Client()
    guest.get(octo.booking.secret_path)
    page = guest.get(url.removeprefix(octo.receiver.url.removesuffix("/webhooks/")))

    assert url.endswith("?octo_status=succeeded")
    assert (page.status_code, page.context["outcome"]) == (200, "confirmed")
    assert octo.fresh.status == Status.CONFIRMED
    check_quiet(octo.sandbox)


def test_return_page_believes_no_address(octo):
    octo.payable().checkout()
    guest = Client()
    guest.get(octo.booking.secret_path)
    page = guest.get(f"/bookings/{octo.booking.reference}/return/?octo_status=succeeded")

    assert page.context["outcome"] == "working"
    assert octo.fresh.status == Status.PENDING_PAYMENT


def test_paid_and_the_callback_lost_is_confirmed_by_the_sweep(octo):
    octo.sandbox.control("webhooks", {"mode": "drop"})
    octo.payable().pay()
    octo.advance(minutes=1)
    tasks.sweep_open_payments()

    assert octo.fresh.status == Status.CONFIRMED
    assert WebhookEvent.objects.count() == 0
    check_quiet(octo.sandbox)


def test_callback_thirty_two_times_counts_once(octo):
    octo.payable().pay()
    assert octo.deliver(times=32) == [200] * 32
    octo.work()

    assert outcomes() == [("processed", "")]
    assert octo.fresh.events.filter(verb="confirm").count() == 1
    check_quiet(octo.sandbox)


def test_declined_card_is_told_and_the_next_try_is_a_payment_of_its_own(octo):
    octo.payable()
    assert octo.pay(DECLINED)["result"] == "declined"
    octo.deliver()
    octo.work()
    first = octo.payment
    assert (first.status, first.failure_code) == ("FAILED", "canceled")
    assert octo.fresh.status == Status.PENDING_PAYMENT

    octo.authorize()

    assert octo.fresh.status == Status.CONFIRMED
    assert octo.payment.session_ref == f"{octo.booking.reference}.2-checkout-1"
    check_quiet(octo.sandbox)


def test_answer_to_opening_lost_is_resumed_and_opens_one_payment(octo):
    octo.payable()
    octo.fault("prepare_payment", "timeout_after")
    with pytest.raises(Unavailable):
        octo.checkout()
    octo.advance(minutes=1)
    tasks.sweep_operations()

    assert octo.effects["create"] == 1
    octo.authorize()
    assert octo.fresh.status == Status.CONFIRMED
    check_quiet(octo.sandbox)


def test_callback_before_the_opening_is_known_waits_and_is_then_processed(octo):
    octo.payable()
    octo.fault("prepare_payment", "timeout_after")
    with pytest.raises(Unavailable):
        octo.checkout()
    octo.call_back(status="succeeded")
    assert octo.deliver() == [200]
    tasks.sweep_webhooks()
    assert [outcome for outcome, _ in outcomes()] == ["waiting"]

    octo.advance(minutes=1)
    octo.work()
    octo.advance(minutes=1)
    octo.work()

    assert [outcome for outcome, _ in outcomes()] == ["processed"]
    assert octo.fresh.status == Status.PENDING_PAYMENT


# --- bad messages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged",
    [{"signature": "0" * 40}, {"signature": "ABD07152EB78FB6434AEC31EE17BE442E7B403D0"}],
    ids=["zeros", "of another payment"],
)
def test_forged_callback_is_refused_without_a_trace(octo, forged):
    octo.payable().checkout()
    octo.call_back(status="succeeded", **forged)

    assert octo.deliver() == [400]
    assert WebhookEvent.objects.count() == 0
    assert (octo.fresh.status, octo.payment.status) == (Status.PENDING_PAYMENT, "CREATED")


def test_callback_signed_by_another_shop_is_refused(octo, octo_sandbox, receiver):
    other = OctoJourney(octo_sandbox, receiver)
    own_account(other.room.venue, octo_sandbox, 77)
    other.payable().checkout()
    other.call_back(shop_transaction_id=octo_opened(octo))

    assert octo.deliver() == [400]
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("forged", "what"),
    [
        ({"total_sum": 1.0, "status": "succeeded"}, "amount"),
        ({"total_sum": 2_400_000.01, "status": "succeeded"}, "amount"),
    ],
)
def test_altered_amount_with_a_true_signature_is_parked_and_moves_nothing(octo, forged, what):
    octo.payable().checkout()
    octo.call_back(**forged)

    assert octo.deliver() == [200]
    octo.work()

    assert outcomes() == [("parked", f"the callback names another {what}")]
    assert (octo.fresh.status, octo.payment.captured_minor) == (Status.PENDING_PAYMENT, 0)


def test_true_signature_with_another_bookings_transaction_is_parked(octo, octo_sandbox, receiver):
    other = OctoJourney(octo_sandbox, receiver)
    other.payable().pay()
    other.sync()
    receiver.forget()
    octo.payable().checkout()
    octo.call_back(status="succeeded", shop_transaction_id=other.payment.session_ref)

    assert octo.deliver() == [200]
    octo.work()

    assert [outcome for outcome, _ in outcomes()] == ["parked"]
    assert octo.fresh.status == Status.PENDING_PAYMENT


def test_callback_that_runs_ahead_of_the_truth_only_makes_us_look(octo):
    octo.payable().checkout()
    octo.call_back(status="succeeded")

    assert octo.deliver() == [200]
    octo.work()

    assert outcomes() == [("processed", "")]
    assert (octo.fresh.status, octo.payment.status) == (Status.PENDING_PAYMENT, "CREATED")


def test_status_nobody_knows_changes_nothing(octo):
    octo.payable().checkout()
    octo.call_back(status="process_action")

    assert octo.deliver() == [200]
    octo.work()

    assert (octo.fresh.status, octo.payment.status) == (Status.PENDING_PAYMENT, "CREATED")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b"<html></html>", b'{"signature": 1}', b'{"a":' * 3000],
)
def test_what_is_no_callback_is_refused(octo, body):
    assert octo.post(body).status_code == 400
    assert WebhookEvent.objects.count() == 0


def test_callback_too_large_is_refused(octo, settings):
    settings.MAX_WEBHOOK_BYTES = 500

    assert octo.post(b"x" * 501).status_code == 413


def test_callback_is_kept_without_card_phone_or_signature(octo):
    octo.payable().pay("4242424242424242")
    octo.deliver()

    kept = json.dumps(WebhookEvent.objects.get().payload)
    said = json.loads(octo.receiver.got[0][1])
    for name in ("maskedPan", "rrn", "signature", "hash_key"):
        assert str(said[name]) not in kept


# --- whose account ------------------------------------------------------------------------------------------------


def test_two_venues_are_paid_into_their_own_shops(octo_sandbox, receiver):
    first, second = OctoJourney(octo_sandbox, receiver), OctoJourney(octo_sandbox, receiver)
    accounts = [own_account(one.room.venue, octo_sandbox, 70 + n) for n, one in enumerate([first, second])]
    for journey in (first, second):
        journey.payable().pay()
    assert first.deliver(count=2) == [200, 200]
    first.work()

    assert [one.payment.account for one in (first, second)] == accounts
    assert [one.fresh.status for one in (first, second)] == [Status.CONFIRMED] * 2
    check_quiet(octo_sandbox)


def test_other_shop_set_meanwhile_ends_the_payment_with_the_shop_it_began_with(octo, octo_sandbox):
    old = own_account(octo.room.venue, octo_sandbox, 70)
    octo.payable().pay()
    new = own_account(octo.room.venue, octo_sandbox, 71)
    assert octo.deliver() == [200]
    octo.work()

    assert (octo.fresh.status, octo.payment.account) == (Status.CONFIRMED, old)
    assert PaymentSettings.objects.get(venue=octo.room.venue).octo_account == new
    bookings.cancel(booking_id=octo.booking.pk, actor=guest_actor(), reason="")
    octo.work()
    assert octo.theirs[0]["refunded_minor"] == TOTAL
    check_quiet(octo_sandbox)


def test_keys_replaced_in_the_middle_of_a_payment_are_used_from_then_on(octo, octo_sandbox):
    account = own_account(octo.room.venue, octo_sandbox, 70)
    octo.payable().checkout()
    octo_sandbox.control("octo/shops", {"shop_id": 70, "secret": "newer", "unique_key": "newer-key"})
    account.secret, account.unique_key = "newer", "newer-key"
    account.save()
    octo.pay()
    assert octo.deliver() == [200]
    octo.work()

    assert octo.fresh.status == Status.CONFIRMED
    check_quiet(octo_sandbox)


def test_payment_of_another_amount_than_octo_has_is_flagged_and_moves_nothing(octo):
    octo.payable().checkout()
    Payment.objects.update(amount_minor=TOTAL - 1)
    octo.pay()
    octo.sync()

    assert octo.payment.mismatch == f"amount: {TOTAL}, not {TOTAL - 1}"
    assert (octo.fresh.status, octo.payment.captured_minor) == (Status.PENDING_PAYMENT, 0)


def test_keys_card_and_signature_stay_out_of_the_log(octo_sandbox, receiver, caplog, capfd):
    octo = OctoJourney(octo_sandbox, receiver)
    account = own_account(octo.room.venue, octo_sandbox, 70, secret="secret-canary", key="unique-canary")
    octo.payable()
    octo.fault("prepare_payment", "error_500")
    with pytest.raises(Unavailable):
        octo.checkout()
    octo.advance(minutes=1)
    octo.work()
    octo.pay("4242424242424242")
    octo.call_back(signature="0" * 40)
    assert octo.deliver(count=2) == [200, 400]
    account.secret = "another-canary"
    account.save()
    with pytest.raises(Misconfigured):
        octo.sync()

    said = caplog.text + "".join(capfd.readouterr())
    genuine = json.loads(receiver.got[0][1])
    for canary in ("canary", genuine["signature"], genuine["hash_key"], genuine["maskedPan"], genuine["rrn"]):
        assert canary not in said


def test_dollars_are_paid_with_octo_too(octo_sandbox, receiver):
    journey = OctoJourney(octo_sandbox, receiver, octo_venue(currency="USD"), price_minor=10_333)
    journey.payable().pay("4242424242424242")
    journey.deliver()
    journey.work()

    assert (journey.fresh.status, journey.payment.captured_minor) == (Status.CONFIRMED, 30_999)
    check_quiet(octo_sandbox)


def octo_opened(journey: OctoJourney) -> str:
    journey.payable().checkout()
    return journey.payment.session_ref
