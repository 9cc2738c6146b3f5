"""Sends payouts through Stripe: the Payout's row is committed first, its key is the idempotency key.

A transfer whose outcome is unknown is looked for by that key before it is tried again. One that the balance does not
cover waits for funds: it is tried again under a key of its own, since Stripe keeps a refusal for as long as its key.
"""

import datetime as dt

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from core import clock
from core.mode import site_is_live
from core.money import format_minor
from core.queue import ring
from core.retries import Policy
from payments.models import Drift, Payout, Provider
from payments.payouts import services as payouts
from payments.providers.base import Declined, Misconfigured, Unavailable
from payments.providers.stripe.connect import StripeConnect, Transfer, stripe_connect
from rooms.models import Venue

log = structlog.get_logger(__name__)

Status = Payout.Status
# Longer than the provider's connect and read time-outs together.
LEASE = dt.timedelta(seconds=30)
RETRIES = Policy(first=dt.timedelta(seconds=2), most=dt.timedelta(minutes=15), alarm_after=8)
# Stripe's word for a balance that is too small, and how long to leave it time to grow.
NO_FUNDS = "balance_insufficient"
FUNDS_PAUSE = dt.timedelta(minutes=15)


def to_send() -> QuerySet[Payout]:
    """Return the payouts that wait for Stripe: not begun, or begun by a process that is gone.

    What waits for a suspended venue is not begun.
    """
    now = clock.now()
    rows = Payout.objects.filter(method=Payout.Method.STRIPE, status__in=Payout.OPEN, is_live=site_is_live())
    rows = rows.exclude(~Q(status=Status.SENDING), venue__in=Venue.objects.suspended())
    return rows.filter(Q(lease_until=None) | Q(lease_until__lte=now)).order_by("pk")


def send(payout_id: int) -> None:
    """Transfer one payout, or find out what became of it. Raises: Unavailable, Misconfigured."""
    payout = _lease(payout_id)
    if payout is None:
        return
    try:
        transfer = _transfer(stripe_connect(), payout)
    except Declined as error:
        if error.code == NO_FUNDS:
            _wait_for_funds(payout, error)
            return
        _end(payout, Status.FAILED, reason=f"{error.code or 'refused'}: {error}"[:2000])
        ring("payments.tasks.look_at_payee", payout.venue_id)
        log.error("payout_refused", payout=payout.key, code=error.code)
    except Unavailable as error:
        _wait(payout, error, is_final=error.is_final)
        raise
    except Misconfigured as error:
        _wait(payout, error)
        raise
    else:
        _end(payout, Status.PAID, provider_ref=transfer.ref)


def look(payout_id: int) -> str:
    """Ask Stripe what became of a transfer: one taken back in full there is returned, in part staff are alarmed.

    Returns what was found, in words. Raises: Unavailable, Misconfigured.
    """
    send(payout_id)  # only one that still waits
    payout = Payout.objects.get(pk=payout_id)
    found = stripe_connect().find(key=payout.key)
    if found is None or not found.reversed_minor or payout.status != Status.PAID:
        return f"payout {payout.get_status_display().lower()}"
    if found.reversed_minor >= payout.amount_minor:
        payouts.close(payout.pk, Status.RETURNED, reason="The transfer was taken back at Stripe.")
        return "payout returned"
    theirs = f"{format_minor(found.reversed_minor, payout.currency)} taken back"
    Drift.objects.get_or_create(
        provider=Provider.STRIPE, provider_ref=found.ref, kind=Drift.Kind.EXTERNAL, state=Drift.State.OPEN,
        defaults={"theirs": theirs, "cause": f"Part of payout {payout.key} was taken back at Stripe"},
    )  # fmt: skip
    log.error("payout_partly_taken_back", payout=payout.key, minor=found.reversed_minor)
    return theirs


@transaction.atomic
def _lease(payout_id: int) -> Payout | None:
    """Take a payout for this process; None while another has it, or when it is over."""
    payout = to_send().select_for_update(skip_locked=True, no_key=True).filter(pk=payout_id).first()
    if payout:
        payout.status, payout.sent_at = Status.SENDING, payout.sent_at or clock.now()
        payout.attempts += 1
        payout.lease_until = clock.now() + LEASE
        payout.save(update_fields=["status", "sent_at", "attempts", "lease_until"])
    return payout


def _transfer(connect: StripeConnect, payout: Payout) -> Transfer:
    if payout.attempts > 1 and (found := connect.find(key=payout.key)):
        return found
    return connect.transfer(
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        destination=payout.destination,
        group=payout.key,
        key=f"{payout.key}-{payout.refusals + 1}" if payout.refusals else payout.key,
    )


def _wait_for_funds(payout: Payout, error: Declined) -> None:
    """Leave a payout that nothing moved for to be tried again, and tell staff, who see to the balance."""
    Payout.objects.filter(pk=payout.pk, status=Status.SENDING).update(
        status=Status.WAITING,
        refusals=F("refusals") + 1,
        lease_until=clock.now() + FUNDS_PAUSE,
        error=f"{NO_FUNDS}: {error}"[:2000],
    )
    amount = format_minor(payout.amount_minor, payout.currency)
    log.error("payout_waits_for_funds", payout=payout.key, amount=amount, refusals=payout.refusals + 1)


def _end(payout: Payout, status: str, **facts: str) -> None:
    """Close a payout; one that another process took over and ended the same way stays as it is.

    Raises: PayoutError where it ended otherwise.
    """
    try:
        payouts.close(payout.pk, status, **facts)
    except payouts.PayoutError:
        if not Payout.objects.filter(pk=payout.pk, status=status).exists():
            raise
        log.info("payout_ended_elsewhere", payout=payout.key, status=status)


def _wait(payout: Payout, error: Unavailable | Misconfigured, *, is_final: bool = False) -> None:
    """Leave the payout under way, to be looked for later and later; staff are alarmed after many tries.

    A failure that Stripe would repeat for this key ends the payout: nothing was moved, the next run pays it anew.
    """
    if is_final:
        _end(payout, Status.FAILED, reason=f"{error.code or 'error'}: {error}"[:2000])
        return
    Payout.objects.filter(pk=payout.pk, status=Status.SENDING).update(
        lease_until=clock.now() + RETRIES.wait_after(payout.attempts),
        error=f"{type(error).__name__}: {error}"[:2000],
    )
    alarm = log.error if RETRIES.is_alarming(payout.attempts) else log.warning
    alarm("payout_unanswered", payout=payout.key, attempts=payout.attempts, error=str(error))
