"""Payments, the calls made for them, the providers' messages, disputes, payouts, and the ledger."""

from payments.models.accounts import PaymentSettings, Provider, ProviderAccount
from payments.models.credits import Credit, CreditUse
from payments.models.disputes import Dispute
from payments.models.drift import Drift, ReconciliationRun
from payments.models.inbox import WebhookEvent
from payments.models.ledger import LedgerCheckpoint, LedgerEntry, LedgerTransaction
from payments.models.payment import Payment, PaymentOperation, Refund, Settlement
from payments.models.payouts import Payout, PayoutLine, PayoutRun

__all__ = [
    "Credit",
    "CreditUse",
    "Dispute",
    "Drift",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LedgerTransaction",
    "Payment",
    "PaymentOperation",
    "PaymentSettings",
    "Payout",
    "PayoutLine",
    "PayoutRun",
    "Provider",
    "ProviderAccount",
    "ReconciliationRun",
    "Refund",
    "Settlement",
    "WebhookEvent",
]
