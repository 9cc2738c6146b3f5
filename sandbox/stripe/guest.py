"""What a guest does on the hosted page: pays, is declined, passes the bank's check, goes back."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.stripe import cards, charging, intents
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError

Json = dict[str, Any]
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"


def pay(account: Account, session: Json, number: str, email: str, name: str) -> str:
    """Try to pay an open session with a card: "succeeded", "declined" or "requires_action".

    The intent is made at the first try, and kept for the next one after a decline.
    """
    intent = _intent(account, session)
    method = charging.new_method(account, cards.find(number, is_live=account.is_live), email, name)
    account.private[session["id"]]["guest"] = {"email": email, "name": name}
    try:
        charging.attempt(account, intent, method["id"])
    except StripeError:
        return "declined"
    return _after(account, session, intent)


def answer_challenge(account: Account, session: Json, *, is_passed: bool) -> str:
    """Finish the bank's check of the intent under way: "succeeded" or "declined"."""
    intent = account.one("payment_intent", session["payment_intent"])
    try:
        charging.finish_challenge(account, intent, is_passed=is_passed)
    except StripeError:
        return "declined"
    return _after(account, session, intent)


def pay_bare(account: Account, intent: Json, number: str, email: str, name: str, return_url: str) -> str:
    """Pay an open intent of the merchant's own page, as its elements would; `return_url` may be empty."""
    method = charging.new_method(account, cards.find(number, is_live=account.is_live), email, name)
    try:
        charging.attempt(account, intent, method["id"], return_url or None)
    except StripeError:
        return "declined"
    return "requires_action" if intent["status"] == "requires_action" else "succeeded"


def answer_bare_challenge(account: Account, intent: Json, *, is_passed: bool) -> str:
    """The same for an intent without a session, confirmed through the API with a `return_url`."""
    try:
        charging.finish_challenge(account, intent, is_passed=is_passed)
    except StripeError:
        return "declined"
    return "succeeded"


def is_challenged(account: Account, session: Json) -> bool:
    ref = session["payment_intent"]
    return bool(ref and account.one("payment_intent", ref)["status"] == "requires_action")


def last_refusal(account: Account, session: Json) -> Json | None:
    """Why the last try failed, as the intent says it."""
    if session["payment_intent"] is None or session["status"] != "open":
        return None
    error: Json | None = account.one("payment_intent", session["payment_intent"])["last_payment_error"]
    return error


def success_url(session: Json) -> str:
    return str(session["success_url"]).replace(PLACEHOLDER, session["id"])


def return_url(account: Account, intent: Json) -> str | None:
    """Where the guest goes back to after the bank's check, told by the address how the payment stands."""
    target: str | None = account.private.get(intent["id"], {}).get("return_url")
    if target is None:
        return None
    status = "failed" if intent["status"] in intents.OPEN or intent["status"] == "canceled" else "succeeded"
    more = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": status,
    }
    parts = urlsplit(target)
    query = f"{parts.query}&{urlencode(more)}" if parts.query else urlencode(more)
    return parts._replace(query=query).geturl()


def _intent(account: Account, session: Json) -> Json:
    if session["payment_intent"]:
        return account.one("payment_intent", session["payment_intent"])
    wanted = account.private[session["id"]]["intent"]
    intent = intents.new(account, session["amount_total"], session["currency"], wanted)
    account.private[intent["id"]] = {"session": session["id"]}
    session["payment_intent"] = intent["id"]
    account.emit("payment_intent.created", intent)
    return intent


def _after(account: Account, session: Json, intent: Json) -> str:
    if intent["status"] == "requires_action":
        return "requires_action"
    guest = account.private[session["id"]]["guest"]
    session.update(
        status="complete",
        url=None,
        payment_status="paid" if intent["status"] == "succeeded" else "unpaid",
        customer_details=_details(guest),
    )
    account.emit("checkout.session.completed", session)
    return "succeeded"


def _details(guest: Json) -> Json:
    return {
        "address": None,
        "business_name": None,
        "email": guest["email"],
        "individual_name": None,
        "name": guest["name"],
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
