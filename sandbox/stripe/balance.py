"""The balance and its transactions, in the settlement currency: net = amount - fee."""

from typing import Any

from sandbox.stripe import currencies, shapes
from sandbox.stripe.account import Account

Json = dict[str, Any]
FEE_PER_MILLE = 29
FEE_FIXED = 30


def book_charge(account: Account, charge: Json) -> None:
    amount = currencies.settled(charge["amount_captured"], charge["currency"])
    fee = (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED
    transaction = _book(account, "charge", charge["id"], charge["currency"], amount, fee)
    if charge["payment_method_details"]["card"]["last4"] == "0077":
        transaction["available_on"] = account.now
    charge["balance_transaction"] = transaction["id"]


def book_refund(account: Account, refund: Json) -> None:
    amount = currencies.settled(refund["amount"], refund["currency"])
    transaction = _book(account, "refund", refund["id"], refund["currency"], -amount, 0)
    refund["balance_transaction"] = transaction["id"]


def book_refund_failure(account: Account, refund: Json) -> None:
    amount = currencies.settled(refund["amount"], refund["currency"])
    transaction = _book(account, "refund_failure", refund["id"], refund["currency"], amount, 0)
    refund["failure_balance_transaction"] = transaction["id"]


def retrieve(account: Account) -> Json:
    """What is there now and what comes later, as sums of the transactions."""
    sums = {"available": 0, "pending": 0}
    for transaction in account.all("balance_transaction").values():
        sums["available" if transaction["available_on"] <= account.now else "pending"] += transaction["net"]
    funds = {
        name: [{"amount": total, "currency": currencies.SETTLEMENT, "source_types": {"card": total}}]
        for name, total in sums.items()
    }
    return {"object": "balance", "livemode": False, **funds}


def _book(account: Account, kind: str, source: str, currency: str, amount: int, fee: int) -> Json:
    transaction = shapes.balance_transaction(account.new_id("txn_"), account.now, kind, source, amount, fee)
    transaction["exchange_rate"] = currencies.exchange_rate(currency)
    return account.add(transaction)
