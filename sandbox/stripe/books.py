"""The account's own view of its money, to compare with what the booking side believes."""

from typing import Any

from sandbox.stripe.account import Account

Json = dict[str, Any]


def books(account: Account) -> Json:
    payments = [_payment(account, intent) for intent in account.all("payment_intent").values()]
    return {"payments": payments, "effects": dict(account.effects)}


def _payment(account: Account, intent: Json) -> Json:
    charges = [one for one in account.linked(intent["id"], "charge") if one["status"] == "succeeded"]
    captured = [charge for charge in charges if charge["captured"]]
    return {
        "id": intent["id"],
        "reference": intent["metadata"].get("booking_reference") or _session_reference(account, intent),
        "status": intent["status"],
        "currency": intent["currency"],
        "authorized_minor": sum(charge["amount"] for charge in charges),
        "captured_minor": sum(charge["amount_captured"] for charge in captured),
        "refunded_minor": sum(
            charge["amount_refunded"] for charge in captured
        ),  # a released hold is no refund
    }


def _session_reference(account: Account, intent: Json) -> str | None:
    ref = account.private.get(intent["id"], {}).get("session")
    reference: str | None = (
        account.one("checkout.session", ref)["metadata"].get("booking_reference") if ref else None
    )
    return reference
