"""Octo's adapter against a gateway that answers anything: odd answers move nothing and raise what they should."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core import clock
from payments.providers.base import Declined, Known, Misconfigured, ProviderPayment, State, Unavailable
from payments.providers.octo.client import OctoAccount, OctoProvider
from tests.payments.providers.conftest import Case
from tests.payments.providers.scripted import Script, scripted

UUID = "11111111-2222-4333-8444-555555555555"
REF = "RH1-checkout-1"
PAGE = {
    "shop_transaction_id": REF,
    "octo_payment_UUID": UUID,
    "status": "created",
    "octo_pay_url": "https://p.test/x",
}


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted() as script:
        yield script


@pytest.fixture
def provider(script: Script) -> OctoProvider:
    account = OctoAccount(shop_id=1, secret="s3cret", api_base=script.base, notify_url="https://rh.test/")
    return OctoProvider(account, pause_seconds=0)


def look(provider: OctoProvider, **known: Any) -> ProviderPayment:
    ours = Known(session_ref=REF, amount_minor=50_000, currency="UZS", **known)
    return provider.fetch(session_ref=REF, provider_ref="", known=ours)


def shown(script: Script, **changes: Any) -> None:
    script.data(**{**PAGE, "total_sum": 500, "refunded_sum": 0, **changes})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b"null",
        b"[]",
        b'"ok"',
        b"{}",
        b'{"error": null, "data": {}}',
        b'{"error": true, "data": {}}',
        b'{"error": "no", "data": {}}',
        b'{"error": 0, "data": {"status": "succeeded", ',
        b'{"error": 0, "data": NaN}',
        b"\xff\xfe\x00",
        b'{"error": 0, "data": null}',
        b'{"error": 0, "data": []}',
        b'{"error": 0, "data": "succeeded"}',
    ],
)
def test_answer_that_cannot_be_read_is_unavailable_everywhere(
    provider: OctoProvider, script: Script, octo: Case, body: bytes
) -> None:
    script.says(body)

    with pytest.raises(Unavailable):
        look(provider)
    with pytest.raises(Unavailable):
        provider.open_checkout(octo.request(is_two_stage=True), key=REF)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 403, 404, 429, 500, 502, 503])
def test_any_other_http_status_proves_nothing(provider: OctoProvider, script: Script, status: int) -> None:
    script.says(
        {"error": 0, "data": {**PAGE, "status": "succeeded"}}, status=status, Location=f"{script.base}/x"
    )

    with pytest.raises(Unavailable) as error:
        look(provider)

    assert error.value.code == f"http_{status}"
    assert [path for path, _ in script.asked] == ["/prepare_payment"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("created", State.OPEN),
        ("wait_user_action", State.OPEN),
        ("waiting_for_capture", State.AUTHORIZED),
        ("succeeded", State.CAPTURED),
        ("canceled", State.FAILED),
        ("cancelled", State.FAILED),
        ("failed", State.FAILED),
        ("refunded", State.OPEN),
        ("partially_refunded", State.OPEN),
        ("payment_in_process", State.OPEN),
        ("SUCCEEDED", State.OPEN),
        ("capture", State.OPEN),
        ("", State.OPEN),
    ],
)
def test_every_status_has_its_state(
    provider: OctoProvider, script: Script, status: str, state: State
) -> None:
    shown(script, status=status)

    assert look(provider).state == state


@pytest.mark.parametrize(
    "changes",
    [
        {"status": None},
        {"status": 3},
        {"octo_payment_UUID": None},
        {"octo_payment_UUID": "../refund"},
        {"total_sum": "500"},
        {"total_sum": True},
        {"total_sum": -500},
        {"total_sum": 500.001},
        {"total_sum": 10**16},
        {"refunded_sum": "all"},
        {"refunded_sum": -1},
    ],
)
def test_payment_that_makes_no_sense_is_unavailable(
    provider: OctoProvider, script: Script, changes: dict[str, Any]
) -> None:
    shown(script, **{"status": "succeeded", **changes})

    with pytest.raises(Unavailable):
        look(provider)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"total_sum": 499.99}, {"amount_minor": 49_999, "captured_minor": 49_999}),
        ({"total_sum": 500.01}, {"amount_minor": 50_001, "captured_minor": 50_001}),
        ({"currency": "USD"}, {"currency": "USD"}),
        ({"shop_transaction_id": "RH2-checkout-1"}, {"reference": f"RH2-checkout-1 {UUID}"}),
    ],
)
def test_other_amount_currency_or_payment_is_told_as_it_is(
    provider: OctoProvider, script: Script, changes: dict[str, Any], differs: dict[str, Any]
) -> None:
    shown(script, **{"status": "succeeded", **changes})

    seen = look(provider)

    expected = {
        "amount_minor": 50_000,
        "captured_minor": 50_000,
        "currency": "UZS",
        "reference": "RH1",
        **differs,
    }
    assert {name: getattr(seen, name) for name in expected} == expected


def test_answer_without_sums_leaves_what_was_agreed(provider: OctoProvider, script: Script) -> None:
    shown(script, status="succeeded", total_sum=None, refunded_sum=None)

    seen = look(provider)

    assert (seen.amount_minor, seen.captured_minor, seen.refunds) == (50_000, 50_000, ())


def test_older_answer_has_its_fields_at_the_top(provider: OctoProvider, script: Script) -> None:
    script.says({"error": 0, **PAGE, "status": "waiting_for_capture", "total_sum": 500.0})

    assert (look(provider).state, look(provider).authorized_minor) == (State.AUTHORIZED, 50_000)


def test_data_comes_before_its_twins(provider: OctoProvider, script: Script) -> None:
    script.says({"error": 0, "status": "created", "data": {**PAGE, "status": "canceled"}})

    assert look(provider).state == State.FAILED


@pytest.mark.parametrize("number", [1, 3, 4, 6, 10, 11, 22, 99, "11"])
def test_refused_look_is_never_a_result(provider: OctoProvider, script: Script, number: Any) -> None:
    script.refuses(number, "Requests too often. Minimum delay is 1 second")

    with pytest.raises(Unavailable):
        look(provider)

    assert len(script.asked) == 2


def test_wrong_secret_is_not_asked_twice(provider: OctoProvider, script: Script) -> None:
    script.refuses(2, "Wrong secret s3cret")

    with pytest.raises(Misconfigured) as error:
        look(provider)

    assert (str(error.value), len(script.asked)) == ("Wrong secret ***", 1)


REFUSED = {
    "open": ({1: Declined, 3: Declined, 4: Unavailable, 5: Misconfigured, 6: Misconfigured, 7: Misconfigured,
              9: Misconfigured, 13: Misconfigured, 403: Misconfigured, 99: Unavailable}),
    "decide": {1: Declined, 2: Misconfigured, 4: Unavailable, 10: Declined, 11: Declined, 22: Unavailable},
    "refund": {1: Declined, 3: Declined, 4: Unavailable, 10: Declined, 11: Declined, 22: Declined, 99: Unavailable},
}  # fmt: skip


@pytest.mark.parametrize(("call", "number"), [(call, number) for call in REFUSED for number in REFUSED[call]])
def test_numbers_mean_different_things_at_different_endpoints(
    provider: OctoProvider, script: Script, octo: Case, call: str, number: int
) -> None:
    script.refuses(number)
    calls = {
        "open": lambda: provider.open_checkout(octo.request(is_two_stage=True), key=REF),
        "decide": lambda: provider.capture(UUID, 100, key="k"),
        "refund": lambda: provider.refund(UUID, 100, key="k"),
    }

    with pytest.raises(REFUSED[call][number]) as error:
        calls[call]()

    assert type(error.value) is REFUSED[call][number]
    assert error.value.code.endswith(f":{number}")


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "//p.test/x", "data:text/html,x"])
def test_page_that_is_no_page_is_unavailable(
    provider: OctoProvider, script: Script, octo: Case, url: str | None
) -> None:
    script.data(**{**PAGE, "octo_pay_url": url})

    with pytest.raises(Unavailable):
        provider.open_checkout(octo.request(is_two_stage=True), key=REF)


@pytest.mark.parametrize("status", ["succeeded", "ok", "new", "pending", "unknown", None])
def test_refund_accepted_in_any_word_is_left_to_the_look(
    provider: OctoProvider, script: Script, status: str | None
) -> None:
    script.data(octo_payment_UUID=UUID, refund_id="r", status=status)

    provider.refund(UUID, 2_000_000, key="RH1-refund-1")

    assert [path for path, _ in script.asked] == ["/refund"]


@pytest.mark.parametrize("status", ["canceled", "error"])
def test_refund_that_failed_is_declined(provider: OctoProvider, script: Script, status: str) -> None:
    script.data(status=status)

    with pytest.raises(Declined):
        provider.refund(UUID, 2_000_000, key="RH1-refund-1")


def test_decided_the_other_way_is_declined(provider: OctoProvider, script: Script) -> None:
    script.refuses(10)
    shown(script, status="canceled")

    with pytest.raises(Declined):
        provider.capture(UUID, 50_000, key="k", known=Known(session_ref=REF))


def test_order_is_exact_json(provider: OctoProvider, script: Script, octo: Case) -> None:
    script.data(**PAGE, total_sum=123456.78)

    ends_at = int(clock.now().timestamp()) + 33 * 60 + 30
    provider.open_checkout(
        octo.request(is_two_stage=True, amount_minor=12_345_678, expires_at=ends_at), key=REF
    )

    path, body = script.asked[0]
    sent = json.loads(body)
    assert path == "/prepare_payment"
    assert body.endswith(b', "total_sum": 123456.78}')
    assert (sent["octo_shop_id"], sent["auto_capture"], sent["test"], sent["ttl"]) == (1, False, True, 33)
    assert sent["user_data"] == {"user_id": "RHCASE", "email": "ada@example.com"}
    assert (sent["return_url"], sent["notify_url"]) == ("http://shop.test/return", "https://rh.test/")


def test_address_that_is_none_is_for_staff_to_mend() -> None:
    provider = OctoProvider(OctoAccount(shop_id=1, secret="s", api_base="not an address"))

    with pytest.raises(Misconfigured):
        look(provider)
