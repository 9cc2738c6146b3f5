"""How webhooks travel: held, dropped, doubled, shuffled, delayed, tried again."""

from typing import Any

import pytest

from sandbox.outbox import RETRY_SECONDS, Travel
from sandbox.world import World
from tests.sandbox.conftest import Time
from tests.sandbox.wire import Wire

PAID = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.amount_capturable_updated",
    "checkout.session.completed",
]


def kinds(wire: Wire) -> list[Any]:
    return [event["type"] for event in wire.sent()]


def test_normal_webhooks_are_due_at_once_in_order(wire: Wire) -> None:
    wire.held()

    assert kinds(wire) == PAID
    assert kinds(wire) == []


def test_held_webhooks_wait_for_their_release(wire: Wire, world: World) -> None:
    world.outbox.travel = Travel(mode="hold")
    wire.held()
    assert kinds(wire) == []

    assert world.outbox.release() == 4

    assert kinds(wire) == PAID


def test_held_webhooks_may_be_released_backwards(wire: Wire, world: World, time: Time) -> None:
    world.outbox.travel = Travel(mode="hold")
    wire.held()

    world.outbox.release("reversed")

    time.seconds += 1
    assert kinds(wire) == PAID[::-1]


def test_dropped_webhooks_never_leave(wire: Wire, world: World) -> None:
    world.outbox.travel = Travel(mode="drop")
    wire.held()

    assert kinds(wire) == []
    assert world.outbox.release() == 0
    assert len(wire.get("/v1/events", delivery_success="false")["data"]) == 4


def test_duplicates_carry_the_same_event_id(wire: Wire, world: World) -> None:
    world.outbox.travel = Travel(mode="duplicate", copies=3)
    wire.held()

    sent = [event["id"] for event in wire.sent()]

    assert len(sent) == 12
    assert len(set(sent)) == 4


def test_shuffled_webhooks_all_come_in_another_order(wire: Wire, world: World, time: Time) -> None:
    world.outbox.travel = Travel(mode="shuffle")
    wire.held()
    time.seconds += 2

    sent = kinds(wire)

    assert sorted(sent) == sorted(PAID)
    assert sent != PAID


def test_delayed_webhooks_come_later(wire: Wire, world: World, time: Time) -> None:
    world.outbox.travel = Travel(delay_seconds=30)
    wire.held()
    time.seconds += 29
    assert kinds(wire) == []

    time.seconds += 1

    assert kinds(wire) == PAID


def test_refused_webhook_is_tried_ten_times_with_growing_gaps(wire: Wire, world: World, time: Time) -> None:
    wire.post(f"/v1/checkout/sessions/{wire.session()['id']}/expire")
    gaps = []
    for _ in range(10):
        due = world.outbox.next_due()
        assert due is not None
        gaps.append(due - time.seconds)
        time.seconds = due
        (message,) = world.outbox.take_due()
        world.outbox.sent(message, is_accepted=False, answer="503")

    assert gaps == [0, *RETRY_SECONDS]
    assert world.outbox.next_due() is None
    assert message.status == "failed"
    assert wire.get("/v1/events", delivery_success="false")["data"][0]["pending_webhooks"] == 0


def test_each_attempt_is_signed_with_the_time_of_the_attempt(wire: Wire, world: World, time: Time) -> None:
    world.advance(5 * 86_400)
    wire.post(f"/v1/checkout/sessions/{wire.session()['id']}/expire")
    (message,) = world.outbox.take_due()

    first = world.webhook_headers(message)["Stripe-Signature"]
    time.seconds += 60
    second = world.webhook_headers(message)["Stripe-Signature"]

    assert first.startswith("t=1800000000,v1=")
    assert second.startswith("t=1800000060,v1=")


def test_forget_everything_forgets_webhooks_and_modes(wire: Wire, world: World) -> None:
    world.outbox.travel = Travel(mode="hold")
    wire.held()

    world.reset()

    assert world.outbox.release() == 0
    assert world.outbox.travel == Travel()
    empty = {"payments": [], "effects": {}}
    assert world.books() == {
        "stripe": {**empty, "transfers": [], "disputes": [], "balances": []},
        "octo": empty,
    }


@pytest.mark.parametrize("mode", ["normal", "hold"])
def test_unsent_webhooks_survive_a_restart(wire: Wire, world: World, mode: str) -> None:
    world.outbox.travel = Travel(mode=mode)
    wire.held()
    world.outbox.take_due()
    fresh = World(world.settings, real=world.real)

    fresh.restore(world.snapshot())

    fresh.outbox.release()
    assert [message.kind for message in fresh.outbox.take_due()] == PAID
