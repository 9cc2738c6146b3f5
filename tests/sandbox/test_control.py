"""The control calls over HTTP, and the process itself: its clock file, its memory, its refusals."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from sandbox.settings import Refused, from_environment
from tests.sandbox.process import ROOT, Receiver, Sandbox, running, until
from tests.sandbox.test_sdk import hold, open_session
from tools.process import free_port


def test_clock_moves_forward_and_is_shared_by_file(sandbox: Sandbox) -> None:
    file = Path(sandbox.env["SANDBOX_CLOCK_FILE"])
    assert file.read_text() == "0\n"

    moved = sandbox.control("clock", {"advance_seconds": 3_600})

    assert moved["offset_seconds"] == 3_600
    assert abs(moved["now"] - time.time() - 3_600) < 3
    assert sandbox.control("clock") | {"now": 0} == {"now": 0, "offset_seconds": 3_600}
    assert file.read_text() == "3600\n"
    sandbox.control("reset", {})
    assert file.read_text() == "0\n"


def test_moving_the_clock_lapses_holds_and_tells(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    hold(client, sandbox)
    receiver.wait(4)

    sandbox.control("clock", {"advance_seconds": 8 * 86_400})

    assert {"charge.expired", "payment_intent.canceled"} <= {one["type"] for one in receiver.wait(6)}
    signed = int(receiver.got[-1][0]["Stripe-Signature"].split(",")[0].removeprefix("t="))
    assert abs(signed - time.time()) < 5


def test_reset_forgets_everything(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    hold(client, sandbox)
    sandbox.control("faults", {"fault": "error_500", "times": 0})

    sandbox.control("reset", {})

    assert sandbox.control("faults") == {"faults": []}
    assert sandbox.control("calls") == {"calls": []}
    empty = {"payments": [], "effects": {}}
    assert sandbox.control("books") == {
        "stripe": {**empty, "transfers": [], "disputes": [], "balances": []},
        "octo": empty,
    }
    assert client.v1.events.list().data == []


def test_held_webhooks_are_released_on_request(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.control("webhooks", {"mode": "hold"})
    hold(client, sandbox)
    time.sleep(0.2)
    assert receiver.got == []

    assert sandbox.control("webhooks/release", {}) == {"released": 4}

    receiver.wait(4)


def test_duplicated_webhooks_arrive_so_many_times(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.control("webhooks", {"mode": "duplicate", "copies": 3})
    client.v1.checkout.sessions.expire(open_session(client).id)

    events = receiver.wait(3)

    assert len({event["id"] for event in events}) == 1


@pytest.mark.parametrize(
    ("call", "data"),
    [
        ("clock", {"advance_seconds": -1}),
        ("clock", {"advance_seconds": "10"}),
        ("pay", {"url": "http://elsewhere.test/"}),
        ("pay", {}),
        ("faults", {"fault": "no such"}),
        ("webhooks", {"mode": "pigeon"}),
        ("webhooks", {"copies": 0}),
        ("webhooks/release", {"order": "random"}),
    ],
)
def test_senseless_control_calls_say_why(sandbox: Sandbox, call: str, data: dict[str, Any]) -> None:
    status, answer = sandbox.fetch(f"/_control/{call}", data, "POST")

    assert status == 400
    assert answer["error"]


def test_pages_of_other_sites_cannot_steer(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.base}/_control/reset", headers={"Origin": "http://evil.test"}, timeout=5
    )

    assert answer.status_code == 403


def test_unknown_control_call_is_404(sandbox: Sandbox) -> None:
    assert sandbox.fetch("/_control/dance", {}, "POST")[0] == 404


def test_state_and_clock_survive_a_restart(tmp_path: Path) -> None:
    where = {
        "SANDBOX_STATE_DIR": str(tmp_path / "state"),
        "SANDBOX_CLOCK_FILE": str(tmp_path / "clock"),
        "SANDBOX_PORT": str(free_port()),
    }
    with running(**where) as first:
        client = stripe.StripeClient("sk_test_a", base_addresses={"api": first.base})
        intent = hold(client, first).payment_intent
        first.control("clock", {"advance_seconds": 600})
        before = first.control("books")
        until((tmp_path / "state" / "sandbox.json").exists)

    with running(**where) as second:
        client = stripe.StripeClient("sk_test_a", base_addresses={"api": second.base})
        assert second.control("books") == before
        assert second.control("clock")["offset_seconds"] == 600
        assert (tmp_path / "clock").read_text() == "600\n"
        assert client.v1.payment_intents.capture(intent.id).status == "succeeded"
        second.control("clock", {"advance_seconds": 2})
        assert client.v1.events.list(params={"type": "charge.updated"}).data[0].data.object["id"]


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"DEBUG": "false"}, "production"),
        ({"DEBUG": "0"}, "production"),
        ({"DEBUG": ""}, "production"),
        ({"SANDBOX_HOST": "0.0.0.0"}, "loopback"),
        ({"SANDBOX_HOST": "example.com"}, "loopback"),
        ({"SANDBOX_PORT": "http"}, "port"),
        ({"PUSHER_APP_ID": "app"}, "digits"),
    ],
)
def test_start_is_refused_where_it_does_harm(env: dict[str, str], why: str) -> None:
    with pytest.raises(Refused, match=why):
        from_environment(env)


@pytest.mark.parametrize("env", [{}, {"DEBUG": "true"}, {"DEBUG": "1", "SANDBOX_HOST": "::1"}])
def test_start_is_allowed_in_development(env: dict[str, str]) -> None:
    assert from_environment(env).port == 8001


def test_process_beside_production_settings_ends_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox"], cwd=ROOT, env={"DEBUG": "false"}, capture_output=True, timeout=10
    )

    assert ended.returncode == 2
    assert b"DEBUG is off" in ended.stderr
