"""Octo's adapter against the sandbox: what it sends, and what it makes of one sum for many refunds."""

import datetime as dt
import logging
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from payments.providers.base import Declined, Known, KnownRefund, Misconfigured, State, Unavailable
from payments.providers.octo.client import OctoAccount, OctoProvider, read_payment, reference_of, refund_parts
from tests.payments.providers.conftest import Case, octo_account

UUID = "11111111-2222-4333-8444-555555555555"


def calls(case: Case, operation: str) -> list[dict[str, Any]]:
    found = case.sandbox.control("calls")["calls"]
    return [call for call in found if call["operation"] == operation]


# --- what is sent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (50_000_000, "UZS", "500000.00"),
        (12_345_678, "UZS", "123456.78"),
        (10_333, "USD", "103.33"),
        (1, "USD", "0.01"),
        (90_071_992_547_409, "UZS", "900719925474.09"),
    ],
)
def test_amounts_travel_as_exact_major_units(octo: Case, amount: int, currency: str, written: str) -> None:
    octo.amount, octo.currency = amount, currency

    octo.open()

    (call,) = calls(octo, "prepare_payment")
    assert call["amount"] == written
    seen = octo.fetch()
    assert (seen.amount_minor, seen.currency) == (amount, currency)


def test_part_travels_as_exact_major_units(octo: Case) -> None:
    octo.hold()
    octo.capture(12_345_670)
    octo.refund(1_234_501)

    assert [call["amount"] for call in calls(octo, "set_accept")] == ["123456.70"]
    assert [call["amount"] for call in calls(octo, "refund")] == ["12345.01"]


def test_void_names_no_amount(octo: Case) -> None:
    octo.hold()

    octo.void()

    assert calls(octo, "set_accept")[0]["fields"] == ["accept_status", "octo_payment_UUID", "octo_shop_id"]


@pytest.mark.parametrize("currency", ["JPY", "KWD", "EUR", "GBP"])
def test_currency_octo_does_not_take_never_leaves_the_house(octo: Case, currency: str) -> None:
    octo.currency = currency

    with pytest.raises(Misconfigured, match=currency):
        octo.open()

    assert calls(octo, "prepare_payment") == []


@pytest.mark.parametrize("amount", [0, -1])
def test_amount_of_nothing_never_leaves_the_house(octo: Case, amount: int) -> None:
    octo.hold()
    before = len(calls(octo, "set_accept"))

    with pytest.raises(ValueError, match="positive"):
        octo.provider.capture(octo.ref, amount, key="k", known=octo.known)
    with pytest.raises(ValueError, match="positive"):
        octo.open("RHCASE-checkout-2", amount_minor=amount)

    assert len(calls(octo, "set_accept")) == before


def test_order_says_what_is_disputed_and_leaves_out_what_is_empty(octo: Case) -> None:
    octo.open(email="", description="x" * 400)

    (call,) = calls(octo, "prepare_payment")
    assert {"auto_capture", "test", "ttl", "notify_url", "user_data", "init_time"} <= set(call["fields"])
    assert (call["error"], call["ref"]) == (0, "RHCASE-checkout-1")


def test_page_ends_no_later_than_asked(octo: Case) -> None:
    session = octo.open(expires_at=int(clock.now().timestamp()) + 20 * 60 + 59)

    assert session.expires_at > clock.now() + dt.timedelta(minutes=20)
    octo.advance(minutes=20, seconds=2)
    assert octo.fetch().state == State.FAILED


def test_ids_are_checked_before_they_are_sent(octo: Case) -> None:
    for call in (
        lambda: octo.open("RH 1\n"),
        lambda: octo.open("x" * 65),
        lambda: octo.provider.fetch(session_ref="a/b", provider_ref=""),
        lambda: octo.provider.void("pi_123", key="k"),
        lambda: octo.provider.capture(UUID.replace("-", ""), 1, key="k"),
        lambda: octo.provider.refund(UUID, 1, key="a b"),
    ):
        with pytest.raises(ValueError, match=r"malformed|badly formed"):
            call()

    assert octo.sandbox.control("calls") == {"calls": []}


def test_secrets_are_in_no_text(octo: Case, caplog: pytest.LogCaptureFixture) -> None:
    account = octo_account(octo.sandbox, secret="planted-secret", unique_key="planted-key")
    octo.provider = OctoProvider(account)

    with caplog.at_level(logging.DEBUG), pytest.raises(Misconfigured) as error:
        octo.open()

    assert "planted" not in f"{account!r} {octo.provider!r} {error.value!r} {error.value} {caplog.text}"


@pytest.mark.parametrize("shop_id", [0, -1, True, "1", None])
def test_account_without_a_shop_is_misconfigured(shop_id: Any) -> None:
    with pytest.raises(Misconfigured):
        OctoAccount(shop_id=shop_id, secret="s")


def test_account_without_a_secret_is_misconfigured() -> None:
    with pytest.raises(Misconfigured):
        OctoAccount(shop_id=1, secret="")


def test_venue_with_its_own_account_is_paid_there(octo: Case) -> None:
    octo.sandbox.control("octo/shops", {"shop_id": 7, "secret": "venue-secret", "unique_key": "k"})
    octo.open()
    mine = octo.session
    octo.provider = OctoProvider(
        octo_account(octo.sandbox, shop_id=7, secret="venue-secret"), pause_seconds=0
    )

    assert octo.open().url != mine.url
    assert octo.opened == 2


def test_account_for_real_money_makes_live_payments(octo: Case) -> None:
    octo.provider = OctoProvider(octo_account(octo.sandbox, is_test=False))

    octo.open()

    (payment,) = octo.sandbox.control("books")["octo"]["payments"]
    assert (payment["mode"], payment["account"]) == ("live", "platform")
    assert octo.fetch().is_live is True


@pytest.mark.parametrize(
    ("changes", "fields"),
    [({"notify_url": ""}, {}), ({"notify_url": "http://elsewhere.test/"}, {"is_two_stage": False})],
)
def test_order_octo_refuses_opens_nothing(
    octo: Case, changes: dict[str, Any], fields: dict[str, Any]
) -> None:
    octo.provider = OctoProvider(octo_account(octo.sandbox, **changes))

    with pytest.raises((Declined, Misconfigured)):
        octo.open(**fields)

    assert octo.opened == 0


# --- what is seen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_total", [False, True])
def test_captured_part_is_ours_to_know(octo: Case, keeps_total: bool) -> None:
    octo.sandbox.control("octo/behavior", {"keeps_total": keeps_total})
    octo.hold()

    octo.capture(octo.part)

    seen = octo.fetch()
    assert (seen.amount_minor, seen.authorized_minor, seen.captured_minor) == (
        octo.amount,
        octo.amount,
        octo.part,
    )


def test_part_captured_elsewhere_shows_as_a_part_of_what_was_held(octo: Case) -> None:
    octo.hold()
    octo.capture(octo.part)
    octo.capture_minor = 0

    seen = octo.fetch()

    assert (seen.amount_minor, seen.captured_minor) == (octo.amount, octo.part)


def test_hold_is_kept_as_long_as_the_contract_says(octo: Case) -> None:
    octo.sandbox.control("octo/behavior", {"hold_minutes": 600})
    octo.provider = OctoProvider(octo_account(octo.sandbox, hold_minutes=600))
    octo.hold()

    first = octo.fetch().capture_before
    octo.advance(hours=9)

    assert octo.fetch().capture_before == first == octo.held_since + dt.timedelta(hours=10)


def test_canceled_is_voided_only_where_money_was_held(octo: Case) -> None:
    octo.hold()
    octo.void()
    assert octo.fetch().state == State.VOIDED

    octo.held_since = None

    assert (octo.fetch().state, octo.fetch().failure_code) == (State.FAILED, "canceled")


def test_other_uuid_than_ours_is_no_payment_of_this_booking(octo: Case) -> None:
    octo.take()

    seen = octo.provider.fetch(session_ref=octo.session.ref, provider_ref=UUID, known=octo.known)

    assert seen.reference == f"RHCASE-checkout-1 {octo.books['id']}"


def test_look_too_soon_after_another_waits_and_looks_again(octo: Case) -> None:
    octo.sandbox.control("octo/behavior", {"limits_rate": True})
    octo.provider = OctoProvider(octo.provider.account, pause_seconds=1.1)
    octo.open()

    assert [octo.fetch().state for _ in range(2)] == [State.OPEN] * 2
    assert [call["error"] for call in calls(octo, "check_status")] == [0, 11, 0]


def test_look_at_an_unknown_id_says_nothing(octo: Case) -> None:
    with pytest.raises(Unavailable) as error:
        octo.provider.fetch(session_ref="RH404-checkout-1", provider_ref="")

    assert error.value.code == "prepare_payment:1"
    assert len(calls(octo, "check_status")) == 2


def test_decision_made_already_is_declined_where_the_payment_cannot_be_looked_at(octo: Case) -> None:
    octo.hold()
    octo.capture()

    with pytest.raises(Declined) as error:
        octo.provider.capture(octo.ref, octo.amount, key="RHCASE-capture-1")

    assert error.value.code == "set_accept:10"


# --- refunds --------------------------------------------------------------------------------------------------


def test_refund_above_ten_million_goes_in_even_parts(octo: Case) -> None:
    octo.amount = 2_500_000_100
    octo.take()

    octo.refund(octo.amount)

    sent = calls(octo, "refund")
    assert [call["amount"] for call in sent] == ["8333333.67", "8333333.67", "8333333.66"]
    assert octo.books["refunded_minor"] == octo.amount
    refunds = [(one.key, one.amount_minor, one.status) for one in octo.fetch().refunds]
    assert refunds == [("RHCASE-refund-1", octo.amount, "succeeded")]


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        (1, [("k", 1)]),
        (1_000_000_000, [("k", 1_000_000_000)]),
        (1_000_000_001, [("k.1", 500_000_001), ("k.2", 500_000_000)]),
        (3_000_000_000, [("k.1", 10**9), ("k.2", 10**9), ("k.3", 10**9)]),
    ],
)
def test_parts_sum_up_and_none_is_tiny(amount: int, parts: list[tuple[str, int]]) -> None:
    assert refund_parts("k", amount) == parts


def test_refund_broken_off_in_the_middle_is_taken_up_where_it_was(octo: Case) -> None:
    octo.amount = 2_500_000_000
    octo.take()
    octo.fault("refund", "delay", seconds=0)
    octo.fault("refund", "error_500")
    with pytest.raises(Unavailable):
        octo.refund(octo.amount)
    assert octo.effects["refund"] == 1
    # The part that came back belongs to a call under way: it is nobody else's.
    assert octo.fetch().refunds == ()

    octo.refund(octo.amount)

    assert (octo.effects["refund"], octo.books["refunded_minor"]) == (3, octo.amount)


def test_repeated_refund_that_octo_refuses_is_done_if_the_money_is_back(octo: Case) -> None:
    octo.sandbox.control("octo/behavior", {"repeated_refund": "error"})
    octo.take()
    octo.refund(octo.part, "RHCASE-refund-1")

    octo.refund(octo.part, "RHCASE-refund-1")
    octo.refund(octo.part, "RHCASE-refund-2")

    assert octo.effects["refund"] == 2


@pytest.mark.parametrize("code", [22, 3])
def test_refund_refused_by_either_number_is_declined(octo: Case, code: int) -> None:
    octo.sandbox.control("octo/behavior", {"refund_limit_code": code})
    octo.take()

    with pytest.raises(Declined) as error:
        octo.refund(octo.amount + 1)

    assert error.value.code == f"refund:{code}"
    assert octo.books["refunded_minor"] == 0


def row(key: str, amount: int, status: str, ref: str = "") -> KnownRefund:
    return KnownRefund(key, amount, ref=ref or key, status=status)


OPEN, DONE = KnownRefund("a", 40, is_unfinished=True), KnownRefund("a", 40)
BACK = ("a", 40, "succeeded", "a")
ON_ITS_WAY = ("a", 40, "pending", "a")


@pytest.mark.parametrize(
    ("shown", "known", "expected"),
    [
        (0, [OPEN], []),
        (39, [OPEN], []),
        (40, [OPEN], [BACK]),
        (0, [DONE], [ON_ITS_WAY]),
        (20, [DONE], [ON_ITS_WAY]),
        (40, [row("a", 40, "pending")], [BACK]),
        (0, [row("a", 40, "succeeded")], [BACK]),
        (30, [row("a", 40, "failed")], [(f"{UUID}:30", 30, "succeeded", "")]),
        (70, [row("a", 40, "succeeded")], [BACK, (f"{UUID}:70", 30, "succeeded", "")]),
        (
            70,
            [row("", 30, "succeeded", f"{UUID}:30"), OPEN],
            [(f"{UUID}:30", 30, "succeeded", ""), BACK],
        ),
        (30, [], [(f"{UUID}:30", 30, "succeeded", "")]),
        (0, [], []),
    ],
)
def test_one_sum_is_shared_out_among_the_refunds_we_know(
    shown: int, known: list[KnownRefund], expected: list[tuple[str, int, str, str]]
) -> None:
    """Amounts in minor units."""
    answer = {
        "status": "succeeded",
        "octo_payment_UUID": UUID,
        "total_sum": 1,
        "refunded_sum": Decimal(shown).scaleb(-2),
    }
    ours = Known(amount_minor=100, currency="USD", refunds=tuple(known))

    seen = read_payment(answer, "RH1-checkout-1", UUID, ours, OctoAccount(shop_id=1, secret="s"))

    assert [(one.ref, one.amount_minor, one.status, one.key) for one in seen.refunds] == expected


@pytest.mark.parametrize(
    ("transaction_id", "reference"),
    [
        ("RH7KQ2M9XC-checkout-1", "RH7KQ2M9XC"),
        ("RH7KQ2M9XC.12-checkout-3", "RH7KQ2M9XC"),
        ("RH7KQ2M9XC", ""),
        ("RH7KQ2M9XC-refund-1", ""),
        ("", ""),
    ],
)
def test_reference_of_a_transaction_id(transaction_id: str, reference: str) -> None:
    assert reference_of(transaction_id) == reference
