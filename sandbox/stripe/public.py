"""What a browser may do with a publishable key: name one intent by its secret, and see little of it."""

from typing import Any

from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError, invalid, missing

Json = dict[str, Any]
SHOWN = (
    "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at", "cancellation_reason",
    "capture_method", "client_secret", "confirmation_method", "created", "currency", "description",
    "last_payment_error", "livemode", "next_action", "payment_method", "payment_method_types", "processing",
    "receipt_email", "setup_future_usage", "shipping", "source", "status",
)  # fmt: skip


def check(account: Account, ref: str, client_secret: str | None) -> None:
    """The secret must be the intent's own. Raises: StripeError."""
    if not client_secret:
        raise invalid("Missing required param: client_secret.", "client_secret", "parameter_missing")
    intent = account.all("payment_intent").get(ref)
    if intent is None or intent["client_secret"] != client_secret:
        raise missing("payment_intent", ref, "intent")


def visible(obj: Json) -> Json:
    """The object without what is between merchant and provider: metadata, charges, money received."""
    if obj.get("object") != "payment_intent":
        return obj
    return {name: obj[name] for name in SHOWN}


def censored(error: StripeError) -> StripeError:
    """The same refusal, with the intent in it as the browser may see it."""
    if "payment_intent" in error.error:
        error.error["payment_intent"] = visible(error.error["payment_intent"])
    return error
