"""One try to take money: the card's answer, the challenge before it, the charge after it."""

from typing import Any

from sandbox.stripe import balance, cards, disputes, shapes
from sandbox.stripe.account import Account
from sandbox.stripe.cards import Card
from sandbox.stripe.errors import StripeError

Json = dict[str, Any]
HOLD_SECONDS = 7 * shapes.DAY
SETTLE_SECONDS = 1  # automatic_async: the balance transaction comes a moment after the charge


def new_method(account: Account, card: Card, email: str | None = None, name: str | None = None) -> Json:
    method = shapes.payment_method(account.new_id("pm_"), account.now, card, shapes.billing(email, name))
    account.private[method["id"]] = {"number": card.number}
    return account.add(method)


def card_of(account: Account, method_id: str) -> Card:
    return cards.find(account.private[method_id]["number"], is_live=account.is_live)


def attempt(account: Account, intent: Json, method_id: str, return_url: str | None = None) -> None:
    """Try `method_id` for a confirmable intent, up to a challenge or an answer.

    Raises: StripeError 402 when the card is declined; the intent then waits for another method.
    """
    card = card_of(account, method_id)
    intent.update(payment_method=method_id, last_payment_error=None)
    if return_url:
        account.private[intent["id"]] = {**account.private.get(intent["id"], {}), "return_url": return_url}
    if card.challenge:
        intent.update(status="requires_action", next_action=_next_action(account, intent, return_url))
        account.emit("payment_intent.requires_action", intent)
        return
    _charge(account, intent, method_id, is_three_d_secure=False)


def finish_challenge(account: Account, intent: Json, *, is_passed: bool) -> None:
    """The guest came back from the bank's page. Raises: StripeError 402 when that ends the try."""
    method_id = intent["payment_method"]
    intent["next_action"] = None
    if is_passed:
        _charge(account, intent, method_id, is_three_d_secure=True)
        return
    error = {
        "code": "payment_intent_authentication_failure",
        "message": cards.AUTHENTICATION_FAILED,
        "type": "card_error",
    }
    raise _failed(account, intent, method_id, error)


def _charge(account: Account, intent: Json, method_id: str, *, is_three_d_secure: bool) -> None:
    method = account.one("payment_method", method_id)
    charge = shapes.charge(
        account.new_id("ch_"), account.now, intent, method, is_three_d_secure=is_three_d_secure
    )
    account.add(charge)
    account.link(intent["id"], charge["id"])
    intent["latest_charge"] = charge["id"]
    decline = card_of(account, method_id).decline
    if decline:
        raise _declined(account, intent, charge, *decline)
    _succeeded(account, intent, charge)


def _succeeded(account: Account, intent: Json, charge: Json) -> None:
    charge.update(status="succeeded", paid=True, outcome=_outcome("approved_by_network", "Payment complete."))
    account.count("authorize")
    if intent["capture_method"] == "manual":
        charge["payment_method_details"]["card"]["capture_before"] = account.now + HOLD_SECONDS
        account.later(account.now + HOLD_SECONDS, "lapse", intent["id"])
        intent.update(status="requires_capture", amount_capturable=intent["amount"], next_action=None)
        account.emit("charge.succeeded", charge)
        account.emit("payment_intent.amount_capturable_updated", intent)
        return
    account.count("capture")
    charge.update(captured=True, amount_captured=charge["amount"])
    intent.update(status="succeeded", amount_received=intent["amount"], next_action=None)
    if intent["capture_method"] == "automatic_async":
        account.later(account.now + SETTLE_SECONDS, "settle_charge", charge["id"])
    else:
        balance.book_charge(account, charge)
    account.emit("charge.succeeded", charge)
    disputes.raise_for_card(account, charge, card_of(account, charge["payment_method"]).dispute)
    account.emit("payment_intent.succeeded", intent)


def _declined(
    account: Account, intent: Json, charge: Json, code: str, decline_code: str | None
) -> StripeError:
    message = cards.decline_message(code, decline_code)
    charge.update(
        failure_code=code,
        failure_message=message,
        outcome=_outcome("declined_by_network", "The bank returned a decline.", decline_code or code),
    )
    account.emit("charge.failed", charge)
    error = {"charge": charge["id"], "code": code, "message": message, "type": "card_error"}
    if decline_code:
        error["decline_code"] = decline_code
    return _failed(account, intent, charge["payment_method"], error)


def _failed(account: Account, intent: Json, method_id: str, error: Json) -> StripeError:
    """Leave the intent open for another card, tell the world, and make the answer."""
    method = account.one("payment_method", method_id)
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error={**error, "payment_method": method},
    )
    account.emit("payment_intent.payment_failed", intent)
    fields = {name: value for name, value in error.items() if name not in ("message", "type")}
    fields |= {"payment_intent": dict(intent), "payment_method": method}
    return StripeError(402, error["message"], type="card_error", is_stored=True, **fields)


def _outcome(network_status: str, message: str, reason: str | None = None) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": message,
        "type": "authorized" if network_status == "approved_by_network" else "issuer_declined",
    }


def _next_action(account: Account, intent: Json, return_url: str | None) -> Json:
    if return_url is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "stripe_3ds2_fingerprint"}}
    page = f"{account.page_base}/checkout/stripe/{intent['id']}/challenge"
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}
