"""The account's own view of its money, to compare with what the booking side believes."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sandbox.stripe import balance, dispute_shapes
from sandbox.stripe.account import Account

Json = dict[str, Any]
PLATFORM = "platform"


def books(accounts: Iterable[Account]) -> Json:
    """All of it is at the platform's account, in its two modes; each row names both."""
    kinds = (("payments", "payment_intent", _payment), ("transfers", "transfer", _transfer),
             ("disputes", "dispute", _dispute))  # fmt: skip
    found: Json = {name: [] for name, _, _ in kinds} | {"balances": []}
    effects: Counter[str] = Counter()
    for account in accounts:
        whose = {"account": PLATFORM, "mode": account.mode}
        for name, kind, row in kinds:
            found[name] += [row(account, one) | whose for one in account.all(kind).values()]
        found["balances"] += [one | whose for one in _balances(account)]
        effects.update(account.effects)
    return found | {"effects": dict(effects)}


def _balances(account: Account) -> list[Json]:
    """What is in the account by currency, and what has left it for the platform's bank; no row for nothing at all."""
    sums = balance.retrieve(account)
    swept: Counter[str] = Counter()
    for payout in account.all("payout").values():
        swept[payout["currency"]] += payout["amount"]
    held = {name: {one["currency"]: one["amount"] for one in sums[name]} for name in ("available", "pending")}
    rows = (
        {
            "currency": code,
            "available_minor": held["available"][code],
            "pending_minor": held["pending"][code],
            "paid_out_minor": swept[code],
        }
        for code in account.settlement
    )
    return [row for row in rows if any(list(row.values())[1:])]


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


def _transfer(account: Account, transfer: Json) -> Json:
    return {
        "id": transfer["id"],
        "reference": transfer["metadata"].get("booking_reference"),
        "destination": transfer["destination"],
        "transfer_group": transfer["transfer_group"],
        "currency": transfer["currency"],
        "amount_minor": transfer["amount"],
        "reversed_minor": transfer["amount_reversed"],
    }


def _dispute(account: Account, dispute: Json) -> Json:
    """`withdrawn_minor` is what the cardholder's bank has of it, in the currency of the charge."""
    intent = account.one("payment_intent", dispute["payment_intent"])
    is_withdrawn = len(dispute["balance_transactions"]) == 1
    files = [dispute["evidence"][name] for name in dispute_shapes.FILES if dispute["evidence"][name]]
    return {
        "id": dispute["id"],
        "payment": intent["id"],
        "reference": intent["metadata"].get("booking_reference") or _session_reference(account, intent),
        "status": dispute["status"],
        "reason": dispute["reason"],
        "currency": dispute["currency"],
        "amount_minor": dispute["amount"],
        "withdrawn_minor": dispute["amount"] if is_withdrawn else 0,
        "evidence_files": [_file(account, ref) for ref in files],
    }


def _file(account: Account, ref: str) -> Json:
    file = account.one("file", ref)
    return {**{name: file[name] for name in ("id", "filename", "size")}, **account.private[ref]}


def _session_reference(account: Account, intent: Json) -> str | None:
    ref = account.private.get(intent["id"], {}).get("session")
    reference: str | None = (
        account.one("checkout.session", ref)["metadata"].get("booking_reference") if ref else None
    )
    return reference
