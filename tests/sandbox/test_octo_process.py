"""Octo over real connections: faults, races, control calls, callbacks that arrive and are answered, restarts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.faults import BadFault
from sandbox.settings import Refused, from_environment
from sandbox.world import World
from tests.sandbox.octo_wire import WHO, OctoWire, named, order
from tests.sandbox.process import Receiver, Sandbox, running, until
from tools.process import free_port


def call(
    sandbox: Sandbox, path: str = "prepare_payment", seconds: float = 5, **fields: Any
) -> requests.Response:
    return requests.post(f"{sandbox.base}/{path}", json={**WHO, **fields}, timeout=seconds)


def create(sandbox: Sandbox, ref: str = "RH1-checkout-1", **changes: Any) -> Any:
    return call(sandbox, **order(ref, **changes)).json()["data"]


def held(sandbox: Sandbox, **changes: Any) -> Any:
    payment = create(sandbox, auto_capture=False, **changes)
    assert sandbox.control("pay", {"url": payment["octo_pay_url"]})["result"] == "succeeded"
    return payment


def status(sandbox: Sandbox, ref: str = "RH1-checkout-1") -> str:
    return str(call(sandbox, shop_transaction_id=ref).json()["data"]["status"])


def fault(sandbox: Sandbox, kind: str, operation: str, **more: Any) -> None:
    sandbox.control("faults", {"provider": "octo", "operation": operation, "fault": kind, **more})


CALLS = {
    "prepare_payment": lambda payment: order("RH2-checkout-1"),
    "set_accept": lambda payment: {**named(payment), "accept_status": "capture", "final_amount": 500_000},
    "refund": lambda payment: {**named(payment), "shop_refund_id": "r1", "amount": 100_000},
}
EFFECTS = {"prepare_payment": ("create", 2), "set_accept": ("capture", 1), "refund": ("refund", 1)}


@pytest.mark.parametrize("path", CALLS)
def test_work_is_done_though_its_answer_is_lost(sandbox: Sandbox, path: str) -> None:
    payment = held(sandbox)
    if path == "refund":
        call(sandbox, "set_accept", **CALLS["set_accept"](payment))
    fault(sandbox, "timeout_after", path, seconds=5)

    with pytest.raises(requests.Timeout):
        call(sandbox, path, 0.3, **CALLS[path](payment))

    effect, times = EFFECTS[path]
    assert sandbox.control("books")["octo"]["effects"][effect] == times
    assert call(sandbox, path, **CALLS[path](payment)).json()["error"] == (10 if path == "set_accept" else 0)
    assert sandbox.control("books")["octo"]["effects"][effect] == times


@pytest.mark.parametrize(
    ("kind", "http", "body"),
    [
        ("html_502", 502, "<html>"),
        ("error_429", 429, '"error": 11'),
        ("error_500", 500, '"error": 4'),
        ("stored_500", 200, '"error": 4'),
    ],
)
def test_fault_before_the_work_leaves_no_effect(sandbox: Sandbox, kind: str, http: int, body: str) -> None:
    fault(sandbox, kind, "prepare_payment")

    answer = call(sandbox, **order())

    assert (answer.status_code, body in answer.text) == (http, True)
    assert sandbox.control("books")["octo"]["effects"] == {}


def test_reset_cuts_the_line(sandbox: Sandbox) -> None:
    fault(sandbox, "reset", "prepare_payment")

    with pytest.raises(requests.ConnectionError):
        call(sandbox, **order())

    assert sandbox.control("books")["octo"]["effects"] == {}


def test_status_check_has_a_name_of_its_own(sandbox: Sandbox) -> None:
    fault(sandbox, "html_502", "check_status")

    assert create(sandbox)["status"] == "created"
    assert call(sandbox, shop_transaction_id="RH1-checkout-1").status_code == 502
    assert status(sandbox) == "created"


@pytest.mark.parametrize("kind", ["truncated", "html_200"])
def test_answer_that_is_no_json_comes_after_the_work(sandbox: Sandbox, kind: str) -> None:
    fault(sandbox, kind, "prepare_payment")

    answer = call(sandbox, **order())

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert status(sandbox) == "created"


def test_stored_failure_sticks_to_its_id(octo: OctoWire, world: World) -> None:
    world.faults.add({"provider": "octo", "operation": "prepare_payment", "fault": "stored_500"})

    assert [octo.error("prepare_payment", **order("a")) for _ in range(2)] == [4, 4]
    assert octo.create("b")["status"] == "created"
    world.reset()
    assert octo.create("a")["status"] == "created"


def test_octos_own_faults_are_of_no_other_provider(world: World) -> None:
    for provider in ("stripe", "*"):
        with pytest.raises(BadFault):
            world.faults.add({"provider": provider, "operation": "*", "fault": "truncated"})


def test_delay_holds_nobody_else_up(sandbox: Sandbox) -> None:
    fault(sandbox, "delay", "prepare_payment", seconds=0.5)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(call, sandbox, **order("a"))
        until(lambda: sandbox.control("faults") == {"faults": []})
        assert create(sandbox, "b")["status"] == "created"
        assert not slow.done()
        assert slow.result().json()["error"] == 0


def test_thirty_two_at_once_make_one_payment(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: create(sandbox), range(32)))

    assert len({payment["octo_payment_UUID"] for payment in made}) == 1
    assert sandbox.control("books")["octo"]["effects"] == {"create": 1}


def test_get_is_no_call(sandbox: Sandbox) -> None:
    assert requests.get(f"{sandbox.base}/refund", timeout=5).status_code == 404
    assert requests.post(f"{sandbox.base}/check_status", json=WHO, timeout=5).status_code == 404


def test_callback_arrives_and_its_answer_decides(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.reply = b'{"accept_status": "capture", "final_amount": 200000.00}'

    held(sandbox, notify_url=receiver.url)

    (body,) = receiver.wait(1)
    assert body["status"] == "waiting_for_capture"
    until(lambda: status(sandbox) == "succeeded")
    assert sandbox.control("books")["octo"]["payments"][0]["captured_minor"] == 20_000_000


def test_callback_is_sent_again_until_it_is_taken(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answer = 500
    held(sandbox, notify_url=receiver.url)
    receiver.wait(1)
    receiver.answer = 200

    first, second = receiver.wait(2)

    assert first == second


def test_callbacks_travel_as_ordered(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("webhooks", {"mode": "hold"})
    payment = held(sandbox, notify_url=receiver.url)
    call(sandbox, "set_accept", **CALLS["set_accept"](payment))
    assert receiver.got == []

    sandbox.control("webhooks/release", {"order": "created"})

    assert sorted(body["status"] for body in receiver.wait(2)) == ["succeeded", "waiting_for_capture"]


def test_switches_shops_and_forgeries_over_the_control_calls(sandbox: Sandbox, receiver: Receiver) -> None:
    assert sandbox.control("octo/behavior")["hold_minutes"] == 30
    assert sandbox.control("octo/behavior", {"hold_minutes": 60})["hold_minutes"] == 60
    shops = sandbox.control("octo/shops", {"shop_id": 7, "secret": "s", "unique_key": "k"})
    assert shops == {"shops": [1, 7]}
    payment = create(sandbox, notify_url=receiver.url)
    order = {"payment": payment["octo_payment_UUID"], "status": "succeeded"}
    assert sandbox.control("octo/callback", order) == {"ok": True}
    assert receiver.wait(1)[0]["status"] == "succeeded"
    assert status(sandbox) == "created"

    sandbox.control("reset", {})

    assert sandbox.control("octo/behavior")["hold_minutes"] == 30
    assert call(sandbox, octo_shop_id=7, shop_transaction_id="x").json()["error"] == 2


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("octo/behavior", {"signature_scheme": "Z"}),
        ("octo/shops", {"shop_id": "7", "secret": "s", "unique_key": "k"}),
        ("octo/shops", {"shop_id": 7, "secret": "", "unique_key": "k"}),
        ("octo/callback", {"payment": "none"}),
    ],
)
def test_senseless_octo_orders_say_why(sandbox: Sandbox, path: str, data: dict[str, Any]) -> None:
    code, answer = sandbox.fetch(f"/_control/{path}", data, "POST")

    assert (code, bool(answer["error"])) == (400, True)


def test_held_money_survives_a_restart(tmp_path: Path) -> None:
    where = {"SANDBOX_STATE_DIR": str(tmp_path), "SANDBOX_PORT": str(free_port())}
    with running(**where) as first:
        first.control("webhooks", {"mode": "drop"})
        payment = held(first)
        before = first.control("books")
        until((tmp_path / "sandbox.json").exists)

    with running(**where) as second:
        assert second.control("books") == before
        assert call(second, "set_accept", **CALLS["set_accept"](payment)).json()["error"] == 0


def test_environment_names_the_shop() -> None:
    settings = from_environment(
        {
            "OCTO_SHOP_ID": "4711",
            "OCTO_SECRET": "s",
            "OCTO_UNIQUE_KEY": "k",
            "SANDBOX_OCTO_HOLD_MINUTES": "10080",
            "SANDBOX_OCTO_NOTIFY_HOSTS": "demo.test, 10.0.0.5",
        }
    )

    assert (settings.octo_shop_id, settings.octo_secret, settings.octo_unique_key) == (4711, "s", "k")
    assert settings.octo_hold_minutes == 10_080
    assert settings.octo_notify_hosts == ("demo.test", "10.0.0.5")


@pytest.mark.parametrize("name", ["OCTO_SHOP_ID", "SANDBOX_OCTO_HOLD_MINUTES"])
def test_senseless_environment_is_refused(name: str) -> None:
    with pytest.raises(Refused, match=name):
        from_environment({name: "many"})


def test_cabinet_acts_through_the_control_call(sandbox: Sandbox) -> None:
    status, answer = sandbox.fetch(
        "/_control/dashboard", {"action": "refund", "payment": "no-such-payment"}, "POST"
    )

    assert (status, answer) == (400, {"error": "payment must be the uuid of a payment"})
