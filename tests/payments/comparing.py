"""What tests of the comparison with the provider share: runs, dry runs, and differences to plant."""

import datetime as dt

from django.db import connection

from core import clock
from payments.models import (
    Drift,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentOperation,
    ReconciliationRun,
    Refund,
    Settlement,
    WebhookEvent,
)
from payments.providers.stripe.client import platform_account
from payments.reconciliation import runs

DAY = dt.timedelta(days=1)


def run(provider: str = "stripe") -> ReconciliationRun:
    """A whole comparison of the last day."""
    now = clock.now()
    begun = runs.begin(provider, now - DAY, now + dt.timedelta(minutes=1))
    assert runs.proceed(begun)
    return begun


def look() -> list[tuple[str, str, str]]:
    """What a dry run finds: (kind, ours, theirs)."""
    now = clock.now()
    found = runs.compare_only("stripe", now - DAY, now + dt.timedelta(minutes=1))
    return [(one.difference.kind, one.difference.ours, one.difference.theirs) for one in found]


def counts() -> dict[str, int]:
    models = (
        Drift, LedgerEntry, LedgerTransaction, Payment, PaymentOperation, ReconciliationRun, Refund, Settlement,
        WebhookEvent,
    )  # fmt: skip
    return {model.__name__: model.objects.count() for model in models}


# What hangs on a payment, with the condition that names it; the order lets each go.
HANGING = (
    (
        "payments_ledgerentry",
        "transaction_id IN (SELECT id FROM payments_ledgertransaction WHERE payment_id = %s)",
    ),
    ("payments_ledgertransaction", "payment_id = %s"),
    ("payments_refund", "payment_id = %s"),
    ("payments_paymentoperation", "payment_id = %s"),
    ("payments_payment", "id = %s"),
)


def forget(payment: Payment) -> None:
    """Take a payment and all that hangs on it out of our database, as an older backup would."""
    for table, condition in HANGING:
        delete(f"DELETE FROM {table} WHERE {condition}", payment.pk)


def delete(statement: str, pk: int) -> None:
    """Delete past the trigger that keeps the ledger as it is."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, [pk])
        cursor.execute("SET session_replication_role = DEFAULT")


def make_intent(*, confirm: bool = True, amount: int = 5_000, **metadata: str) -> str:
    """A payment made at the provider without us; returns its id."""
    params = {"amount": amount, "currency": "eur", "metadata": metadata, "capture_method": "automatic"}
    if confirm:
        params |= {"payment_method": "pm_card_visa", "confirm": True}
    return platform_account().client.v1.payment_intents.create(params).id
