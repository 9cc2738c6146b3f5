"""What happens without our asking: disputes and their ends, and a person at work in the dashboard."""

from collections.abc import Callable
from typing import Any

from sandbox.orders import BadOrder, amount_of, choice_of
from sandbox.settings import INTERVALS
from sandbox.stripe import accounts, balance, capture, dispute_shapes, disputes, payouts, refunds
from sandbox.stripe.account import Account
from sandbox.stripe.engine import Engine
from sandbox.stripe.errors import StripeError

Json = dict[str, Any]
DASHBOARD = ("refund", "capture", "cancel")


def obeyed(engine: Engine, what: Callable[[Account, Json], Json], order: Json) -> Json:
    """Do it as one change. Raises: BadOrder, also for what the provider refuses."""
    with engine.lock:
        engine.tick()
        try:
            result = dict(what(engine.account, order))
        except StripeError as error:
            raise BadOrder(str(error)) from error
    engine.on_change()
    return result


def dispute(account: Account, order: Json) -> Json:
    """Raise one: {"payment_intent", "reason", "amount_minor", "inquiry"}; or end one: {"dispute" or
    "payment_intent", "resolve": won | lost | escalated | closed}. Returns the dispute.
    """
    if "resolve" in order:
        outcome = choice_of(order, "resolve", disputes.OUTCOMES)
        found = _dispute(account, order)
        if found["status"] in disputes.CLOSED:
            raise BadOrder("this dispute is closed already")
        disputes.end(account, found, outcome)
        return found
    charge = _charge(account, order)
    reason = choice_of({"reason": "fraudulent", **order}, "reason", dispute_shapes.REASONS)
    is_inquiry = bool(order.get("inquiry", False))
    return disputes.create(account, charge, reason, amount_of(order), is_inquiry=is_inquiry)


def dashboard(account: Account, order: Json) -> Json:
    """{"action": refund | capture | cancel, "payment_intent", "amount_minor"}: the object changed.

    As in the provider's own dashboard: no metadata, no idempotency key, and its events say so.
    """
    action = choice_of(order, "action", DASHBOARD)
    intent, amount = _intent(account, order), amount_of(order)
    account.request = {"id": account.new_id("req_", 14), "idempotency_key": None}
    try:
        if action == "refund":
            return refunds.create(account, _given(payment_intent=intent["id"], amount=amount))
        if action == "capture":
            return capture.capture(account, _given(amount_to_capture=amount), intent["id"])
        return capture.cancel(account, {}, intent["id"])
    finally:
        account.request = None


def refund(account: Account, order: Json) -> Json:
    """{"refund", "resolve": succeeded | failed}: what the bank makes of a refund, now. Returns it."""
    outcome = choice_of(order, "resolve", ("succeeded", "failed"))
    found = account.all("refund").get(str(order.get("refund")))
    if found is None:
        raise BadOrder("refund must be the id of a refund")
    if found["status"] not in ("pending", "succeeded") or found["status"] == outcome:
        raise BadOrder(f"this refund is {found['status']}")
    (refunds.complete if outcome == "succeeded" else refunds.fail)(account, found["id"])
    return found


def host(account: Account, order: Json) -> Json:
    """{"account", "state": enabled | restricted | rejected}, or {"account", "withdraw": true}: the host took
    out all they had, so that no transfer can be fetched back; or {"account": "platform", "schedule": daily | manual}.
    Returns the account; of {"account": "platform", "fee_minor", "currency"}, which the provider takes for the account
    itself, the balance transaction.
    """
    if "fee_minor" in order:
        fee = amount_of({"amount_minor": order["fee_minor"]})
        currency = choice_of(order, "currency", account.settlement)
        return balance.book_account_fee(account, fee or 1, currency)
    if order.get("account") == payouts.PLATFORM:
        return payouts.set_schedule(account, choice_of(order, "schedule", INTERVALS))
    found = account.all("account").get(str(order.get("account")))
    if found is None:
        raise BadOrder("account must be the id of a connected account")
    if order.get("withdraw"):
        account.private[found["id"]]["balance"] = {}
    else:
        accounts.set_state(account, found, choice_of(order, "state", accounts.STATES))
    return found


def _given(**params: Any) -> Json:
    return {name: value for name, value in params.items() if value is not None}


def _intent(account: Account, order: Json) -> Json:
    intent = account.all("payment_intent").get(str(order.get("payment_intent")))
    if intent is None:
        raise BadOrder("payment_intent must be the id of an intent")
    return intent


def _charge(account: Account, order: Json) -> Json:
    intent = _intent(account, order)
    charge = account.all("charge").get(intent["latest_charge"] or "")
    if charge is None:
        raise BadOrder("this intent was never paid")
    return charge


def _dispute(account: Account, order: Json) -> Json:
    if "dispute" in order:
        found = account.all("dispute").get(str(order["dispute"]))
    else:
        found = account.all("dispute").get(_charge(account, order)["dispute"] or "")
    if found is None:
        raise BadOrder("there is no such dispute")
    return found
