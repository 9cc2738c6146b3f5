"""Payouts: a run pays every venue what its bookings have earned; then each payout is sent, paid, failed or returned.

A run goes venue by venue, each in a transaction of its own under the venue's row lock, so one that was interrupted is
taken up where it stopped.
"""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings as site
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from core import clock
from core.errors import Refusal
from core.mode import site_is_live
from core.queue import ring
from core.security.crypto import encrypt
from core.sweeps import Round
from payments.ledger import posting as ledger
from payments.models import LedgerEntry, PaymentSettings, Payout, PayoutRun, PayoutSkip
from payments.payouts import connected_accounts, funds
from payments.payouts.due import DUE, parameters, reason_to_wait
from payments.payouts.holds import hold_of
from payments.payouts.payees import payee_of, problem_of
from rooms.models import Venue

log = structlog.get_logger(__name__)

Status = Payout.Status
# Any number of our own: the lock of the one run under way.
RUN_LOCK = 7_309_001
# Well within the time a worker gives a task; the sweep goes on with the rest.
RUN_SECONDS = 60.0


class PayoutError(Refusal):
    """What a payout's verb refuses."""


# --- the run --------------------------------------------------------------------------------------------------


def begin_run(*, cutoff_at: dt.datetime | None = None, started_by: Any = None) -> PayoutRun:
    """Write a run in the site's mode and ring a worker.

    Raises: PayoutError while another is under way, or was made for this cutoff.
    """
    try:
        with transaction.atomic():
            run = PayoutRun.objects.create(
                cutoff_at=cutoff_at or clock.now(), started_by=started_by, is_live=site_is_live()
            )
            ring("payments.tasks.run_payouts")
    except IntegrityError as error:
        raise PayoutError("run_under_way", "A payout run is under way.") from error
    log.info("payout_run_begun", run=run.pk, cutoff_at=run.cutoff_at.isoformat())
    return run


def begin_weekly_run() -> PayoutRun | None:
    """Begin this week's run once its hour has come; None where it was begun already, or none is wanted."""
    slot = weekly_slot(clock.now())
    begun = PayoutRun.objects.filter(cutoff_at__gte=slot, is_live=site_is_live()) if slot else None
    if begun is None or begun.exists():
        return None
    try:
        return begin_run(cutoff_at=slot)
    except PayoutError:
        # Another run is under way; the next sweep asks again.
        return None


def weekly_slot(now: dt.datetime) -> dt.datetime | None:
    """Return the latest moment not after `now` at which the weekly run was due; None where it is switched off."""
    if site.PAYOUT_WEEKDAY is None:
        return None
    slot = now.replace(hour=site.PAYOUT_HOUR, minute=0, second=0, microsecond=0)
    slot -= dt.timedelta(days=(slot.weekday() - site.PAYOUT_WEEKDAY) % 7)
    return slot if slot <= now else slot - dt.timedelta(days=7)


def continue_run(*, seconds: float = RUN_SECONDS) -> PayoutRun | None:
    """Go on with the run under way for at most that long; None where there is none or another process is at it.

    Raises: RowsFailed, once every other venue is paid.
    """
    until = time.monotonic() + seconds
    with _run_lock() as is_ours, Round() as this:
        run = unfinished().first() if is_ours else None
        if run is None:
            return None
        _read_funds(run)
        for venue_id in _venues_left(run).values_list("pk", flat=True).iterator():
            if time.monotonic() > until:
                return run
            this.attempt(_try_to_pay, run, venue_id, name=f"venue {venue_id}")
        run.finished_at = clock.now()
        run.save(update_fields=["finished_at"])
        funds.alarm(run.funds or {}, funds.set_aside())
        log.info("payout_run_finished", run=run.pk, payouts=run.payouts.count())
        return run


def unfinished() -> QuerySet[PayoutRun]:
    """Return the run under way, if any; one of another mode than the site's is nobody's to go on with."""
    return PayoutRun.objects.filter(finished_at=None, is_live=site_is_live())


def _read_funds(run: PayoutRun) -> None:
    """Keep with the run what the balance could pay as it began; a run taken up again keeps what it read first."""
    if run.funds is None:
        run.funds = funds.read()
        run.save(update_fields=["funds"])


@contextmanager
def _run_lock() -> Iterator[bool]:
    """Hold the lock of the session, which ends with its process, so that a killed run blocks nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [RUN_LOCK])
        is_ours = cursor.fetchone()[0]
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])


def _venues_left(run: PayoutRun) -> QuerySet[Venue]:
    """Return the venues that ever earned something and that this run has not come to yet."""
    has_earned = LedgerEntry.objects.filter(
        venue=OuterRef("pk"), account=LedgerEntry.Account.VENUE, is_live=run.is_live
    )
    seen = [rows.filter(run=run, venue=OuterRef("pk")) for rows in (Payout.objects, PayoutSkip.objects)]
    return Venue.objects.filter(Exists(has_earned), *[~Exists(rows) for rows in seen]).order_by("pk")


def _try_to_pay(run: PayoutRun, venue_id: int) -> None:
    """Pay one venue; what fails is shown to staff, and left to the next run. Raises: what nobody foresaw."""
    try:
        connected_accounts.look_before_run(venue_id)
        pay_venue(run, venue_id)
    except Exception:
        venue = Venue.objects.get(pk=venue_id)
        PayoutSkip.objects.get_or_create(
            run=run, venue=venue, currency=venue.currency,
            defaults={"amount_minor": 0, "reason": PayoutSkip.Reason.TROUBLE},
        )  # fmt: skip
        raise


# One statement, one snapshot: a refund that commits meanwhile is in sum and lines, or in neither.
PAY = f"""
WITH {DUE}, totals AS (
    SELECT currency, sum(amount_minor)::bigint AS amount_minor FROM due GROUP BY currency
), named AS MATERIALIZED (
    SELECT gen_random_uuid() AS public_id, currency, amount_minor FROM totals
    WHERE %(destination)s <> '' AND amount_minor >= GREATEST(%(minimum)s, 1)
), made AS (
    INSERT INTO payments_payout (public_id, run_id, venue_id, currency, is_live, amount_minor, method, status, key,
        destination, payee, provider_ref, attempts, error, note, created_at)
    SELECT public_id, %(run)s, %(venue)s, currency, %(is_live)s, amount_minor, %(method)s, 'ready',
        'payout-' || replace(public_id::text, '-', ''), %(destination)s, %(payee)s, '', 0, '', '', %(now)s
    FROM named
    RETURNING id, currency
), lines AS (
    INSERT INTO payments_payoutline (payout_id, booking_id, amount_minor)
    SELECT made.id, due.booking_id, due.amount_minor FROM due JOIN made USING (currency)
)
SELECT totals.currency, totals.amount_minor, made.id FROM totals LEFT JOIN made USING (currency)
"""  # noqa: S608 - constants only


@transaction.atomic
def pay_venue(run: PayoutRun, venue_id: int) -> list[Payout]:
    """Set aside what a venue is due in each currency, with its ledger, or write down why not."""
    venue = Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
    hold = hold_of(venue, clock.now())
    settings = PaymentSettings.objects.filter(venue_id=venue_id).first()
    payee = payee_of(settings)
    values: dict[str, Any] = {
        "run": run.pk,
        "now": clock.now(),
        "method": payee.method,
        # Without one no payout is made: PAY then only tells what is due.
        "destination": "" if hold or problem_of(settings) else payee.destination,
        "payee": encrypt(payee.freeze()),
        "minimum": settings.payout_minimum_minor if settings else 0,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{RUN_SECONDS:g}s'")
        cursor.execute(PAY, parameters(run.cutoff_at, venue_id, is_live=run.is_live) | values)
        rows = cursor.fetchall()
    made = list(Payout.objects.filter(pk__in=[pk for _, _, pk in rows if pk]))
    for payout in made:
        ledger.post_payout(payout)
        if payout.method == Payout.Method.STRIPE:
            ring("payments.tasks.send_payout", payout.pk)
    PayoutSkip.objects.bulk_create(
        PayoutSkip(
            run=run, venue_id=venue_id, currency=currency, amount_minor=amount,
            reason=reason_to_wait(settings, amount, hold),
        )
        for currency, amount, pk in rows
        if pk is None and amount
    )  # fmt: skip
    return made


# --- one payout -----------------------------------------------------------------------------------------------

# What may become of a payout, from where, and how the ledger hears of it.
ARROWS = {
    Status.PAID: (Payout.OPEN, ledger.post_payout_paid),
    Status.FAILED: (Payout.OPEN, ledger.post_payout_failed),
    Status.RETURNED: ((Status.PAID,), ledger.post_payout_returned),
}


@transaction.atomic
def close(payout_id: int, status: str, *, reason: str = "", by: Any = None, provider_ref: str = "") -> Payout:
    """Mark a payout paid, failed or returned, once, with its ledger.

    `by` is the member of staff who says so; what is sent through Stripe only Stripe can call paid or failed, but one
    that waits for funds was never sent, and staff may give it up.
    Raises: PayoutError.
    """
    payout = lock(payout_id)
    sources, post = ARROWS[Status(status)]
    if payout.status not in sources:
        raise PayoutError("payout_closed", f"This payout is {payout.get_status_display().lower()} already.")
    is_given_up = payout.status == Status.WAITING and status == Status.FAILED
    if by and payout.method == Payout.Method.STRIPE and status != Status.RETURNED and not is_given_up:
        raise PayoutError("payout_at_provider", "Stripe itself says what becomes of its transfers.")
    payout.status, payout.closed_at, payout.closed_by, payout.lease_until = status, clock.now(), by, None
    payout.provider_ref = provider_ref or payout.provider_ref
    payout.error = reason if status in Payout.UNDONE else ""
    payout.save()
    post(payout)
    log.info("payout_closed", payout=payout.key, status=status, by=by.pk if by else None)
    return payout


def lock(payout_id: int) -> Payout:
    """Lock a payout and, before it, its venue: a run that counts what was paid must not run beside it."""
    venue_id = Payout.objects.values_list("venue_id", flat=True).get(pk=payout_id)
    Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
    return Payout.objects.select_for_update(no_key=True).select_related("venue").get(pk=payout_id)
