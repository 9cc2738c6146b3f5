"""Refunds: money given back after a capture, in one go or in parts, at once, later, or not after all."""

from typing import Any

from sandbox.stripe import balance, charging, currencies, disputes, schema, shapes
from sandbox.stripe.account import Account
from sandbox.stripe.errors import invalid, refused
from sandbox.stripe.schema import one_of, text, unsimulated

Json = dict[str, Any]
REFERENCE_SECONDS = 2  # the bank's reference number follows soon
PENDING_SECONDS = 3_600
FAILURE_SECONDS = shapes.DAY

CREATE = {
    "amount": schema.positive,
    "charge": text(),
    "currency": text(),
    "customer": unsimulated,
    "instructions_email": schema.email,
    "metadata": schema.metadata,
    "origin": unsimulated,
    "payment_intent": text(),
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    "refund_application_fee": unsimulated,
    "reverse_transfer": unsimulated,
}
UPDATE = {"metadata": schema.metadata}


def create(account: Account, params: Json) -> Json:
    charge = _charge(account, params)
    amount = _amount(charge, params.get("amount"))
    refund = shapes.refund(account.new_id("re_"), account.now, charge, amount)
    refund.update(reason=params.get("reason"), metadata=schema.merged({}, params.get("metadata")))
    account.add(refund)
    account.link(charge["id"], refund["id"])
    account.count("refund")
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    _add(charge, amount)
    _settle_by_card(account, refund, charging.card_of(account, charge["payment_method"]).refund)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge, before)
    disputes.refunded(account, charge)
    return refund


def retrieve(account: Account, params: Json, ref: str) -> Json:
    return account.get("refund", ref, "refund")


def update(account: Account, params: Json, ref: str) -> Json:
    refund = account.get("refund", ref, "refund")
    before = refund["metadata"]
    refund["metadata"] = schema.merged(before, params.get("metadata"))
    account.emit("refund.updated", refund, {"metadata": before})
    return refund


def cancel(account: Account, params: Json, ref: str) -> Json:
    """Card refunds are never waiting for the guest to act, so none can be called off."""
    refund = account.get("refund", ref, "refund")
    raise refused(
        f"Refund {ref} cannot be canceled because it has a status of {refund['status']}. Only a refund "
        "with a status of requires_action can be canceled."
    )


def complete(account: Account, ref: str) -> None:
    """A pending refund went through."""
    refund = account.one("refund", ref)
    if refund["status"] != "pending":
        return
    refund.update(status="succeeded")
    del refund["pending_reason"]
    balance.book_refund(account, refund)
    _announce(account, refund, {"status": "pending"})
    account.later(account.now + REFERENCE_SECONDS, "reference_refund", ref)


def fail(account: Account, ref: str) -> None:
    """A refund came back: the money returns to the balance, if it had left, and may be refunded anew."""
    refund = account.one("refund", ref)
    before = refund["status"]
    if before == "failed":
        return
    refund.update(status="failed", failure_reason="expired_or_canceled_card")
    refund.pop("pending_reason", None)
    if before == "succeeded":
        balance.book_refund_failure(account, refund)
    charge = account.one("charge", refund["charge"])
    _add(charge, -refund["amount"])
    account.count("refund_failure")
    account.emit("refund.failed", refund)
    _announce(account, refund, {"status": before})


def add_reference(account: Account, ref: str) -> None:
    """The bank's own number for the refund is known."""
    refund = account.one("refund", ref)
    if refund["status"] != "succeeded":
        return
    details = refund["destination_details"]["card"]
    details.update(reference=f"7{_number_of(ref) % 10**22:022d}", reference_status="available")
    _announce(account, refund, {"destination_details": {"card": {"reference_status": "pending"}}})


def _announce(account: Account, refund: Json, previous: Json) -> None:
    account.emit("refund.updated", refund, previous)
    account.emit("charge.refund.updated", refund, previous)


def _settle_by_card(account: Account, refund: Json, behavior: str) -> None:
    if behavior == "pending":
        refund.update(status="pending", pending_reason="processing")
        account.later(account.now + PENDING_SECONDS, "complete_refund", refund["id"])
        return
    balance.book_refund(account, refund)
    if behavior == "fails":
        account.later(account.now + FAILURE_SECONDS, "fail_refund", refund["id"])
    account.later(account.now + REFERENCE_SECONDS, "reference_refund", refund["id"])


def _add(charge: Json, amount: int) -> None:
    refunded = charge["amount_refunded"] + amount
    charge.update(amount_refunded=refunded, refunded=refunded >= charge["amount_captured"])


def _charge(account: Account, params: Json) -> Json:
    """The captured charge that a refund is asked for. Raises: StripeError."""
    if params.get("charge"):
        charge = account.get("charge", params["charge"], "id")
        if params.get("payment_intent") not in (None, charge["payment_intent"]):
            raise invalid("The charge does not belong to the payment_intent.", "payment_intent")
    elif params.get("payment_intent"):
        intent = account.get("payment_intent", params["payment_intent"], "intent")
        charge = _successful(account, intent)
    else:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if not charge["captured"]:
        raise refused(
            f"Charge {charge['id']} has not been captured and cannot be refunded. Cancel the PaymentIntent "
            f"{charge['payment_intent']} instead."
        )
    disputes.check_refundable(account, charge)
    return charge


def _successful(account: Account, intent: Json) -> Json:
    for charge in account.linked(intent["id"], "charge"):
        if charge["status"] == "succeeded":
            return charge
    raise refused(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")


def _amount(charge: Json, asked: int | None) -> int:
    remaining = charge["amount_captured"] - charge["amount_refunded"]
    if remaining == 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    amount = remaining if asked is None else asked
    if amount > remaining:
        asked_for, left = (currencies.formatted(one, charge["currency"]) for one in (amount, remaining))
        message = f"Refund amount ({asked_for}) is greater than unrefunded amount on charge ({left})"
        raise refused(message, param="amount")
    return int(amount)


def _number_of(ref: str) -> int:
    """The same number for the same id in every process."""
    return int.from_bytes(ref.encode(), "big")
