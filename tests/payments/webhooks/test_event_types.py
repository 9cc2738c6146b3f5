"""Every type of message of Stripe's we follow: its real body finds its payment, and means only *look again*."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from payments.models import Dispute, Drift, Payment, WebhookEvent
from payments.webhooks import services as webhooks
from payments.webhooks import stripe as stripe_inbox
from tests.support.invariants import check_always, check_quiet

FAILING_REFUND, DISPUTED = "4000000000005126", "4000000000000259"


@pytest.fixture(autouse=True)
def _invariants(sandbox):
    yield
    check_always()


def events_of(journey) -> list[dict[str, Any]]:
    """Return what the sandbox would have sent, oldest first, as its events interface tells it."""
    address = f"{journey.sandbox.base}/v1/events?limit=100"
    request = urllib.request.Request(address, headers={"Authorization": "Bearer sk_test_roomhold"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())["data"][::-1]


def bring(event: dict[str, Any]) -> WebhookEvent:
    """Let a message arrive and a worker take it."""
    webhooks.receive(provider="stripe", event=event)
    row = WebhookEvent.objects.get(event_id=event["id"])
    webhooks.process(row.pk)
    row.refresh_from_db()
    return row


# --- what happens at the provider while nobody tells us -------------------------------------------------------


def held(journey) -> None:
    journey.pay()


def captured_there(journey, card: str = "4242424242424242") -> None:
    journey.pay(card)
    journey.sync()
    journey.sandbox.control(
        "dashboard", {"action": "capture", "payment_intent": journey.payment.provider_ref}
    )
    journey.advance(seconds=5)  # charge.updated comes a little later


def card_declined(journey) -> None:
    journey.pay("4000000000000002")


def page_expired(journey) -> None:
    journey.checkout()
    journey.advance(minutes=40)


def canceled_there(journey) -> None:
    journey.pay()
    journey.sandbox.control("dashboard", {"action": "cancel", "payment_intent": journey.theirs[0]["id"]})


def hold_lapsed(journey) -> None:
    journey.pay()
    journey.advance(days=8)


def refunded_there(journey) -> None:
    captured_there(journey)
    order = {"action": "refund", "payment_intent": journey.payment.provider_ref, "amount_minor": 5_000}
    journey.sandbox.control("dashboard", order)


def refund_failed(journey) -> None:
    captured_there(journey, FAILING_REFUND)
    order = {"action": "refund", "payment_intent": journey.payment.provider_ref, "amount_minor": 5_000}
    journey.sandbox.control("dashboard", order)
    journey.advance(days=2)


def disputed_and_won(journey) -> None:
    captured_there(journey, DISPUTED)
    journey.sandbox.control("dispute", {"payment_intent": journey.payment.provider_ref, "resolve": "won"})


STORIES: dict[Callable, set[str]] = {
    held: {"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
           "checkout.session.completed"},
    captured_there: {"charge.captured", "payment_intent.succeeded", "charge.updated"},
    card_declined: {"charge.failed", "payment_intent.payment_failed"},
    page_expired: {"checkout.session.expired"},
    canceled_there: {"payment_intent.canceled"},
    hold_lapsed: {"charge.expired", "payment_intent.canceled"},
    refunded_there: {"refund.created", "charge.refunded"},
    refund_failed: {"refund.failed", "refund.updated", "charge.refund.updated"},
    disputed_and_won: {"charge.dispute.created", "charge.dispute.funds_withdrawn",
                       "charge.dispute.funds_reinstated", "charge.dispute.closed"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("story", "types"), STORIES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_each_message_finds_its_payment_and_all_of_them_in_the_wrong_order_end_right(journey, story, types):
    story(journey)
    events = events_of(journey)
    assert types <= {event["type"] for event in events}
    payment = Payment.objects.get()

    rows = [bring(event) for event in reversed(events)]

    assert {(row.type, row.outcome, row.payment_id) for row in rows} == {
        (event["type"], "processed", payment.pk) for event in events
    }
    journey.sync()
    journey.work()
    check_quiet(journey.sandbox)


@pytest.mark.parametrize("kind", sorted({kind for types in STORIES.values() for kind in types}))
def test_message_alone_is_enough_to_learn_what_happened(journey, kind):
    """Every other message is lost."""
    story = next(story for story, types in STORIES.items() if kind in types)
    story(journey)
    event = [event for event in events_of(journey) if event["type"] == kind][-1]

    assert bring(event).outcome == "processed"

    payment, books = Payment.objects.get(), journey.sandbox.control("books")["stripe"]
    for theirs in books["payments"]:
        assert payment.captured_minor == theirs["captured_minor"]
        assert (
            sum(r.amount_minor for r in payment.refunds.exclude(status="failed")) == theirs["refunded_minor"]
        )
    assert Dispute.objects.count() == len(books["disputes"])


@pytest.mark.parametrize(
    "kind", ["checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed"]
)
def test_message_of_a_payment_that_takes_days_means_look_again(journey, kind):
    journey.pay()
    completed = next(event for event in events_of(journey) if event["type"] == "checkout.session.completed")

    row = bring(completed | {"id": "evt_async", "type": kind})

    assert (row.outcome, journey.payment.status) == ("processed", "AUTHORIZED")


def test_message_of_a_payment_not_known_here_yet_is_set_aside_and_the_sweep_finds_all(journey):
    """Refunds and disputes carry the payment's id alone, which only a look at the pay page tells us."""
    journey.pay(DISPUTED)
    ref = journey.theirs[0]["id"]
    journey.sandbox.control("dashboard", {"action": "capture", "payment_intent": ref})
    created = next(event for event in events_of(journey) if event["type"] == "charge.dispute.created")

    assert bring(created).note == "not a payment of ours"
    journey.advance(minutes=1)
    journey.work()
    assert Dispute.objects.get().status == "needs_response"


def test_message_of_a_dispute_before_the_capture_is_known_here_opens_the_case(journey):
    journey.pay(DISPUTED)
    journey.sync()
    journey.sandbox.control(
        "dashboard", {"action": "capture", "payment_intent": journey.payment.provider_ref}
    )
    created = next(event for event in events_of(journey) if event["type"] == "charge.dispute.created")

    assert bring(created).outcome == "processed"
    assert (journey.payment.status, Dispute.objects.get().status) == ("CAPTURED", "needs_response")


# --- what is not followed, and what is not true ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("payout.paid", "about money between Stripe and our own bank"),
        ("payout.failed", "about money between Stripe and our own bank"),
        ("account.application.deauthorized", "about a change of an account that moves no money"),
        ("customer.created", "not about a payment"),
        ("invoice.paid", "not about a payment"),
        ("", "not about a payment"),
    ],
)
def test_message_of_a_kind_not_followed_is_ignored_with_its_reason(kind, note, db):
    found = stripe_inbox.subject_of({"type": kind, "livemode": False, "data": {"object": {"id": "x_1"}}})

    assert found == stripe_inbox.Subject(ignored=note)


def captured_event(journey) -> dict[str, Any]:
    captured_there(journey)
    return next(event for event in events_of(journey) if event["type"] == "payment_intent.succeeded")


def with_object(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return event | {"data": {"object": event["data"]["object"] | changes}}


LIES: dict[str, tuple[Callable[[dict], dict], str]] = {
    "wrong livemode": (lambda event: event | {"livemode": True}, "live and test mode mixed"),
    "another account": (lambda event: event | {"account": "acct_other"}, "a payment on another account"),
    "another booking": (
        lambda event: with_object(event, metadata={"booking_reference": "RHOTHER99", "payment_id": ""}),
        "names another booking than its payment's",
    ),
    "unknown payment with a booking": (
        lambda event: with_object(
            event, id="pi_foreign", latest_charge=None, metadata={"booking_reference": "RHOTHER99"}
        ),
        "no such payment here",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_message_that_cannot_be_true_is_parked_and_moves_nothing(journey, lie):
    change, note = LIES[lie]
    event = change(captured_event(journey))

    row = bring(event)

    assert (row.outcome, row.note) == ("parked", note)
    assert (journey.payment.status, journey.payment.captured_minor) == ("AUTHORIZED", 0)
    assert not journey.booking.ledger_transactions.exclude(kind="authorize").exists()


@pytest.mark.parametrize(
    ("field", "value", "word"), [("amount_minor", 20_001, "amount"), ("currency", "USD", "currency")]
)
def test_message_of_a_payment_over_another_sum_is_parked_and_moves_nothing(journey, field, value, word):
    """The sum is compared with what the provider itself tells, not with what the message says."""
    event = captured_event(journey)
    Payment.objects.update(**{field: value})

    row = bring(event)

    assert (row.outcome, row.note.split(":")[0]) == ("parked", word)
    assert not journey.booking.ledger_transactions.exclude(kind="authorize").exists()


def test_message_that_lies_about_the_sum_is_only_a_hint(journey):
    event = with_object(captured_event(journey), amount=1, amount_received=1)

    assert bring(event).outcome == "processed"
    assert journey.payment.captured_minor == 20_000


def test_no_drift_is_written_by_messages_alone(journey):
    bring(captured_event(journey) | {"livemode": True})

    assert not Drift.objects.exists()


def test_host_cancels_and_every_message_of_the_refund_finds_its_way(journey):
    journey.authorize()
    journey.approve()
    journey.work()
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    outcomes = {bring(event).outcome for event in events_of(journey)}

    assert outcomes == {"processed"}
    check_quiet(journey.sandbox)
