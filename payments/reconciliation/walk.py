"""Goes through a provider's payments and ours, and yields what differs. Reads only; calls outside transactions.

Memory stays flat: the provider's list is read in windows of time, our rows in pages of ids, and what is kept
between them is the ids matched in two windows. Between the findings stand marks, from which a walk can go on.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import Model, Q, QuerySet

from bookings.models import Booking
from core.mode import site_is_live
from payments.models import Payment, Payout, Provider
from payments.providers.base import Declined, Misconfigured, ProviderError, ProviderPayment
from payments.providers.stripe import client
from payments.providers.stripe.balance import stripe_balance
from payments.providers.stripe.connect import stripe_connect
from payments.reconciliation import compare_balance, compare_ledger, fixes
from payments.reconciliation.compare import (
    HAS_MONEY,
    Difference,
    OurPayment,
    compare,
    unknown_here,
    unknown_there,
)
from payments.reconciliation.compare_transfers import compare_transfers, payouts_not_listed
from payments.reconciliation.services import Subject

log = structlog.get_logger(__name__)
T = TypeVar("T")

WINDOW = dt.timedelta(hours=1)
PAGE = 100
ROWS = 500
LEDGER_ROWS = 5_000


@dataclass(frozen=True)
class Finding:
    """A payment and how it differs."""

    subject: Subject
    difference: Difference


@dataclass(frozen=True)
class Mark:
    """All before this is compared: a later walk goes on at `cursor`; `compared` payments since the last mark."""

    cursor: str
    compared: int = 0


@dataclass(frozen=True)
class Trouble:
    """A payment that could not be compared, for a fault of ours; the log has it."""

    name: str


@dataclass(frozen=True)
class Span:
    """What to compare, of the site's mode: payments begun in [since, until), besides those that are still open."""

    provider: str
    since: dt.datetime
    until: dt.datetime


Step = Iterator[Finding | Mark | Trouble]


def walk(span: Span, cursor: str = "") -> Step:
    """Yield all findings and marks after `cursor`. Raises: Unavailable, Misconfigured at the provider's list."""
    begun, _, position = cursor.partition(":")
    phases = PHASES[span.provider]
    names = [name for name, _phase in phases]
    if begun not in ("", *names):
        raise ValueError(f"no such place to go on: {cursor}")
    for name, phase in phases[names.index(begun) if begun else 0 :]:
        for step in phase(span, position if name == begun else ""):
            yield Mark(f"{name}:{step.cursor}", step.compared) if isinstance(step, Mark) else step


# --- both ways, by the provider's list ------------------------------------------------------------------------


def _listed(span: Span, position: str) -> Step:
    """Compare window by window, the newest first; `position` is the start of the last window that is done."""
    end = dt.datetime.fromisoformat(position) if position else span.until
    newer: set[int] = set()
    while end > span.since:
        start = max(end - WINDOW, span.since)
        matched: set[int] = set()
        count = 0
        for page in _pages(client.platform_account().list_payments(start, end)):
            count += len(page)
            yield from _compare_page(span.provider, page, matched)
        # A payment begun at the end of this window may show in the newer one.
        yield from _not_listed(span.provider, start, end, matched | newer)
        yield Mark(start.isoformat(), count)
        newer, end = matched, start


def _compare_page(provider: str, page: list[ProviderPayment], matched: set[int]) -> Step:
    ours = _ours_of(provider, page)
    for seen in page:
        mine = ours.get(seen.provider_ref) or ours.get(seen.payment_id)
        if mine is None:
            if seen.state in HAS_MONEY or seen.refunds:
                yield _unknown_here(provider, seen)
            continue
        matched.add(mine.payment.pk)
        if _may_differ(mine, seen):
            # The row may be younger than the page: both are looked at again, now.
            yield from _compare_one(mine.payment.pk, seen.provider_ref)


def _may_differ(mine: OurPayment, seen: ProviderPayment) -> bool:
    try:
        return bool(compare(mine, seen))
    except Exception:
        return True  # the second look tells what is wrong with it


def _ours_of(provider: str, page: list[ProviderPayment]) -> dict[str, OurPayment]:
    """Return our payments of a page, by the provider's reference or else by our own id (three queries)."""
    refs = [seen.provider_ref for seen in page]
    ids = [uid for seen in page if (uid := fixes.as_uuid(seen.payment_id))]
    rows = Payment.objects.filter(Q(provider_ref__in=refs) | Q(public_id__in=ids), provider=provider)
    found: dict[str, OurPayment] = {}
    for payment in rows.select_related("booking").prefetch_related("refunds", "disputes"):
        mine = OurPayment(payment, tuple(payment.refunds.all()), tuple(payment.disputes.all()))
        # A payment may have been tried with several intents: by our id only one without a reference is found.
        found[payment.provider_ref or str(payment.public_id)] = mine
    return found


def _unknown_here(provider: str, seen: ProviderPayment) -> Finding:
    booking = Booking.objects.filter(reference=seen.reference).first() if seen.reference else None
    difference = unknown_here(seen, has_booking=booking is not None)
    return Finding(Subject(provider, seen.provider_ref, booking=booking), difference)


def _not_listed(provider: str, start: dt.datetime, end: dt.datetime, listed: set[int]) -> Step:
    """Look one by one at payments of ours that the provider's list did not show."""
    rows = _of_mode(provider).filter(created_at__gte=start, created_at__lt=end)
    for pk in _keyset(rows.exclude(provider_ref="")):
        if pk not in listed:
            yield from _compare_one(pk)


def _changed(span: Span, position: str) -> Step:
    """Compare payments from before the period that were refunded or disputed in it: no message may have told us."""
    for page in _pages(client.platform_account().list_changed(span.since, span.until)):
        older = _of_mode(span.provider).filter(provider_ref__in=page, created_at__lt=span.since)
        pks = list(older.order_by("pk").values_list("pk", flat=True))
        for pk in pks:
            yield from _compare_one(pk)
        yield Mark("", len(pks))


# --- one by one -----------------------------------------------------------------------------------------------


def _singly(span: Span, position: str) -> Step:
    """Look at what is still open from before the period; without a list, also at what was begun in it."""
    still_open = Q(status=Payment.Status.AUTHORIZED) | Q(refunds__status="pending")
    wanted = still_open & Q(created_at__lt=span.since)
    if span.provider not in LISTING:
        in_period = Q(created_at__gte=span.since, created_at__lt=span.until)
        wanted = (still_open & Q(created_at__lt=span.until)) | (in_period & ~Q(session_ref=""))
    rows = _of_mode(span.provider).filter(wanted)
    for pk in _keyset(rows.distinct(), after=int(position or 0)):
        yield from _compare_one(pk)
        yield Mark(str(pk), 1)
        time.sleep(settings.RECONCILE_PAUSE_SECONDS)


def _compare_one(payment_pk: int, provider_ref: str = "") -> Step:
    """Yield how one payment differs; an odd one keeps no other from being compared.

    Raises: the provider's errors, and the worker's end of time.
    """
    try:
        yield from list(_findings_of(payment_pk, provider_ref))
    except (ProviderError, SoftTimeLimitExceeded):
        raise
    except Exception:
        log.exception("not_compared", payment=payment_pk)
        yield Trouble(f"payment {payment_pk}")


def _findings_of(payment_pk: int, provider_ref: str) -> Iterator[Finding]:
    mine = fixes.load(payment_pk)
    payment = mine.payment
    ref = payment.provider_ref or provider_ref or payment.session_ref
    subject = Subject(payment.provider, ref, payment, payment.booking)
    try:
        seen = fixes.fetch(payment, ref)
    except Declined:
        yield Finding(subject, unknown_there(payment))
        return
    except Misconfigured as error:
        # One venue's keys must not keep the others' payments from being compared.
        log.error("not_compared", booking=payment.booking.reference, payment=payment_pk, error=str(error))
        return
    for difference in compare(mine, seen):
        yield Finding(subject, difference)


# --- transfers to venues --------------------------------------------------------------------------------------


def _transfers(span: Span, position: str) -> Step:
    """Compare the period's transfers, in one go: venues are few, and paid once a week."""
    matched: set[int] = set()
    count = 0
    for page in _pages(stripe_connect().made(span.since, span.until)):
        count += len(page)
        for ref, difference in compare_transfers(page, matched):
            yield Finding(Subject(span.provider, ref), difference)
    paid = Payout.objects.filter(
        method=Payout.Method.STRIPE, status=Payout.Status.PAID, is_live=site_is_live(),
        sent_at__gte=span.since, sent_at__lt=span.until,
    )  # fmt: skip
    missing = (payout for payout in paid.order_by("pk").iterator(ROWS) if payout.pk not in matched)
    for ref, difference in payouts_not_listed(missing):
        yield Finding(Subject(span.provider, ref), difference)
    yield Mark("done", count)


# --- money at the provider ---------------------------------------------------------------------------------------


def _movements(span: Span, position: str) -> Step:
    """Compare what moved in the balance, window by window, the newest first, as `_listed` does."""
    end = dt.datetime.fromisoformat(position) if position else span.until
    while end > span.since:
        start = max(end - WINDOW, span.since)
        for page in _pages(stripe_balance().movements(start, end)):
            for one, difference in compare_balance.compare_movements(page):
                booking = one.payment.booking if one.payment else None
                yield Finding(Subject(span.provider, one.movement.ref, one.payment, booking), difference)
        yield Mark(start.isoformat())
        end = start


def _standings(span: Span, position: str) -> Step:
    """Compare clearing with what the account holds, in one go: both are sums."""
    for ref, difference in compare_balance.compare_standings(compare_balance.standings_now() or []):
        yield Finding(Subject(span.provider, ref), difference)
    yield Mark("done")


# --- our own ledger -------------------------------------------------------------------------------------------


def _ledger(span: Span, position: str) -> Step:
    """Compare each payment's rows with its ledger entries, a range of ids at a time."""
    first = int(position or 0) + 1
    last = Payment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    while first <= last:
        end = min(first + LEDGER_ROWS - 1, last)
        for wrong in compare_ledger.differing(first, end, provider=span.provider):
            payment = Payment.objects.select_related("booking").get(pk=wrong.payment_pk)
            # What differs in the query may have been on its way: one payment is asked for again.
            if now := compare_ledger.differences_of(payment.pk):
                subject = Subject(
                    payment.provider, payment.provider_ref or str(payment), payment, payment.booking
                )
                yield Finding(subject, now.difference)
        yield Mark(str(end))
        first = end + 1


# --- pieces ---------------------------------------------------------------------------------------------------


def _of_mode(provider: str) -> QuerySet[Payment]:
    """Return a provider's payments that the keys in use can reach."""
    return Payment.objects.filter(provider=provider, is_live=site_is_live())


def _pages(seen: Iterable[T]) -> Iterator[list[T]]:
    stream = iter(seen)
    while page := list(islice(stream, PAGE)):
        yield page


def _keyset(rows: QuerySet[Model], *, after: int = 0) -> Iterator[int]:
    """Yield the ids of rows in order, a page at a time, each page a short query of its own."""
    while page := list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:ROWS]):
        yield from page
        after = page[-1]


# Whose payments can be listed; for the others only ours are looked at, one by one.
LISTING = (Provider.STRIPE,)
Phase = Callable[[Span, str], Step]
PHASES: dict[str, tuple[tuple[str, Phase], ...]] = {
    Provider.STRIPE: (
        ("listed", _listed),
        ("changed", _changed),
        ("singly", _singly),
        ("transfers", _transfers),
        ("movements", _movements),
        ("standings", _standings),
        ("ledger", _ledger),
    ),
    Provider.OCTO: (("singly", _singly), ("ledger", _ledger)),
    Provider.OFFLINE: (("ledger", _ledger),),
    Provider.CREDIT: (("ledger", _ledger),),
}
