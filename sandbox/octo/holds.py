"""What becomes of held money: captured in full or in part, or released; whoever asks for it."""

from typing import Any

from sandbox.octo import money
from sandbox.octo.errors import FORMAT, STATUS, OctoError
from sandbox.octo.gateway import Gateway, Payment

VERDICTS = ("capture", "cancel")


def decide(gateway: Gateway, payment: Payment, verdict: str, final_amount: Any = None) -> None:
    """Capture (part of) a hold, the rest being released at once, or let it go.

    Raises: OctoError for a payment that waits for no decision, or an amount above what is held.
    """
    if verdict not in VERDICTS:
        raise OctoError(FORMAT, f"accept_status must be one of {', '.join(VERDICTS)}")
    if payment.status != "waiting_for_capture":
        raise OctoError(STATUS, f"Payment status cannot be changed, it is {payment.status}")
    if verdict == "cancel":
        release(gateway, payment, "cancel")
        return
    amount = payment.authorized_minor if final_amount is None else money.minor(final_amount, "final_amount")
    if amount > payment.authorized_minor:
        raise OctoError(FORMAT, "final_amount is greater than the held amount")
    payment.status, payment.captured_minor = "succeeded", amount
    gateway.count("capture")


def release(gateway: Gateway, payment: Payment, effect: str) -> None:
    payment.status = "canceled"
    gateway.count(effect)
