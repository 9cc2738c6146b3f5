"""What the platform's own schedule does: each night all that is available leaves the balance for the bank."""

from typing import Any

from sandbox.stripe import balance
from sandbox.stripe.account import Account
from sandbox.stripe.shapes import DAY

Json = dict[str, Any]
PLATFORM = "platform"
PLATFORM_REF = "acct_1SandboxPlatform"


def schedule(account: Account) -> str:
    """How often the balance is paid out: "daily", as for every new account, or "manual"."""
    return str(account.private.get(PLATFORM, {}).get("interval", account.payouts))


def set_schedule(account: Account, interval: str) -> Json:
    """Choose it in the dashboard; what is available already leaves at the next midnight all the same."""
    account.private[PLATFORM] = {"interval": interval}
    if interval == "daily":
        balance.plan_night(account, account.now)
    return platform(account)


def sweep(account: Account, _ref: str) -> None:
    """Pay out all that is available, in each currency, unless that is left to the platform."""
    if schedule(account) == "manual":
        return
    for currency in account.settlement:
        amount = balance.available(account, currency)
        if amount > 0:
            _pay_out(account, amount, currency)


def platform(account: Account) -> Json:
    """The account whose key is used, as `GET /v1/account` shows it."""
    plan = {"delay_days": 2, "interval": schedule(account)}
    return {
        "id": PLATFORM_REF,
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "default_currency": account.settlement[0],
        "details_submitted": True,
        "email": None,
        "payouts_enabled": True,
        "settings": {"payouts": {"debit_negative_balances": True, "schedule": plan}},
        "type": "standard",
    }


def _pay_out(account: Account, amount: int, currency: str) -> None:
    made = {
        "id": account.new_id("po_"),
        "object": "payout",
        "amount": amount,
        "arrival_date": account.now + DAY,
        "automatic": True,
        "balance_transaction": None,
        "created": account.now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_sandbox",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "type": "bank_account",
    }
    account.add(made)
    balance.book_payout(account, made)
    account.count("payout")
    account.emit("payout.created", made)
