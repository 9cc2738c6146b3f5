"""Payment intents: made, changed, confirmed and read; taking and releasing the money is in capture.py."""

from typing import Any

from sandbox.stripe import amounts, cards, charging, schema, shapes
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError, invalid, missing, refused
from sandbox.stripe.schema import anything, boolean, one_of, text, unsimulated

Json = dict[str, Any]
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
GONE = schema.gone(
    "The parameter payment_method_types is no longer supported. Use allowed_payment_method_types instead.",
    "payment_method_types_no_longer_supported",
)

COMMON = {
    "allowed_payment_method_types": schema.listed(one_of("card")),
    "payment_method_types": GONE,
    "amount_details": anything,
    "application_fee_amount": unsimulated,
    "automatic_payment_methods": anything,
    "customer": unsimulated,
    "description": text(1_000),
    "metadata": schema.metadata,
    "payment_method": text(),
    "payment_method_options": anything,
    "radar_options": anything,
    "receipt_email": schema.email,
    "setup_future_usage": unsimulated,
    "shipping": anything,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
    "transfer_data": unsimulated,
    "transfer_group": text(),
}
CONFIRMING = {
    "capture_method": one_of(*CAPTURE_METHODS),
    "error_on_requires_action": boolean,
    "mandate_data": anything,
    "off_session": anything,
    "return_url": schema.url,
    "use_stripe_sdk": anything,
}
CREATE = {
    **COMMON,
    **CONFIRMING,
    "amount": schema.required(schema.positive),
    "currency": schema.required(amounts.currency),
    "confirm": boolean,
    "confirmation_method": one_of("automatic", "manual"),
}
CONFIRM = {
    **{name: COMMON[name] for name in ("payment_method", "payment_method_options", "receipt_email",
                                       "radar_options", "setup_future_usage", "shipping", "amount_details",
                                       "allowed_payment_method_types", "payment_method_types")},
    **CONFIRMING,
    "client_secret": text(),
    "expected_payment_method_type": anything,
}  # fmt: skip
UPDATE = {
    **COMMON,
    "amount": schema.positive,
    "currency": amounts.currency,
    "capture_method": CONFIRMING["capture_method"],
}
KEPT = (
    "allowed_payment_method_types", "description", "receipt_email", "shipping", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_group", "capture_method", "confirmation_method",
)  # fmt: skip


def create(account: Account, params: Json) -> Json:
    amounts.check_charge(params["amount"], params["currency"], "amount", has_minimum=False)
    method = _method(account, params.get("payment_method"))
    if params.get("confirm") and method is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.", "payment_method"
        )
    intent = new(account, params["amount"], params["currency"], params)
    if method:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    account.count("intent_create")
    account.emit("payment_intent.created", intent)
    if params.get("confirm"):
        _confirm(account, intent, params)
    return intent


def new(account: Account, amount: int, currency: str, params: Json) -> Json:
    """An intent of this account, not yet announced."""
    method = params.get("capture_method") or "automatic_async"
    secret = account.new_id("", 25)
    intent = shapes.intent(account.new_id("pi_"), secret, account.now, amount, currency, method)
    intent.update({name: params[name] for name in KEPT if params.get(name) is not None})
    intent["metadata"] = schema.merged({}, params.get("metadata"))
    return account.add(intent)


def retrieve(account: Account, params: Json, ref: str) -> Json:
    return account.get("payment_intent", ref, "intent")


def update(account: Account, params: Json, ref: str) -> Json:
    intent = account.get("payment_intent", ref, "intent")
    fixed = {"amount", "currency", "capture_method", "payment_method"} & set(params)
    if fixed and (intent["status"] not in OPEN or _session_of(account, intent)):
        raise unexpected_state(
            f"This PaymentIntent's {sorted(fixed)[0]} could not be updated because it has a status of "
            f"{intent['status']}.",
            intent,
        )
    amount, code = ({**intent, **params}[name] for name in ("amount", "currency"))
    amounts.check_charge(amount, code, "amount", has_minimum=False)
    method = _method(account, params.get("payment_method"))
    intent.update(amount=amount, currency=code)
    intent.update({name: params[name] for name in KEPT if name in params})
    intent["metadata"] = schema.merged(intent["metadata"], params.get("metadata"))
    if method:
        intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    return intent


def confirm(account: Account, params: Json, ref: str) -> Json:
    intent = account.get("payment_intent", ref, "intent")
    if _session_of(account, intent):
        raise refused(
            "You cannot confirm this PaymentIntent because it was created by Checkout.", payment_intent=intent
        )
    if intent["status"] not in OPEN:
        raise unexpected_state(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.", intent
        )
    method = _method(account, params.get("payment_method"))
    if method is None and intent["payment_method"] is None:
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method.", intent
        )
    if method:
        intent["payment_method"] = method["id"]
    if params.get("capture_method"):
        intent["capture_method"] = params["capture_method"]
    _confirm(account, intent, params)
    return intent


def unexpected_state(message: str, intent: Json) -> StripeError:
    return refused(message, "payment_intent_unexpected_state", payment_intent=intent)


def _confirm(account: Account, intent: Json, params: Json) -> None:
    method_id = intent["payment_method"]
    if params.get("error_on_requires_action") and charging.card_of(account, method_id).challenge:
        message = "This payment required an authentication action to complete."
        raise refused(message, "authentication_required", payment_intent=intent)
    charging.attempt(account, intent, method_id, params.get("return_url"))


def _method(account: Account, ref: str | None) -> Json | None:
    """The payment method of an id, or a new one for a test token."""
    if ref is None:
        return None
    if ref in cards.TOKENS:
        if account.is_live:
            raise missing("PaymentMethod", ref, "payment_method", elsewhere="test")
        return charging.new_method(account, cards.find(cards.TOKENS[ref]))
    return account.get("payment_method", ref, "payment_method")


def _session_of(account: Account, intent: Json) -> str | None:
    owner: str | None = account.private.get(intent["id"], {}).get("session")
    return owner
