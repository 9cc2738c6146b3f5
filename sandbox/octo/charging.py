"""The guest's tries to pay: the card's answer, the code or bank page before it, the money after it."""

from sandbox.octo import callbacks, cards
from sandbox.octo.gateway import Gateway, Payment

MOST_WRONG_CODES = 3


def attempt(gateway: Gateway, payment: Payment, number: str) -> str:
    """Try an open payment's card: "succeeded", "declined" (which ends the payment) or "requires_action"."""
    card = cards.find(number)
    payment.card = card.number
    if not card.challenge:
        return _charge(gateway, payment)
    payment.status, payment.challenge, payment.wrong_codes = "wait_user_action", card.challenge, 0
    if gateway.behavior.announces_action:
        callbacks.notify(gateway, payment)
    return "requires_action"


def answer(gateway: Gateway, payment: Payment, *, is_right: bool) -> str:
    """Pass or fail the challenge under way; a wrong code may be tried three times: "requires_action" till then."""
    if is_right:
        return _charge(gateway, payment)
    payment.wrong_codes += 1
    if payment.challenge == "otp" and payment.wrong_codes < MOST_WRONG_CODES:
        return "requires_action"
    return _decline(gateway, payment)


def _charge(gateway: Gateway, payment: Payment) -> str:
    if cards.find(payment.card).is_declined:
        return _decline(gateway, payment)
    payment.challenge, payment.paid_at = "", gateway.now
    payment.authorized_minor = payment.total_minor
    gateway.count("authorize")
    if payment.is_one_stage:
        payment.status, payment.captured_minor = "succeeded", payment.total_minor
        gateway.count("capture")
    else:
        payment.status = "waiting_for_capture"
        payment.hold_until = gateway.now + gateway.behavior.hold_minutes * 60
        gateway.later(payment.hold_until, "lapse", payment.uuid)
        callbacks.plan_repeat(gateway, payment)
    callbacks.notify(gateway, payment)
    return "succeeded"


def _decline(gateway: Gateway, payment: Payment) -> str:
    """There is no separate status for it: a declined payment is canceled."""
    payment.status, payment.challenge = "canceled", ""
    gateway.count("decline")
    callbacks.notify(gateway, payment)
    return "declined"
