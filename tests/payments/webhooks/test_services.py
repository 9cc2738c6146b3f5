"""The inbox: what is let in, what is kept, and that a message only ever means *look again*."""

import hashlib
import hmac
import json
import time

import pytest

from bookings.states import Status
from payments.models import LedgerTransaction, WebhookEvent
from payments.webhooks import services as webhooks
from tests.support.races import race

SECRET = "whsec_roomhold_test"
URL = "/webhooks/stripe/"


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def event(**more) -> dict:
    return {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": False,
        "data": {"object": {"id": "pi_unknown", "object": "payment_intent", "metadata": {}}}, **more,
    }  # fmt: skip


def post(client, body: bytes, header: str | None):
    headers = {} if header is None else {"Stripe-Signature": header}
    return client.post(URL, body, content_type="application/json", headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=abc,v1=00",
        "v1=00",
        lambda body: signed(body, secret="whsec_other"),
        lambda body: signed(body, at=time.time() - 600),
        lambda body: signed(body, at=time.time() + 600),
        lambda body: signed(body + b" "),
        lambda body: signed(body).replace("v1=", "v0="),
    ],
)
def test_webhook_not_truly_signed_is_refused_and_leaves_no_trace(client, header):
    body = json.dumps(event()).encode()

    response = post(client, body, header(body) if callable(header) else header)

    assert response.status_code == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
def test_webhook_without_a_configured_secret_is_refused(client, settings):
    settings.STRIPE_WEBHOOK_SECRETS = []
    body = json.dumps(event()).encode()

    assert post(client, body, signed(body, secret="")).status_code == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
def test_webhook_during_rotation_either_secret_counts(client, settings, secret):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    body = json.dumps(event()).encode()

    assert post(client, body, signed(body, secret=secret)).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b'{"object": "event"}',
        b"\xff\xfe",
        b'{"object":"event","id":"a\\u0000","type":"x"}',
    ],
)
def test_webhook_signed_nonsense_is_refused(client, body):
    assert post(client, body, signed(body)).status_code == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
def test_webhook_too_large_is_refused_unread(client, settings):
    body = b"x" * (settings.MAX_WEBHOOK_BYTES + 1)

    assert post(client, body, signed(body)).status_code == 413
    assert WebhookEvent.objects.count() == 0


@pytest.mark.django_db
def test_webhook_by_get_is_refused(client):
    assert client.get(URL).status_code == 405


@pytest.mark.django_db
def test_webhook_replayed_is_kept_once(client):
    body = json.dumps(event()).encode()

    assert post(client, body, signed(body)).status_code == 200
    assert post(client, body, signed(body)).status_code == 200

    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_webhook_thirty_two_times_at_once_is_kept_once():
    results = race(lambda _n: webhooks.receive(provider="stripe", event=event()))

    assert [result.error for result in results if result.error] == []
    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "ignored"),
        ({"type": "customer.created"}, "ignored"),
        ({"data": {"object": {"id": "pi_x", "metadata": {"booking_reference": "RHNOSUCH"}}}}, "parked"),
        (
            {"data": {"object": {"id": "pi_x", "metadata": {"booking_reference": "RH1", "payment_id": "7"}}}},
            "parked",
        ),
        ({"data": None}, "ignored"),
        ({"data": {"object": {"id": ["list"], "payment_intent": {"a": 1}}}}, "ignored"),
    ],
)
def test_message_about_nothing_of_ours_is_ignored_or_parked(change, outcome):
    webhooks.receive(provider="stripe", event=event(**change))

    webhooks.process(WebhookEvent.objects.get().pk)

    assert WebhookEvent.objects.get().outcome == outcome


def about(journey, kind: str = "payment_intent.amount_capturable_updated", **more) -> dict:
    payment = journey.payment
    metadata = {"booking_reference": journey.booking.reference, "payment_id": str(payment.public_id)}
    return event(id=f"evt_{kind}", type=kind, data={"object": {"id": "pi_new", "metadata": metadata}}, **more)


def test_message_with_our_metadata_finds_its_payment_before_the_intent_is_known(journey):
    journey.pay()
    webhooks.receive(provider="stripe", event=about(journey))

    webhooks.process(WebhookEvent.objects.get().pk)

    assert WebhookEvent.objects.get().outcome == "processed"
    assert journey.fresh.status == Status.PENDING_APPROVAL


def test_message_that_claims_a_capture_moves_nothing_the_provider_does_not_confirm(journey):
    journey.authorize()
    journey.approve()
    webhooks.receive(provider="stripe", event=about(journey, "payment_intent.succeeded"))

    webhooks.process(WebhookEvent.objects.get().pk)

    assert journey.fresh.status == Status.PENDING_APPROVAL
    assert not LedgerTransaction.objects.filter(kind="capture").exists()


def test_live_message_about_a_test_payment_is_parked(journey):
    journey.pay()
    webhooks.receive(provider="stripe", event=about(journey, livemode=True))

    webhooks.process(WebhookEvent.objects.get().pk)

    assert WebhookEvent.objects.get().outcome == "parked"
    assert journey.fresh.status == Status.PENDING_PAYMENT


def test_foreign_payment_that_carries_a_bookings_reference_is_parked(journey):
    """A one-unit payment with another booking's id in its metadata must not pay it."""
    journey.pay()
    forged = {
        "id": "pi_cheap",
        "metadata": {"booking_reference": journey.booking.reference, "payment_id": ""},
    }
    webhooks.receive(provider="stripe", event=event(data={"object": forged}))

    webhooks.process(WebhookEvent.objects.get().pk)

    assert WebhookEvent.objects.get().outcome == "parked"
    assert journey.fresh.status == Status.PENDING_PAYMENT


def test_messages_of_one_payment_share_one_look(journey):
    journey.pay()
    for kind in ("payment_intent.created", "charge.succeeded", "checkout.session.completed"):
        webhooks.receive(provider="stripe", event=about(journey, kind))
    for pk in WebhookEvent.objects.order_by("pk").values_list("pk", flat=True):
        webhooks.process(pk)

    assert journey.payment.fetch_started == 1
    notes = list(WebhookEvent.objects.order_by("pk").values_list("outcome", "note"))
    assert notes == [("processed", "")] + [("processed", "covered by a later look")] * 2


def test_provider_out_of_reach_leaves_the_message_waiting(journey):
    journey.pay()
    webhooks.receive(provider="stripe", event=about(journey))
    journey.fault("checkout.sessions.retrieve", "error_500")

    webhooks.process(WebhookEvent.objects.get().pk)

    waiting = WebhookEvent.objects.get()
    assert (waiting.outcome, waiting.attempts) == ("waiting", 1)
    journey.advance(minutes=1)
    webhooks.process(waiting.pk)
    assert WebhookEvent.objects.get().outcome == "processed"
