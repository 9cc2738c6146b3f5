"""The balance and its transactions, in settlement currencies: net = amount - fee."""

from typing import Any

from sandbox.stripe import currencies, shapes
from sandbox.stripe.account import Account

Json = dict[str, Any]
FEE_PER_MILLE = 29  # of what was captured, rounded half up
FEE_FIXED = 30
DISPUTE_FEE = 1_500  # kept, however the dispute ends


def settlement_of(account: Account, currency: str) -> str:
    """The currency in which a charge of `currency` reaches the balance."""
    return currency if currency in account.settlement else account.settlement[0]


def book_charge(account: Account, charge: Json) -> None:
    amount = _settled(account, charge["amount_captured"], charge["currency"])
    fee = (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED
    transaction = _book(account, "charge", charge["id"], charge["currency"], amount, fee)
    if charge["payment_method_details"]["card"]["last4"] == "0077":
        transaction["available_on"] = account.now
    charge["balance_transaction"] = transaction["id"]
    plan_night(account, transaction["available_on"])


def plan_night(account: Account, available_on: int) -> None:
    """Have the platform's own schedule look at the balance in the night after money became available."""
    account.later((available_on // shapes.DAY + 1) * shapes.DAY, "sweep", "")


def book_payout(account: Account, payout: Json) -> None:
    """What leaves for the platform's bank, at once and without a fee."""
    transaction = _book(account, "payout", payout["id"], payout["currency"], -payout["amount"], 0)
    transaction["available_on"] = account.now
    payout["balance_transaction"] = transaction["id"]


def book_refund(account: Account, refund: Json) -> None:
    amount = _settled(account, refund["amount"], refund["currency"])
    transaction = _book(account, "refund", refund["id"], refund["currency"], -amount, 0)
    refund["balance_transaction"] = transaction["id"]


def book_refund_failure(account: Account, refund: Json) -> None:
    amount = _settled(account, refund["amount"], refund["currency"])
    transaction = _book(account, "refund_failure", refund["id"], refund["currency"], amount, 0)
    refund["failure_balance_transaction"] = transaction["id"]


def book_dispute(account: Account, dispute: Json, *, is_withdrawal: bool) -> None:
    """The disputed sum leaves with a fee, or comes back without it."""
    amount = _settled(account, dispute["amount"], dispute["currency"])
    sign, fee, category = (-1, DISPUTE_FEE, "dispute") if is_withdrawal else (1, 0, "dispute_reversal")
    transaction = _book(account, "adjustment", dispute["id"], dispute["currency"], sign * amount, fee)
    transaction.update(available_on=account.now, reporting_category=category)
    transaction["description"] = f"Chargeback {'withdrawal' if is_withdrawal else 'reversal'}"
    dispute["balance_transactions"].append(transaction)


def book_transfer(account: Account, transfer: Json, available_on: int) -> None:
    transaction = _book(account, "transfer", transfer["id"], transfer["currency"], -transfer["amount"], 0)
    transaction["available_on"] = available_on
    transfer["balance_transaction"] = transaction["id"]


def book_reversal(account: Account, reversal: Json) -> None:
    transaction = _book(account, "transfer", reversal["id"], reversal["currency"], reversal["amount"], 0)
    transaction.update(
        available_on=account.now, type="transfer_refund", reporting_category="transfer_reversal"
    )
    reversal["balance_transaction"] = transaction["id"]


def book_account_fee(account: Account, amount: int, currency: str) -> Json:
    """What the provider takes for the account itself, of no payment."""
    transaction = _book(account, "stripe_fee", "", currency, -amount, 0)
    transaction.update(available_on=account.now, source=None, reporting_category="fee")
    transaction["description"] = "Billing - Usage Fee"
    return transaction


def available(account: Account, currency: str) -> int:
    """What can be paid out or transferred now."""
    return _sums(account)["available"].get(currency, 0)


def retrieve(account: Account) -> Json:
    """What is there now and what comes later, as sums of the transactions."""
    funds = {
        name: [
            {"amount": total, "currency": code, "source_types": {"card": total}}
            for code, total in totals.items()
        ]
        for name, totals in _sums(account).items()
    }
    return {"object": "balance", "livemode": account.is_live, **funds}


def _sums(account: Account) -> dict[str, dict[str, int]]:
    sums = {name: dict.fromkeys(account.settlement, 0) for name in ("available", "pending")}
    for transaction in account.all("balance_transaction").values():
        name = "available" if transaction["available_on"] <= account.now else "pending"
        sums[name][transaction["currency"]] += transaction["net"]
    return sums


def _settled(account: Account, amount: int, currency: str) -> int:
    return currencies.settled(amount, currency, settlement_of(account, currency))


def _book(account: Account, kind: str, source: str, currency: str, amount: int, fee: int) -> Json:
    """`amount` is settled already; `currency` is that of the object it belongs to."""
    into = settlement_of(account, currency)
    transaction = shapes.balance_transaction(
        account.new_id("txn_"), account.now, kind, source, amount, fee, into
    )
    transaction["exchange_rate"] = currencies.exchange_rate(currency, into)
    return account.add(transaction)
