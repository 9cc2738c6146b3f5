"""Money on its way back to a guest, as its pages, mails and the API show it: values from rows in hand."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from bookings.models import Booking
from bookings.phrases import money_back
from core.dates import local
from payments.models import Dispute, Payment, Provider, Refund
from payments.tracking.refund_timing import expected_dates

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
    expected_by: dt.date | None = None

    @property
    def shown_by(self) -> str:
        """Say when the guest sees it: as before cancelling, in the message and in the mails."""
        return money_back.shown_by(self.expected_by)


def refunds_of(payments: Iterable[Payment]) -> list[Returned]:
    """Return the refunds of payments, oldest first; a failed one that was dealt with is told by what solved it."""
    rows = [(refund, payment) for payment in payments for refund in payment.refunds.all()]
    shown = [row for row in rows if not row[0].solved_at]
    return [_refund(*row) for row in sorted(shown, key=lambda row: (row[0].created_at, row[0].pk))]


def releases_of(payments: Iterable[Payment]) -> list[Returned]:
    """Return the holds that a provider confirmed as released."""
    return [
        _release(payment)
        for payment in payments
        if payment.status == Payment.Status.VOIDED and payment.authorized_minor
    ]


def outlook(booking: Booking, since: dt.datetime) -> money_back.Outlook:
    """Return what the guest may expect of money sent back at `since`: settings.BOOKING_MONEY_BACK (three queries)."""
    cases = Prefetch("disputes", Dispute.objects.defer("evidence_pdf"))
    taken = booking.payments.filter(status=Payment.Status.CAPTURED).order_by("n")
    payments = list(taken.prefetch_related(cases, "refunds"))
    disputes = [dispute for payment in payments for dispute in payment.disputes.all()]
    # What waited for a bank's decision, or for another try, sets out later than it was decided.
    began = [began_at(refund) for payment in payments for refund in payment.refunds.all()]
    since = max([since, *began, *(case.closed_at for case in disputes if case.closed_at)])
    lasting = [case for case in disputes if case.is_open or case.status == Dispute.Status.LOST]
    days = [dates[1] for dates in (_days(payment, since, booking.time_zone) for payment in payments) if dates]
    return money_back.Outlook(
        expected_by=max(days, default=None),
        taken_back_minor=sum(case.withdrawn_minor for case in lasting),
        is_case_open=any(case.blocks_refunds for case in disputes),
        is_all_card=all(payment.provider in NAMES for payment in payments),
    )


def began_at(refund: Refund) -> dt.datetime:
    """Return when a refund set out: what is paid back by hand does so when a person paid it."""
    return (refund.settled_at if refund.channel == Channel.HAND else None) or refund.created_at


def channel_of(payment: Payment) -> str:
    """Return the way a payment goes back by itself."""
    return {Provider.OFFLINE: Channel.HAND, Provider.CREDIT: Channel.CREDIT}.get(
        Provider(payment.provider), Channel.PROVIDER
    )


def _days(payment: Payment, since: dt.datetime, time_zone: str) -> tuple[dt.date, dt.date] | None:
    return expected_dates(payment.provider, channel_of(payment), since, time_zone)


def event_facts(provider: str, channel: str, since: dt.datetime, time_zone: str) -> dict[str, str]:
    """Return what an event keeps of the expected days: {first, last} as ISO dates, or nothing where there at once."""
    dates = expected_dates(provider, channel, since, time_zone)
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
    zone = payment.booking.time_zone
    dates = None if is_failed else expected_dates(payment.provider, refund.channel, began_at(refund), zone)
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
        expected_by=payment.capture_before
        and local(payment.capture_before, payment.booking.time_zone).date(),
    )
