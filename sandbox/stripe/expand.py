"""Expansion: ids by default, whole objects where `expand` asks for them, four levels deep at most."""

import copy
from typing import Any

from sandbox.stripe.account import Account
from sandbox.stripe.errors import invalid

Json = dict[str, Any]
DEEPEST = 4
REFUNDS_SHOWN = 10

# What each kind of object may expand, and into what.
EXPANDABLE = {
    "checkout.session": {"payment_intent": "payment_intent", "line_items": "item"},
    "payment_intent": {"latest_charge": "charge", "payment_method": "payment_method"},
    "charge": {
        "payment_intent": "payment_intent",
        "balance_transaction": "balance_transaction",
        "refunds": "refund",
        "dispute": "dispute",
    },
    "refund": {
        "charge": "charge",
        "payment_intent": "payment_intent",
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
    },
    "transfer": {
        "destination": "account",
        "source_transaction": "charge",
        "balance_transaction": "balance_transaction",
    },
    "transfer_reversal": {"transfer": "transfer", "balance_transaction": "balance_transaction"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "balance_transaction": {"source": "charge"},
}
# What a balance transaction may belong to, by the beginning of its id.
SOURCES = {
    "ch": "charge", "re": "refund", "du": "dispute", "tr": "transfer", "trr": "transfer_reversal", "po": "payout",
}  # fmt: skip
LISTS = ("refunds", "line_items")
NULLS = {"customer", "invoice", "subscription", "setup_intent", "payment_link", "application", "on_behalf_of",
         "review", "transfer", "source_transfer", "application_fee"}  # fmt: skip


def paths_of(kind: str, asked: list[str], *, is_list: bool) -> list[list[str]]:
    """The paths to expand, checked against what `kind` can show. Raises: StripeError."""
    paths = []
    for path in asked:
        names = path.split(".")
        if len(names) > DEEPEST:
            raise invalid(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}", "expand"
            )
        if is_list and names.pop(0) != "data":
            raise _cannot(path)
        _check(kind, names, path)
        paths.append(names)
    return paths


def shown(account: Account, obj: Json, paths: list[list[str]]) -> Json:
    """A copy for the wire, with what time tells filled in and `paths` expanded."""
    result = copy.copy(obj)
    kind = result["object"]
    if kind == "balance_transaction":
        result["status"] = "available" if result["available_on"] <= account.now else "pending"
    elif kind == "event":
        result["pending_webhooks"] = account.outbox.pending(result["id"])
    elif kind == "dispute":
        result["balance_transactions"] = [shown(account, one, []) for one in obj["balance_transactions"]]
    for first in dict.fromkeys(path[0] for path in paths if path):
        below = [path[1:] for path in paths if path and path[0] == first and len(path) > 1]
        if first in LISTS:
            result[first] = _sublist(account, obj, first, [path[1:] for path in below])
        elif result.get(first) is not None and first in EXPANDABLE[kind]:
            result[first] = shown(account, _target(account, kind, first, result[first]), below)
    return result


def _target(account: Account, kind: str, name: str, ref: str) -> Json:
    if kind == "balance_transaction":
        return account.one(SOURCES[ref.partition("_")[0]], ref)
    return account.one(EXPANDABLE[kind][name], ref)


def _sublist(account: Account, obj: Json, name: str, paths: list[list[str]]) -> Json:
    if name == "line_items":
        items, url = account.private[obj["id"]]["lines"], f"/v1/checkout/sessions/{obj['id']}/line_items"
    else:
        items = account.linked(obj["id"], "refund")[::-1]
        url = f"/v1/charges/{obj['id']}/refunds"
    data = [shown(account, item, paths) for item in items[:REFUNDS_SHOWN]]
    return {"object": "list", "data": data, "has_more": len(items) > REFUNDS_SHOWN, "url": url}


def _check(kind: str, names: list[str], path: str) -> None:
    for position, name in enumerate(names):
        if position and names[position - 1] in LISTS:
            if name != "data":
                raise _cannot(path)
            continue
        if name in NULLS and position == len(names) - 1:
            return
        if name not in EXPANDABLE.get(kind, {}):
            raise _cannot(path)
        kind = EXPANDABLE[kind][name]


def _cannot(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
