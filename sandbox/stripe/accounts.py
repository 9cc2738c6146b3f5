"""Connected accounts: hosts who are paid by transfers, once they have told the provider who they are."""

import re
from typing import Any

from sandbox.stripe import schema
from sandbox.stripe.account import Account, copied
from sandbox.stripe.errors import invalid
from sandbox.stripe.schema import anything, boolean, one_of, shape, text, unsimulated

Json = dict[str, Any]
LINK_SECONDS = 300
DUE = ("business_type", "external_account", "individual.dob", "tos_acceptance.date")
STATES = ("enabled", "restricted", "rejected")


def _country(value: Any, name: str) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{2}", value):
        raise invalid(f"Country '{value}' is unknown. Try using a 2-character alphanumeric country code.",
                      name, "country_unsupported")  # fmt: skip
    return value


COMMON = {
    "business_profile": anything,
    "business_type": one_of("company", "government_entity", "individual", "non_profit"),
    "capabilities": shape(dict.fromkeys(("card_payments", "transfers"), shape({"requested": boolean}))),
    "company": anything,
    "default_currency": text(3),
    "email": schema.email,
    "external_account": unsimulated,
    "individual": anything,
    "metadata": schema.metadata,
    "settings": anything,
    "tos_acceptance": anything,
}
CREATE = {
    **COMMON,
    "controller": unsimulated,
    "country": _country,
    "type": schema.required(one_of("custom", "express", "standard")),
}
UPDATE = COMMON
LINK = {
    "account": schema.required(text()),
    "collect": anything,
    "collection_options": anything,
    "refresh_url": schema.required(schema.url),
    "return_url": schema.required(schema.url),
    "type": schema.required(one_of("account_onboarding", "account_update")),
}
PAYOUTS = {"debit_negative_balances": True, "schedule": {"delay_days": 2, "interval": "daily"}}
KEPT = ("business_type", "default_currency", "email")


def create(account: Account, params: Json) -> Json:
    """A new host, who cannot be paid before the provider knows enough."""
    connected = _shape(account.new_id("acct_", 16), account.now, params)
    account.private[connected["id"]] = {"balance": {}}
    return account.add(connected)


def retrieve(account: Account, params: Json, ref: str) -> Json:
    return account.get("account", ref, "account")


def update(account: Account, params: Json, ref: str) -> Json:
    connected = account.get("account", ref, "account")
    before = copied(connected)
    connected.update({name: params[name] for name in KEPT if name in params})
    connected["metadata"] = schema.merged(connected["metadata"], params.get("metadata"))
    for name in _wanted(params):
        connected["capabilities"].setdefault(name, "inactive")
    _announce(account, connected, before)
    return connected


def create_link(account: Account, params: Json) -> Json:
    """The address where the host tells who they are; good once, for a few minutes."""
    connected = account.get("account", params["account"], "account")
    token = account.new_id("", 24)
    account.private[f"link_{token}"] = {
        "account": connected["id"],
        "expires_at": account.now + LINK_SECONDS,
        "refresh_url": params["refresh_url"],
        "return_url": params["return_url"],
    }
    return {
        "object": "account_link",
        "created": account.now,
        "expires_at": account.now + LINK_SECONDS,
        "url": f"{account.page_base}/connect/onboarding/{token}",
    }


def set_state(account: Account, connected: Json, state: str) -> None:
    """What the provider thinks of the host: "enabled", "restricted" (something is due) or "rejected"."""
    before = copied(connected)
    is_enabled = state == "enabled"
    due = [] if is_enabled else ["individual.verification.document"]
    reason = {"restricted": "requirements.past_due", "rejected": "rejected.other"}.get(state)
    connected.update(charges_enabled=is_enabled, payouts_enabled=is_enabled, details_submitted=True)
    connected["capabilities"] = dict.fromkeys(
        connected["capabilities"], "active" if is_enabled else "inactive"
    )
    connected["requirements"].update(
        currently_due=due, eventually_due=due, past_due=due, disabled_reason=reason
    )
    _announce(account, connected, before)


def _wanted(params: Json) -> list[str]:
    """The capabilities asked for; an express account asks for transfers unless it names its own."""
    if not params.get("capabilities"):
        return ["transfers"] if params.get("type") == "express" else []
    return [name for name, one in params["capabilities"].items() if one.get("requested")]


def _announce(account: Account, connected: Json, before: Json) -> None:
    changed = {name: value for name, value in before.items() if connected[name] != value}
    if changed:
        account.emit("account.updated", connected, changed)


def _shape(ref: str, now: int, params: Json) -> Json:
    wanted = _wanted(params)
    requirements = {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(DUE),
        "disabled_reason": "requirements.past_due",
        "errors": [],
        "eventually_due": list(DUE),
        "past_due": list(DUE),
        "pending_verification": [],
    }
    return {
        "id": ref,
        "object": "account",
        "business_profile": params.get("business_profile") or {"mcc": None, "name": None, "url": None},
        "business_type": params.get("business_type"),
        "capabilities": dict.fromkeys(wanted, "inactive"),
        "charges_enabled": False,
        "controller": {"is_controller": True, "type": "application"},
        "country": params.get("country", "US"),
        "created": now,
        "default_currency": params.get("default_currency", "usd"),
        "details_submitted": False,
        "email": params.get("email"),
        "external_accounts": {"object": "list", "data": [], "has_more": False,
                              "url": f"/v1/accounts/{ref}/external_accounts"},
        "future_requirements": {**requirements, "currently_due": [], "disabled_reason": None,
                                "eventually_due": [], "past_due": []},
        "metadata": schema.merged({}, params.get("metadata")),
        "payouts_enabled": False,
        "requirements": requirements,
        "settings": {"branding": {}, "card_payments": {}, "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
                     "payments": {"statement_descriptor": None}, "payouts": dict(PAYOUTS)},
        "tos_acceptance": {"date": None},
        "type": params["type"],
    }  # fmt: skip
