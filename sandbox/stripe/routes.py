"""Every call the account answers: its operation's name, its path, what it accepts and what it returns."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe import (
    accounts,
    amounts,
    balance,
    capture,
    disputes,
    files,
    intents,
    listing,
    methods,
    payouts,
    refunds,
    schema,
    sessions,
    transfers,
)
from sandbox.stripe.account import Account
from sandbox.stripe.errors import missing
from sandbox.stripe.schema import Rule, text

Json = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """`kind` is the object it returns, or lists where `filters` is set.

    `keys`: "secret", "any" (a browser may, knowing the intent's secret) or "publishable" (only a browser may).
    """

    operation: str
    method: str
    pattern: re.Pattern[str]
    kind: str
    handler: Callable[..., Json] | None = None
    rules: dict[str, Rule] = field(default_factory=dict)
    filters: dict[str, listing.Filter] | None = None
    source: Callable[..., list[Json]] | None = None
    keys: str = "secret"

    @property
    def is_list(self) -> bool:
        return self.filters is not None


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            return route, match.groups()
    return None


def _call(
    operation: str, verb: str, path: str, kind: str, handler: Any, rules: Any = None, keys: str = "secret"
) -> Route:
    return Route(operation, verb, _pattern(path), kind, handler, rules or {}, keys=keys)


def _list(
    operation: str, path: str, kind: str, filters: Json, rules: Any = None, source: Any = None
) -> Route:
    accepted = {**listing.RULES, **dict.fromkeys(filters, text()), **(rules or {})}
    return Route(operation, "GET", _pattern(path), kind, None, accepted, filters, source)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/v1/" + path.replace("ID", "([A-Za-z0-9_]+)"))


def _reader(kind: str, param: str) -> Callable[..., Json]:
    return lambda account, params, ref: account.get(kind, ref, param)


def _line_items(account: Account, ref: str) -> list[Json]:
    account.get("checkout.session", ref, "session")
    lines: list[Json] = account.private[ref]["lines"]
    return lines[::-1]  # lists turn newest first, lines keep their order


def _refunds_of(account: Account, ref: str) -> list[Json]:
    if ref not in account.all("charge"):
        raise missing("charge", ref, "id")
    return account.linked(ref, "refund")


def _is_type(account: Account, event: Json, asked: str | None) -> bool:
    if asked is None or asked == event["type"]:
        return True
    return asked.endswith("*") and str(event["type"]).startswith(asked[:-1])


def _is_any_type(account: Account, event: Json, asked: list[str]) -> bool:
    return any(_is_type(account, event, one) for one in asked)


def _was_delivered(account: Account, event: Json, asked: bool) -> bool:
    return account.outbox.is_delivered(event["id"]) is asked


ROUTES = (
    _call("checkout.sessions.create", "POST", "checkout/sessions", "checkout.session", sessions.create,
          sessions.CREATE),
    _list("checkout.sessions.list", "checkout/sessions", "checkout.session",
          {"payment_intent": listing.has("payment_intent"), "status": listing.has("status"),
           "customer": listing.has("customer")}),
    _call("checkout.sessions.retrieve", "GET", "checkout/sessions/ID", "checkout.session", sessions.retrieve),
    _call("checkout.sessions.update", "POST", "checkout/sessions/ID", "checkout.session", sessions.update,
          sessions.UPDATE),
    _call("checkout.sessions.expire", "POST", "checkout/sessions/ID/expire", "checkout.session",
          sessions.expire),
    _list("checkout.sessions.list_line_items", "checkout/sessions/ID/line_items", "item", {},
          source=_line_items),
    _call("payment_intents.create", "POST", "payment_intents", "payment_intent", intents.create,
          intents.CREATE),
    _list("payment_intents.list", "payment_intents", "payment_intent", {"customer": listing.has("customer")}),
    _call("payment_intents.retrieve", "GET", "payment_intents/ID", "payment_intent", intents.retrieve,
          {"client_secret": text()}, keys="any"),
    _call("payment_intents.update", "POST", "payment_intents/ID", "payment_intent", intents.update,
          intents.UPDATE),
    _call("payment_intents.confirm", "POST", "payment_intents/ID/confirm", "payment_intent", intents.confirm,
          intents.CONFIRM, keys="any"),
    _call("payment_intents.capture", "POST", "payment_intents/ID/capture", "payment_intent", capture.capture,
          capture.CAPTURE),
    _call("payment_intents.cancel", "POST", "payment_intents/ID/cancel", "payment_intent", capture.cancel,
          capture.CANCEL),
    _call("payment_methods.create", "POST", "payment_methods", "payment_method", methods.create,
          methods.CREATE, keys="publishable"),
    _call("payment_methods.retrieve", "GET", "payment_methods/ID", "payment_method",
          _reader("payment_method", "payment_method")),
    _list("charges.list", "charges", "charge",
          {"payment_intent": listing.has("payment_intent"), "customer": listing.has("customer"),
           "transfer_group": listing.has("transfer_group")}),
    _call("charges.retrieve", "GET", "charges/ID", "charge", _reader("charge", "id")),
    _list("charges.refunds.list", "charges/ID/refunds", "refund", {}, source=_refunds_of),
    _call("refunds.create", "POST", "refunds", "refund", refunds.create, refunds.CREATE),
    _list("refunds.list", "refunds", "refund",
          {"payment_intent": listing.has("payment_intent"), "charge": listing.has("charge")}),
    _call("refunds.retrieve", "GET", "refunds/ID", "refund", refunds.retrieve),
    _call("refunds.update", "POST", "refunds/ID", "refund", refunds.update, refunds.UPDATE),
    _call("refunds.cancel", "POST", "refunds/ID/cancel", "refund", refunds.cancel),
    _list("disputes.list", "disputes", "dispute",
          {"payment_intent": listing.has("payment_intent"), "charge": listing.has("charge")}),
    _call("disputes.retrieve", "GET", "disputes/ID", "dispute", disputes.retrieve),
    _call("disputes.update", "POST", "disputes/ID", "dispute", disputes.update, disputes.UPDATE),
    _call("disputes.close", "POST", "disputes/ID/close", "dispute", disputes.close),
    _call("accounts.retrieve_current", "GET", "account", "account",
          lambda account, params: payouts.platform(account)),
    _list("payouts.list", "payouts", "payout", {"status": listing.has("status")}),
    _call("payouts.retrieve", "GET", "payouts/ID", "payout", _reader("payout", "payout")),
    _call("accounts.create", "POST", "accounts", "account", accounts.create, accounts.CREATE),
    _list("accounts.list", "accounts", "account", {}),
    _call("accounts.retrieve", "GET", "accounts/ID", "account", accounts.retrieve),
    _call("accounts.update", "POST", "accounts/ID", "account", accounts.update, accounts.UPDATE),
    _call("account_links.create", "POST", "account_links", "account_link", accounts.create_link,
          accounts.LINK),
    _call("transfers.create", "POST", "transfers", "transfer", transfers.create, transfers.CREATE),
    _list("transfers.list", "transfers", "transfer",
          {"destination": listing.has("destination"), "transfer_group": listing.has("transfer_group")}),
    _call("transfers.retrieve", "GET", "transfers/ID", "transfer", transfers.retrieve),
    _call("transfers.update", "POST", "transfers/ID", "transfer", transfers.update, transfers.UPDATE),
    _call("transfers.reversals.create", "POST", "transfers/ID/reversals", "transfer_reversal",
          transfers.reverse, transfers.REVERSE),
    _list("transfers.reversals.list", "transfers/ID/reversals", "transfer_reversal", {},
          source=transfers.reversals_of),
    _call("transfers.reversals.retrieve", "GET", "transfers/ID/reversals/ID", "transfer_reversal",
          transfers.reversal),
    _call("files.create", "POST", "files", "file", files.create, files.CREATE),
    _list("files.list", "files", "file", {"purpose": listing.has("purpose")}),
    _call("files.retrieve", "GET", "files/ID", "file", _reader("file", "file")),
    _list("events.list", "events", "event",
          {"type": _is_type, "types": _is_any_type, "delivery_success": _was_delivered},
          {"types": schema.listed(text(), 20), "delivery_success": schema.boolean}),
    _call("events.retrieve", "GET", "events/ID", "event", _reader("event", "id")),
    _list("balance_transactions.list", "balance_transactions", "balance_transaction",
          {"source": listing.has("source"), "type": listing.has("type"), "currency": listing.has("currency")},
          {"currency": amounts.currency}),
    _call("balance_transactions.retrieve", "GET", "balance_transactions/ID", "balance_transaction",
          _reader("balance_transaction", "id")),
    _call("balance.retrieve", "GET", "balance", "balance", lambda account, params: balance.retrieve(account)),
)  # fmt: skip
