"""Octo's callbacks: which are Octo's, which are nonsense, and what they contradict."""

import hashlib
import json
from typing import Any

import pytest

from payments.providers.octo.callbacks import Callback, contradiction, is_genuine, read_callback
from payments.providers.octo.wire import OctoAccount
from tests.payments.providers.conftest import Case, octo_account
from tests.sandbox.process import Receiver

UUID = "11111111-2222-4333-8444-555555555555"
VECTORS = {
    "succeeded": "ABD07152EB78FB6434AEC31EE17BE442E7B403D0",
    "waiting_for_capture": "85B5C6BB8D1BFA1C0829E36C76B4F73CF57DA0EE",
    "canceled": "FB829ABFBB23EF45C1A0588299C39E424EA4B432",
}
LOWER_INNER = "FC54EB448BC555B2FB6E4CF43AD551A513DA25C5"
UPPER_INNER = "E5FD0F3B6F4C5E9DF1D0D757CC3FFC59A300C283"
ACCOUNT = OctoAccount(shop_id=1, secret="test-secret", unique_key="test-unique-key")
OLDER = OctoAccount(shop_id=1, secret="test-secret", signature_scheme="N")


def body(**changes: Any) -> bytes:
    fields = {
        "shop_transaction_id": "RH1-checkout-1",
        "octo_payment_UUID": UUID,
        "status": "succeeded",
        "signature": VECTORS["succeeded"],
        "hash_key": "test-hash-key",
        **changes,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def genuine(callback: bytes, account: OctoAccount) -> Callback | None:
    """Return what a callback says if this account's key signed it, else None."""
    read = read_callback(callback)
    return read if read and is_genuine(read, account) else None


# --- signatures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", VECTORS)
def test_scheme_u_agrees_with_its_vectors_in_either_case(status: str) -> None:
    for signature in (VECTORS[status], VECTORS[status].lower()):
        callback = genuine(body(status=status, signature=signature), ACCOUNT)
        assert (callback.payment_uuid, callback.status, callback.transaction_id) == (
            UUID,
            status,
            "RH1-checkout-1",
        )


@pytest.mark.parametrize("signature", [LOWER_INNER, UPPER_INNER, LOWER_INNER.lower()])
def test_scheme_n_agrees_with_its_vectors_where_it_is_on(signature: str) -> None:
    assert genuine(body(signature=signature), OLDER)
    assert genuine(body(signature=signature), ACCOUNT) is None


@pytest.mark.parametrize("account", [ACCOUNT, OLDER])
@pytest.mark.parametrize(
    "changes",
    [
        {"signature": VECTORS["canceled"]},
        {"signature": "0" * 40},
        {"signature": ""},
        {"signature": None},
        {"signature": "succeeded"},
        {"signature": VECTORS["succeeded"] + "0"},
        {"signature": [VECTORS["succeeded"]]},
        {"status": "canceled"},
        {"status": "SUCCEEDED"},
        {"status": "succeeded "},
        {"status": None},
        {"octo_payment_UUID": "22222222-2222-4333-8444-555555555555"},
        {"octo_payment_UUID": None},
    ],
)
def test_whatever_is_not_signed_is_refused(account: OctoAccount, changes: dict[str, Any]) -> None:
    assert genuine(body(**changes), account) is None


def test_account_without_a_key_accepts_nothing() -> None:
    signature = hashlib.sha1(f"{UUID}succeeded".encode()).hexdigest()

    assert genuine(body(signature=signature), OctoAccount(shop_id=1, secret="s")) is None


def test_scheme_n_without_a_hash_key_accepts_nothing() -> None:
    assert genuine(body(signature=LOWER_INNER, hash_key=None), OLDER) is None


# --- reading --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"OK",
        b"[]",
        b"null",
        b"\xff",
        b'{"status": ' * 2000,
        body()[:-1] + b', "status": "canceled"}',
        body(shop_transaction_id="RH1 checkout"),
        body(shop_transaction_id="x" * 65),
        body(shop_transaction_id=None),
        body(octo_payment_UUID="none"),
        body(total_sum={"a": 1}),
        body(total_sum=True),
        body(total_sum="much"),
        body(total_sum=1.001),
        body(refunded_sum=1e40),
        body(currency="U\u0000S"),
        body(status="x" * 41),
    ],
)
def test_nonsense_is_nothing(raw: bytes) -> None:
    assert read_callback(raw) is None


def test_unknown_fields_are_ignored_and_nothing_of_the_card_is_kept() -> None:
    raw = body(
        total_sum=500.5, refunded_sum=0, currency="UZS", maskedPan="427831** **** 3011", rrn="1", card_type="x",
        riskLevel=0, is_physical_card=True, payed_time="2026-11-21 15:00:00", newest={"a": [1]},
    )  # fmt: skip

    callback = read_callback(raw)

    assert callback.payload == {
        "shop_transaction_id": "RH1-checkout-1",
        "octo_payment_UUID": UUID,
        "status": "succeeded",
        "total_sum": "500.5",
        "refunded_sum": "0",
        "currency": "UZS",
    }
    assert (callback.total_minor, callback.refunded_minor, callback.type) == (50_050, 0, "octo.succeeded")
    assert "test-hash-key" not in repr(callback)


@pytest.mark.parametrize(
    ("changes", "event_id"),
    [
        ({}, f"{UUID}:succeeded:0"),
        ({"refunded_sum": 0.0}, f"{UUID}:succeeded:0"),
        ({"refunded_sum": 150.5}, f"{UUID}:succeeded:15050"),
        ({"octo_payment_UUID": UUID.upper(), "status": "canceled"}, f"{UUID}:canceled:0"),
    ],
)
def test_same_news_has_the_same_event_id(changes: dict[str, Any], event_id: str) -> None:
    assert read_callback(body(**changes)).event_id == event_id


def says(**changes: Any) -> Callback:
    callback = read_callback(body(**changes))
    assert callback is not None
    return callback


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"total_sum": 500, "currency": "UZS"}, ""),
        ({"total_sum": 123.45}, ""),
        ({"total_sum": 500.01}, "the callback names another amount"),
        ({"total_sum": 0}, "the callback names another amount"),
        ({"currency": "USD"}, "the callback names another currency"),
        ({"shop_transaction_id": "RH2-checkout-1"}, "the callback names another transaction"),
        (
            {"octo_payment_UUID": "22222222-2222-4333-8444-555555555555", "total_sum": 1},
            "the callback names another payment and amount",
        ),
    ],
)
def test_true_signature_may_still_contradict_our_payment(changes: dict[str, Any], words: str) -> None:
    ours = {"session_ref": "RH1-checkout-1", "currency": "UZS", "amounts_minor": {50_000, 12_345}}

    assert contradiction(says(**changes), provider_ref=UUID, **ours) == words


def test_payment_whose_id_is_not_known_yet_contradicts_nothing() -> None:
    found = contradiction(
        says(), session_ref="RH1-checkout-1", provider_ref="", currency="UZS", amounts_minor={50_000}
    )

    assert found == ""


# --- the sandbox's own ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["U", "N"])
def test_sandbox_signs_what_we_accept(octo: Case, receiver: Receiver, scheme: str) -> None:
    account = octo_account(octo.sandbox, notify_url=receiver.url, signature_scheme=scheme)
    octo.sandbox.control("octo/behavior", {"signature_scheme": scheme})
    octo.provider = type(octo.provider)(account)
    octo.hold()
    receiver.wait(1)

    callback = genuine(receiver.got[0][1], account)

    assert (callback.transaction_id, callback.payment_uuid) == (octo.session.ref, octo.ref)
    assert (callback.status, callback.total_minor) == ("waiting_for_capture", octo.amount)


def test_sandbox_signs_wrong_on_order(octo: Case, receiver: Receiver) -> None:
    octo.sandbox.control("webhooks", {"signature": "wrong"})
    account = octo_account(octo.sandbox, notify_url=receiver.url)
    octo.provider = type(octo.provider)(account)
    octo.hold()
    receiver.wait(1)

    assert genuine(receiver.got[0][1], account) is None
