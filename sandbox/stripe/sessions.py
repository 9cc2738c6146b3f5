"""Checkout sessions: created, read, ended by the caller or by time."""

from typing import Any

from sandbox.stripe import amounts, capture, intents, schema, shapes
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError, invalid, refused
from sandbox.stripe.schema import anything, boolean, one_of, shape, text, unsimulated

Json = dict[str, Any]
SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 3_600

PRODUCT = {
    "name": schema.required(text(250)),
    "description": text(),
    "images": schema.listed(schema.url, 8),
    "metadata": schema.metadata,
    "tax_code": text(),
    "unit_label": text(),
}
PRICE = {
    "currency": schema.required(amounts.currency),
    "unit_amount": schema.required(schema.integer),
    "unit_amount_decimal": unsimulated,
    "product": unsimulated,
    "product_data": schema.required(shape(PRODUCT)),
    "recurring": unsimulated,
    "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
}
LINE = {
    "price_data": schema.required(shape(PRICE)),
    "price": unsimulated,
    "quantity": schema.required(schema.positive),
    "metadata": schema.metadata,
    "adjustable_quantity": unsimulated,
    "tax_rates": unsimulated,
}
INTENT_DATA = {
    name: intents.COMMON[name]
    for name in ("application_fee_amount", "description", "metadata", "receipt_email", "setup_future_usage",
                 "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_data",
                 "transfer_group")
} | {"capture_method": one_of(*intents.CAPTURE_METHODS), "on_behalf_of": unsimulated}  # fmt: skip
IGNORED = (
    "billing_address_collection",
    "branding_settings",
    "consent_collection",
    "custom_fields",
    "custom_text",
    "integration_identifier",
    "locale",
    "name_collection",
    "payment_method_options",
    "phone_number_collection",
    "submit_type",
    "tax_id_collection",
    "wallet_options",
    "payment_method_collection",
    "origin_context",
)
UNSIMULATED = (
    "after_expiration",
    "automatic_tax",
    "currency",
    "customer",
    "customer_update",
    "discounts",
    "invoice_creation",
    "optional_items",
    "payment_method_configuration",
    "payment_method_data",
    "permissions",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "subscription_data",
    "managed_payments",
)

CREATE = {
    **dict.fromkeys(IGNORED, anything),
    **dict.fromkeys(UNSIMULATED, unsimulated),
    "adaptive_pricing": shape({"enabled": boolean}),
    "allow_promotion_codes": boolean,
    "allowed_payment_method_types": schema.listed(one_of("card")),
    "payment_method_types": intents.GONE,
    "cancel_url": schema.url,
    "client_reference_id": text(200),
    "customer_creation": one_of("always", "if_required"),
    "customer_email": schema.email,
    "expires_at": schema.integer,
    "line_items": schema.listed(shape(LINE)),
    "metadata": schema.metadata,
    "mode": one_of("payment", "setup", "subscription"),
    "payment_intent_data": shape(INTENT_DATA),
    "success_url": schema.url,
    "ui_mode": one_of("elements", "embedded_page", "form", "hosted_page"),
}
UPDATE = {"metadata": schema.metadata}
ECHOED = (
    "adaptive_pricing", "allow_promotion_codes", "allowed_payment_method_types", "cancel_url",
    "client_reference_id", "customer_creation", "customer_email", "success_url",
)  # fmt: skip


def create(account: Account, params: Json) -> Json:
    """Open a hosted page for one payment. The payment intent comes only when the guest pays."""
    _check_mode(params)
    expires_at = _expires_at(account.now, params.get("expires_at"))
    lines = _lines(account, params)
    total = sum(line["amount_total"] for line in lines)
    amounts.check_charge(total, lines[0]["currency"], "line_items", has_minimum=True)
    ref = account.new_id(f"cs_{account.mode}_", 58)
    session = shapes.session(ref, account.now, expires_at, f"{account.page_base}/checkout/stripe/{ref}")
    session.update({name: params[name] for name in ECHOED if params.get(name) is not None})
    session.update(amount_subtotal=total, amount_total=total, currency=lines[0]["currency"])
    session["metadata"] = schema.merged({}, params.get("metadata"))
    account.private[ref] = {"lines": lines, "intent": params.get("payment_intent_data", {})}
    account.later(expires_at, "expire_session", ref)
    account.count("session_create")
    return account.add(session)


def retrieve(account: Account, params: Json, ref: str) -> Json:
    return account.get("checkout.session", ref, "session")


def update(account: Account, params: Json, ref: str) -> Json:
    session = account.get("checkout.session", ref, "session")
    session["metadata"] = schema.merged(session["metadata"], params.get("metadata"))
    return session


def expire(account: Account, params: Json, ref: str) -> Json:
    """End an open session, so that nobody can pay it any more."""
    session = account.get("checkout.session", ref, "session")
    if session["status"] != "open":
        raise refused(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of {session['status']}."
        )
    _end(account, session)
    return session


def run_out(account: Account, ref: str) -> None:
    """The session reached `expires_at`."""
    session = account.one("checkout.session", ref)
    if session["status"] == "open":
        _end(account, session)


def _end(account: Account, session: Json) -> None:
    session.update(status="expired", url=None)
    account.count("session_expire")
    account.emit("checkout.session.expired", session)
    if session["payment_intent"]:
        capture.end(account, account.one("payment_intent", session["payment_intent"]), "expired")


def _check_mode(params: Json) -> None:
    if params.get("mode") is None:
        raise invalid("Missing required param: mode.", "mode", "parameter_missing")
    if params["mode"] != "payment":
        raise invalid(f"The sandbox does not simulate mode={params['mode']}", "mode")
    if params.get("ui_mode") not in (None, "hosted_page"):
        raise invalid(f"The sandbox does not simulate ui_mode={params['ui_mode']}", "ui_mode")
    for name in ("line_items", "success_url"):
        if not params.get(name):
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")


def _expires_at(now: int, asked: int | None) -> int:
    if asked is None:
        return now + LONGEST_SECONDS
    if asked < now + SHORTEST_SECONDS:
        raise _bad_expiry("at least 30 minutes")
    if asked > now + LONGEST_SECONDS:
        raise _bad_expiry("less than 24 hours")
    return asked


def _bad_expiry(bound: str) -> StripeError:
    return invalid(
        f"The `expires_at` timestamp must be {bound} from Checkout Session creation.", "expires_at"
    )


def _lines(account: Account, params: Json) -> list[Json]:
    lines: list[Json] = []
    for index, item in enumerate(params["line_items"]):
        data = item["price_data"]
        code, unit = data["currency"], data["unit_amount"]
        if unit < 0:
            param = f"line_items[{index}][price_data][unit_amount]"
            raise invalid(
                "This value must be greater than or equal to 0.", param, "parameter_invalid_integer"
            )
        if lines and code != lines[0]["currency"]:
            raise invalid("All line items must have the same currency.", "line_items")
        price = shapes.price(account.new_id("price_"), account.new_id("prod_", 14), account.now, code, unit)
        name = data["product_data"]["name"]
        line = shapes.line_item(account.new_id("li_"), name, code, unit, item["quantity"], price)
        line["metadata"] = schema.merged({}, item.get("metadata"))
        lines.append(line)
    return lines
