"""Payments, the calls made for them, the providers' messages, disputes, payouts, and the ledger."""

from payments.models.accounts import PaymentSettings, Provider, ProviderAccount, VenuePayments
from payments.models.credits import Credit, CreditUse
from payments.models.disputes import Dispute
from payments.models.drift import Drift, ReconciliationRun
from payments.models.heartbeat import Heartbeat
from payments.models.inbox import WebhookEvent
from payments.models.ledger import LedgerCheckpoint, LedgerEntry, LedgerTransaction
from payments.models.offline import OfflinePayment
from payments.models.payees import PayeeChange
from payments.models.payment import Payment, PaymentOperation, Refund, Settlement
from payments.models.payouts import Payout, PayoutFile, PayoutLine, PayoutRun, PayoutSkip

__all__ = [
    "Credit",
    "CreditUse",
    "Dispute",
    "Drift",
    "Heartbeat",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LedgerTransaction",
    "OfflinePayment",
    "PayeeChange",
    "Payment",
    "PaymentOperation",
    "PaymentSettings",
    "Payout",
    "PayoutFile",
    "PayoutLine",
    "PayoutRun",
    "PayoutSkip",
    "Provider",
    "ProviderAccount",
    "ReconciliationRun",
    "Refund",
    "Settlement",
    "VenuePayments",
    "WebhookEvent",
]
