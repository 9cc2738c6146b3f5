"""Money on its way back to a guest, as its pages, mails and the API show it: values from rows in hand."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from core import clock
from payments.expectations import expected_dates, written
from payments.models import Payment, Provider, Refund

Status, Channel = Refund.Status, Refund.Channel

# (status, channel): what the guest reads; only what the provider confirmed is called returned.
WORDS: dict[tuple[str, str], str] = {
    (Status.PENDING, Channel.PROVIDER): "On its way back to your card",
    (Status.SUCCEEDED, Channel.PROVIDER): "Returned to your card",
    (Status.PENDING, Channel.HAND): "To be paid back by our staff",
    (Status.SUCCEEDED, Channel.HAND): "Paid back by our staff",
    (Status.SUCCEEDED, Channel.CREDIT): "Given as a credit",
}
BACK_ON_CREDIT = "Back on your credit"
FAILED = "Did not reach your bank; our staff take care of it"
NAMES = {Provider.STRIPE: "Stripe", Provider.OCTO: "Octo"}


@dataclass(frozen=True)
class Returned:
    """A refund or a released hold. `ref` is the provider's id, `bank_ref` what the guest's bank knows it by."""

    label: str
    amount_minor: int
    currency: str
    status: str
    ref: str = ""
    bank_ref: str = ""
    confirmed_by: str = ""
    confirmed_at: dt.datetime | None = None
    expected: str = ""
    expected_by: dt.date | None = None


def refunds_of(payments: Iterable[Payment]) -> list[Returned]:
    """Return the refunds of payments, oldest first; a failed one that was dealt with is told by what solved it."""
    rows = [(refund, payment) for payment in payments for refund in payment.refunds.all()]
    shown = [row for row in rows if not row[0].solved_at]
    return [_refund(*row) for row in sorted(shown, key=lambda row: (row[0].created_at, row[0].pk))]


def releases_of(payments: Iterable[Payment]) -> list[Returned]:
    """Return the holds that a provider confirmed as released."""
    return [
        _release(payment) for payment in payments if payment.status == "VOIDED" and payment.authorized_minor
    ]


def event_facts(provider: str, channel: str) -> dict[str, str]:
    """Return what an event keeps of the expected days: {first, last} as ISO dates, or nothing where there at once."""
    dates = expected_dates(provider, channel, clock.now().date())
    return {"expected_from": dates[0].isoformat(), "expected_by": dates[1].isoformat()} if dates else {}


def returned_json(one: Returned) -> dict:
    """Return a refund as the API shows it."""
    return {
        "id": one.ref,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "status": one.status,
        "label": one.label,
        "bank_reference": one.bank_ref,
        "confirmed_at": one.confirmed_at and one.confirmed_at.isoformat(),
        "expected_by": one.expected_by and one.expected_by.isoformat(),
    }


def _refund(refund: Refund, payment: Payment) -> Returned:
    is_failed = refund.status == Status.FAILED
    began = (refund.settled_at if refund.channel == Channel.HAND else None) or refund.created_at
    dates = None if is_failed else expected_dates(payment.provider, refund.channel, began.date())
    label = FAILED if is_failed else WORDS[refund.status, refund.channel]
    if refund.channel == Channel.CREDIT and payment.provider == Provider.CREDIT:
        label = BACK_ON_CREDIT
    is_theirs = refund.channel == Channel.PROVIDER
    return Returned(
        label=label,
        amount_minor=refund.amount_minor,
        currency=payment.currency,
        status=refund.status,
        ref=refund.provider_ref if is_theirs else "",
        bank_ref=refund.bank_reference,
        confirmed_by=NAMES.get(Provider(payment.provider), "") if is_theirs else "",
        confirmed_at=refund.settled_at if refund.status == Status.SUCCEEDED else None,
        expected=written(dates) if dates else "",
        expected_by=dates[1] if dates else None,
    )


def _release(payment: Payment) -> Returned:
    return Returned(
        label="Hold released",
        amount_minor=payment.authorized_minor,
        currency=payment.currency,
        status="released",
        ref=payment.provider_ref,
        confirmed_by=NAMES.get(Provider(payment.provider), ""),
        confirmed_at=payment.closed_at,
        expected_by=payment.capture_before and payment.capture_before.date(),
    )
