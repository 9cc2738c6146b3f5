"""Payment methods: a card's numbers, sent by the browser, in exchange for an id that the merchant may know."""

from typing import Any

from sandbox import paypages
from sandbox.stripe import cards, charging, schema
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.schema import anything, one_of, shape, text

Json = dict[str, Any]
CARD = {
    "number": text(30),
    "exp_month": schema.integer,
    "exp_year": schema.integer,
    "cvc": text(4),
    "networks": anything,
    "token": text(),
}
WALLETS = {"tok_apple_pay": "apple_pay", "tok_google_pay": "google_pay"}  # with the card that always pays
WALLET_CARD: Json = {"exp_month": 12, "exp_year": 2034}
BILLING = {"address": anything, "email": schema.email, "name": text(), "phone": text(), "tax_id": text()}
CREATE = {
    "allow_redisplay": one_of("always", "limited", "unspecified"),
    "billing_details": shape(BILLING),
    "card": schema.required(shape(CARD)),
    "client_secret": text(),
    "metadata": schema.metadata,
    "type": schema.required(one_of("card")),
}


def create(account: Account, params: Json) -> Json:
    """Check the card, or take a wallet's, as far as that goes without its bank, and keep it."""
    wallet = _wallet(params["card"].get("token"))
    card = {"number": cards.PLAIN[account.is_live], **WALLET_CARD} if wallet else params["card"]
    _check(account, card)
    billing = params.get("billing_details", {})
    found = cards.find(card["number"], is_live=account.is_live)
    method = charging.new_method(account, found, billing.get("email"), billing.get("name"))
    method["card"].update(exp_month=card["exp_month"], exp_year=card["exp_year"] % 100 + 2000)
    if wallet:
        method["card"]["wallet"] = {"dynamic_last4": None, "type": wallet, wallet: {}}
    method["metadata"] = schema.merged({}, params.get("metadata"))
    return method


def _wallet(token: str | None) -> str:
    if token is None:
        return ""
    if token not in WALLETS:
        raise invalid(f"No such token: '{token}'", "card[token]", "resource_missing")
    return WALLETS[token]


def _check(account: Account, card: Json) -> None:
    for name in ("number", "exp_month", "exp_year"):
        if card.get(name) is None:
            raise invalid(f"Missing required param: card[{name}].", f"card[{name}]", "parameter_missing")
    if not paypages.is_plausible(card["number"]):
        raise _wrong("incorrect_number", "number", "Your card number is incorrect.")
    month, year = card["exp_month"], card["exp_year"]
    if not 1 <= month <= 12:
        raise _wrong("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
    if paypages.expiry_error(f"{month:02d} / {year % 100:02d}", account.now):
        raise _wrong("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
    cvc = card.get("cvc")
    if cvc is not None and not (cvc.isascii() and cvc.isdigit() and len(cvc) in (3, 4)):
        raise _wrong("invalid_cvc", "cvc", "Your card's security code is invalid.")


def never_with_a_secret_key() -> StripeError:
    return invalid(
        "Sending credit card numbers directly to the Stripe API is generally unsafe. Collect them with "
        "Stripe.js instead.", "card[number]",
    )  # fmt: skip


def _wrong(code: str, param: str, message: str) -> StripeError:
    return StripeError(402, message, type="card_error", code=code, param=param)
