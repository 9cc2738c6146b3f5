"""A guest's whole visit to a hosted page in one call, as the control layer asks for it."""

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.paypages import BadVisit, is_plausible
from sandbox.stripe import cards, guest, intents
from sandbox.stripe.account import Account
from sandbox.stripe.engine import Engine

Json = dict[str, Any]
ACTIONS = ("pay", "fail_3ds", "leave_3ds", "abandon", "cancel")
BARE_ACTIONS = ("pay", "fail_3ds", "leave_3ds", "abandon")
EMAIL = "guest@example.com"
NAME = "Sandbox Guest"


def pay(engine: Engine, url: str, number: str, action: str) -> Json | None:
    """Visit a checkout page: {"result", "return_url"} and, when declined, "code" and "decline_code".

    Results: succeeded, declined, requires_action (the challenge was left open), abandoned, canceled, and
    complete or expired for a session that can no longer be paid. None when `url` is no page of this account.
    Raises: BadVisit for an unknown action or a card that is no card.
    """
    match = re.fullmatch(
        r"/checkout/stripe/((?:cs_test|cs_live|pi)_[A-Za-z0-9]+)(?:/challenge)?", urlsplit(url).path
    )
    if match is None:
        return None
    number = _checked(number, action, ACTIONS)
    with engine.lock:
        engine.tick()
        result = _visit(engine.account, match[1], number, action)
    engine.on_change()
    return result


def pay_intent(engine: Engine, ref: str, number: str, action: str, return_url: str = "") -> Json | None:
    """Pay an intent (its id or client secret) without a page, as the elements on the merchant's page do.

    The answer is that of `pay`; None when there is no such intent. Raises: BadVisit.
    """
    number = _checked(number, action, BARE_ACTIONS)
    with engine.lock:
        engine.tick()
        intent = _named(engine.account, ref)
        result = intent and _bare_visit(engine.account, intent, number, action, return_url)
    engine.on_change()
    return result


def _checked(number: str, action: str, actions: tuple[str, ...]) -> str:
    if action not in actions:
        raise BadVisit(f"action must be one of {', '.join(actions)}")
    number = cards.TOKENS.get(number, number)
    if not is_plausible(number):
        raise BadVisit("card must be a card number or a pm_card_… name")
    return number


def _named(account: Account, ref: str) -> Json | None:
    intent = account.all("payment_intent").get(ref.partition("_secret_")[0])
    return intent if intent and ref in (intent["id"], intent["client_secret"]) else None


def _bare_visit(account: Account, intent: Json, number: str, action: str, return_url: str) -> Json:
    if "session" in account.private.get(intent["id"], {}):
        raise BadVisit("this intent belongs to a checkout session: pay at its url")
    if action == "abandon":
        return _result("abandoned", None)
    if intent["status"] not in intents.OPEN:
        return _result(intent["status"], guest.return_url(account, intent))
    result = guest.pay_bare(account, intent, number, EMAIL, NAME, return_url)
    if result == "requires_action" and action != "leave_3ds":
        result = guest.answer_bare_challenge(account, intent, is_passed=action != "fail_3ds")
    if result == "declined":
        return _declined(intent["last_payment_error"])
    return _result(result, guest.return_url(account, intent) if result == "succeeded" else None)


def _visit(account: Account, ref: str, number: str, action: str) -> Json | None:
    if ref.startswith("pi_"):
        return _challenge_only(account, ref, action)
    session = account.all("checkout.session").get(ref)
    if session is None:
        return None
    if action == "abandon":
        return _result("abandoned", None)
    if action == "cancel":
        return _result("canceled", session["cancel_url"])
    if session["status"] != "open":
        return _result(
            session["status"], guest.success_url(session) if session["status"] == "complete" else None
        )
    result = guest.pay(account, session, number, session["customer_email"] or EMAIL, NAME)
    if result == "requires_action" and action != "leave_3ds":
        result = guest.answer_challenge(account, session, is_passed=action != "fail_3ds")
    if result == "declined":
        return _declined(guest.last_refusal(account, session))
    return _result(result, guest.success_url(session) if result == "succeeded" else None)


def _challenge_only(account: Account, ref: str, action: str) -> Json | None:
    intent = account.all("payment_intent").get(ref)
    is_owned = "session" in account.private.get(ref, {})
    if intent is None or is_owned or intent["status"] != "requires_action":
        return None
    result = guest.answer_bare_challenge(account, intent, is_passed=action != "fail_3ds")
    if result == "declined":
        return _declined(intent["last_payment_error"])
    return _result(result, guest.return_url(account, intent))


def _declined(error: Json | None) -> Json:
    error = error or {}
    more = {"code": error.get("code"), "decline_code": error.get("decline_code")}
    return {**_result("declined", None), **more}


def _result(result: str, return_url: str | None) -> Json:
    return {"result": result, "return_url": return_url}
