"""Transfers to connected accounts, and back: out of the available balance, or out of one charge's."""

from typing import Any

from sandbox.stripe import amounts, balance, currencies, schema, shapes
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError, invalid, refused
from sandbox.stripe.schema import one_of, text, unsimulated

Json = dict[str, Any]
REVERSALS_SHOWN = 10
CREATE = {
    "amount": schema.required(schema.positive),
    "currency": schema.required(amounts.currency),
    "description": text(),
    "destination": schema.required(text()),
    "metadata": schema.metadata,
    "source_transaction": text(),
    "source_type": one_of("bank_account", "card", "fpx"),
    "transfer_group": text(),
}
UPDATE = {"description": text(), "metadata": schema.metadata}
REVERSE = {
    "amount": schema.positive,
    "description": text(),
    "metadata": schema.metadata,
    "refund_application_fee": unsimulated,
}


def create(account: Account, params: Json) -> Json:
    """Raises: StripeError for an account that cannot be paid, or money that is not there."""
    amount, currency = params["amount"], params["currency"]
    _check_destination(account, params["destination"])
    charge = _source(account, params)
    if charge is None and balance.available(account, currency) < amount:
        raise _insufficient("Insufficient available funds in your Stripe account.")
    transfer = _shape(account.new_id("tr_"), account.now, params)
    account.add(transfer)
    available_on = account.now
    if charge is not None:
        account.link(charge["id"], transfer["id"])
        transfer["transfer_group"] = params.get("transfer_group") or charge["transfer_group"]
        available_on = _available_on(account, charge)
    balance.book_transfer(account, transfer, available_on)
    _move(account, transfer, amount)
    account.count("transfer")
    account.emit("transfer.created", transfer)
    return transfer


def retrieve(account: Account, params: Json, ref: str) -> Json:
    return account.get("transfer", ref, "transfer")


def update(account: Account, params: Json, ref: str) -> Json:
    transfer = account.get("transfer", ref, "transfer")
    before = {"metadata": transfer["metadata"], "description": transfer["description"]}
    transfer["metadata"] = schema.merged(transfer["metadata"], params.get("metadata"))
    transfer["description"] = params.get("description", transfer["description"])
    account.emit("transfer.updated", transfer, before)
    return transfer


def reverse(account: Account, params: Json, ref: str) -> Json:
    """Fetch (part of) a transfer back, as far as the host still has it."""
    transfer = account.get("transfer", ref, "transfer")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = params.get("amount", left)
    if left == 0:
        raise refused(f"Transfer {ref} has already been reversed.", "transfer_reversed")
    if amount > left:
        shown = currencies.formatted(left, transfer["currency"])
        raise refused(f"You cannot reverse more than what is left of the transfer ({shown}).", param="amount")
    held = account.private[transfer["destination"]]["balance"].get(transfer["currency"], 0)
    if held < amount:
        raise _insufficient("The connected account does not have enough funds for this reversal.")
    return _reversed(account, transfer, amount, params)


def reversal(account: Account, params: Json, transfer_ref: str, ref: str) -> Json:
    account.get("transfer", transfer_ref, "transfer")
    return account.get("transfer_reversal", ref, "id")


def reversals_of(account: Account, ref: str) -> list[Json]:
    account.get("transfer", ref, "transfer")
    return account.linked(ref, "transfer_reversal")


def _reversed(account: Account, transfer: Json, amount: int, params: Json) -> Json:
    made = {
        "id": account.new_id("trr_"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": account.now,
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": schema.merged({}, params.get("metadata")),
        "source_refund": None,
        "transfer": transfer["id"],
    }
    account.add(made)
    account.link(transfer["id"], made["id"])
    balance.book_reversal(account, made)
    before = {"amount_reversed": transfer["amount_reversed"], "reversed": transfer["reversed"]}
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    newest = account.linked(transfer["id"], "transfer_reversal")[::-1]
    transfer["reversals"].update(data=newest[:REVERSALS_SHOWN], has_more=len(newest) > REVERSALS_SHOWN)
    _move(account, transfer, -amount)
    account.count("transfer_reversal")
    account.emit("transfer.reversed", transfer, before)
    return made


def _check_destination(account: Account, ref: str) -> None:
    connected = account.all("account").get(ref)
    if connected is None:
        raise StripeError(400, f"No such destination: '{ref}'", code="resource_missing", param="destination")
    if connected["capabilities"].get("transfers") != "active":
        raise refused(
            "Your destination account needs to have at least one of the following capabilities enabled: "
            "transfers, crypto_transfers, legacy_payments",
            "insufficient_capabilities_for_transfer",
        )


def _source(account: Account, params: Json) -> Json | None:
    """The charge a transfer is tied to. Raises: StripeError when there is not so much of it."""
    ref = params.get("source_transaction")
    if ref is None:
        return None
    charge = account.all("charge").get(ref)
    if charge is None or not charge["captured"]:
        raise invalid(f"No such captured charge: '{ref}'", "source_transaction", "resource_missing")
    settled = balance.settlement_of(account, charge["currency"])
    if params["currency"] != settled:
        raise refused(
            f"The currency of source_transaction's balance transaction ({settled}) must be the same as the "
            f"transfer currency ({params['currency']})", param="currency",
        )  # fmt: skip
    used = sum(one["amount"] - one["amount_reversed"] for one in account.linked(ref, "transfer"))
    left = currencies.settled(charge["amount_captured"], charge["currency"], settled) - used
    if params["amount"] > left:
        shown = currencies.formatted(left, settled)
        raise refused(
            f"Cannot use transfer amount above the remaining source amount ({shown})", param="amount"
        )
    return charge


def _available_on(account: Account, charge: Json) -> int:
    """A transfer tied to a charge leaves when the charge's money comes."""
    transaction = account.all("balance_transaction").get(charge["balance_transaction"] or "")
    return int(transaction["available_on"]) if transaction else account.now + 2 * shapes.DAY


def _move(account: Account, transfer: Json, amount: int) -> None:
    held = account.private[transfer["destination"]]["balance"]
    held[transfer["currency"]] = held.get(transfer["currency"], 0) + amount


def _insufficient(message: str) -> StripeError:
    return refused(message, "balance_insufficient")


def _shape(ref: str, now: int, params: Json) -> Json:
    return {
        "id": ref,
        "object": "transfer",
        "amount": params["amount"],
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": now,
        "currency": params["currency"],
        "description": params.get("description"),
        "destination": params["destination"],
        "destination_payment": None,
        "livemode": False,
        "metadata": schema.merged({}, params.get("metadata")),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{ref}/reversals",
        },
        "reversed": False,
        "source_transaction": params.get("source_transaction"),
        "source_type": params.get("source_type") or "card",
        "transfer_group": params.get("transfer_group"),
    }
