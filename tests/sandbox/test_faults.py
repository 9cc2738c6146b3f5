"""Faults on order over real connections, and the books of orders in process."""

import time
from typing import Any

import pytest
import requests
import stripe

from sandbox.faults import BadFault
from sandbox.world import World
from tests.sandbox.process import Sandbox
from tests.sandbox.test_sdk import hold
from tests.sandbox.wire import Wire


def order(sandbox: Sandbox, fault: str, operation: str = "payment_intents.capture", **more: Any) -> None:
    sandbox.control("faults", {"provider": "stripe", "operation": operation, "fault": fault, **more})


def test_timeout_after_has_done_the_work(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent
    order(sandbox, "timeout_after")
    impatient = stripe.StripeClient(
        "sk_test_x", base_addresses={"api": sandbox.base}, http_client=stripe.RequestsClient(timeout=(1, 0.3))
    )

    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.payment_intents.capture(intent.id, options={"idempotency_key": "c1"})

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    again = client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "c1"})
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert sandbox.control("books")["stripe"]["effects"]["capture"] == 1


def test_timeout_after_cuts_the_line_in_the_end(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    order(sandbox, "timeout_after", "balance.retrieve", seconds=0.2)

    with pytest.raises(stripe.APIConnectionError):
        client.v1.balance.retrieve()


def test_delay_holds_the_key_in_flight(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent
    order(sandbox, "delay", seconds=0.6)
    impatient = stripe.StripeClient(
        "sk_test_x", base_addresses={"api": sandbox.base}, http_client=stripe.RequestsClient(timeout=(1, 0.2))
    )
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.payment_intents.capture(intent.id, options={"idempotency_key": "c1"})

    with pytest.raises(stripe.APIError) as conflict:
        client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "c1"})

    assert conflict.value.http_status == 409
    assert conflict.value.error.code == "idempotency_key_in_use"
    time.sleep(0.6)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_library_waits_out_a_conflict_by_itself(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    order(sandbox, "error_500", "balance.retrieve", times=1)
    patient = stripe.StripeClient("sk_test_x", base_addresses={"api": sandbox.base}, max_network_retries=2)

    assert patient.v1.balance.retrieve().object == "balance"


def test_reset_breaks_the_connection_and_does_nothing(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent
    order(sandbox, "reset")

    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.capture(intent.id)

    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_html_502_and_500_and_429_have_their_classes(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    for fault, kind, status in (
        ("html_502", stripe.APIError, 502),
        ("error_500", stripe.APIError, 500),
        ("error_429", stripe.RateLimitError, 429),
    ):
        order(sandbox, fault, "payment_intents.retrieve")
        with pytest.raises(kind) as error:
            client.v1.payment_intents.retrieve("pi_none")
        assert error.value.http_status == status


def test_html_502_is_html(sandbox: Sandbox) -> None:
    order(sandbox, "html_502", "balance.retrieve")

    answer = requests.get(f"{sandbox.base}/v1/balance", auth=("sk_test_abc", ""), timeout=5)

    assert answer.status_code == 502
    assert answer.text.startswith("<html>")


def test_faults_are_counted_matched_and_removed(wire: Wire, world: World) -> None:
    world.faults.add({"operation": "payment_intents.*", "fault": "error_500", "times": 2})
    path = "/v1/payment_intents"

    statuses = [wire.call("GET", path).status for _ in range(3)]

    assert statuses == [500, 500, 200]
    assert wire.call("GET", "/v1/balance").status == 200
    world.faults.add({"operation": "*", "fault": "error_500", "times": 0})
    assert [wire.call("GET", "/v1/balance").status for _ in range(5)] == [500] * 5
    world.faults.clear()
    assert wire.call("GET", "/v1/balance").status == 200


def test_fault_for_a_while_ends_by_the_sandbox_clock(wire: Wire, world: World) -> None:
    world.faults.add({"operation": "*", "fault": "error_500", "seconds": 60})

    assert [wire.call("GET", "/v1/balance").status for _ in range(2)] == [500, 500]
    world.advance(60)

    assert wire.call("GET", "/v1/balance").status == 200


def test_error_500_is_not_kept_under_the_key(wire: Wire, world: World) -> None:
    world.faults.add({"operation": "payment_intents.create", "fault": "error_500"})

    first = wire.call("POST", "/v1/payment_intents", key="k", amount=500, currency="usd")
    second = wire.call("POST", "/v1/payment_intents", key="k", amount=500, currency="usd")

    assert (first.status, second.status) == (500, 200)


@pytest.mark.parametrize(
    "bad",
    [
        {"fault": "flood"},
        {"fault": "delay", "seconds": -1},
        {"fault": "reset", "times": "many"},
        {"fault": "reset", "place": "here"},
    ],
)
def test_senseless_orders_are_refused(world: World, bad: dict[str, Any]) -> None:
    with pytest.raises(BadFault):
        world.faults.add(bad)

    assert world.faults.listed() == []
