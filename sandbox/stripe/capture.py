"""What becomes of held money: captured in full or in part, released on request, lapsed by time."""

from typing import Any

from sandbox.stripe import amounts, balance, charging, disputes, intents, schema, shapes
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError, invalid, refused
from sandbox.stripe.schema import anything, boolean, one_of, text, unsimulated

Json = dict[str, Any]
SECOND_LOOK_SECONDS = 1  # charge.updated follows a capture at some distance
CANCELABLE = (*intents.OPEN, "requires_capture")

CAPTURE = {
    "amount_details": anything,
    "amount_to_capture": schema.integer,
    "application_fee_amount": unsimulated,
    "final_capture": boolean,
    "metadata": schema.metadata,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
    "transfer_data": unsimulated,
}
CANCEL = {
    "cancellation_reason": one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
}


def capture(account: Account, params: Json, ref: str) -> Json:
    """Take what is held, all or part; the rest is released at once."""
    intent = account.get("payment_intent", ref, "intent")
    asked = params.get("amount_to_capture")
    _check_asked(asked)
    if intent["status"] != "requires_capture":
        raise _not_capturable(intent)
    amount = intent["amount_capturable"] if asked is None else asked
    if amount > intent["amount_capturable"]:
        raise refused("The amount to capture is greater than the amount that can be captured.",
                      "amount_too_large", "amount_to_capture", payment_intent=intent)  # fmt: skip
    if params.get("final_capture") is False:
        raise refused("This PaymentIntent does not support multicapture.", param="final_capture")
    amounts.check_charge(amount, intent["currency"], "amount_to_capture", has_minimum=False)
    intent["metadata"] = schema.merged(intent["metadata"], params.get("metadata"))
    _take(account, intent, amount)
    return intent


def cancel(account: Account, params: Json, ref: str) -> Json:
    """Release the hold, or end an intent nobody paid."""
    intent = account.get("payment_intent", ref, "intent")
    if intent["status"] not in CANCELABLE:
        raise intents.unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE)}.",
            intent,
        )
    is_owned = "session" in account.private.get(intent["id"], {})
    if is_owned and intent["status"] != "requires_capture":
        raise refused("You cannot cancel this PaymentIntent because it was created by Checkout. Expire the "
                      "Checkout Session instead.", payment_intent=intent)  # fmt: skip
    if intent["status"] == "requires_capture":
        charge = account.one("charge", intent["latest_charge"])
        release(account, charge, reason=None)
        account.emit("charge.refunded", charge, {"amount_refunded": 0, "refunded": False})
        account.count("cancel")
    else:
        account.count("intent_cancel")  # no money was held
    end(account, intent, params.get("cancellation_reason"))
    return intent


def lapse(account: Account, ref: str) -> None:
    """The hold reached `capture_before`: the provider lets it go by itself."""
    intent = account.one("payment_intent", ref)
    if intent["status"] != "requires_capture":
        return
    charge = account.one("charge", intent["latest_charge"])
    release(account, charge, reason="expired_uncaptured_charge")
    account.emit("charge.expired", charge)
    account.count("lapse")
    end(account, intent, "automatic")


def end(account: Account, intent: Json, reason: str | None) -> None:
    intent.update(status="canceled", canceled_at=account.now, cancellation_reason=reason)
    intent.update(amount_capturable=0, next_action=None)
    account.emit("payment_intent.canceled", intent)


def release(account: Account, charge: Json, reason: str | None) -> None:
    """A hold given back shows as a refund on the charge; no money moved, so the balance knows nothing."""
    refund = shapes.refund(account.new_id("re_"), account.now, charge, charge["amount"])
    refund["reason"] = reason
    account.add(refund)
    account.link(charge["id"], refund["id"])
    charge.update(amount_refunded=charge["amount"], refunded=True)


def announce_charge(account: Account, ref: str) -> None:
    """The late `charge.updated` after a capture: the receipt is there now."""
    charge = account.one("charge", ref)
    charge["receipt_url"] = f"{account.page_base}/receipts/{ref}"
    account.emit("charge.updated", charge, {"receipt_url": None})


def settle_charge(account: Account, ref: str) -> None:
    """automatic_async: the balance transaction of a charge that was taken at once."""
    charge = account.one("charge", ref)
    balance.book_charge(account, charge)
    account.emit("charge.updated", charge, {"balance_transaction": None})


def _take(account: Account, intent: Json, amount: int) -> None:
    charge = account.one("charge", intent["latest_charge"])
    charge.update(captured=True, amount_captured=amount)
    balance.book_charge(account, charge)
    intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
    account.count("capture")
    session = account.private.get(intent["id"], {}).get("session")
    if session:
        account.one("checkout.session", session)["payment_status"] = "paid"  # no session event tells of it
    account.emit("charge.captured", charge)
    disputes.raise_for_card(account, charge, charging.card_of(account, charge["payment_method"]).dispute)
    account.emit("payment_intent.succeeded", intent)
    account.later(account.now + SECOND_LOOK_SECONDS, "announce_charge", charge["id"])


def _check_asked(asked: int | None) -> None:
    if asked is None:
        return
    if asked == 0:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if asked < 0:
        raise invalid("Invalid amount_to_capture: must be positive", "amount_to_capture")


def _not_capturable(intent: Json) -> StripeError:
    if intent["status"] == "succeeded":
        return intents.unexpected_state(
            "This PaymentIntent could not be captured because it has already been captured.", intent
        )
    return intents.unexpected_state(
        f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
        "PaymentIntent with one of the following statuses may be captured: requires_capture.",
        intent,
    )
