"""Why a venue as a whole is not paid now, whatever it is due: not approved, suspended, a new payee, its first weeks."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max, Min

from payments.models import PayeeChange, Payment, Payout, PayoutSkip
from rooms.models import Venue

Reason, Status = PayoutSkip.Reason, Venue.Status
OF_STATUS: dict[str, str] = {
    Status.DRAFT: Reason.NOT_APPROVED,
    Status.WAITING: Reason.NOT_APPROVED,
    Status.SUSPENDED: Reason.SUSPENDED,
}


@dataclass(frozen=True)
class Hold:
    """Why a venue waits (a PayoutSkip.Reason), and until when; None where nobody can tell."""

    reason: str
    until: dt.datetime | None = None


def hold_of(venue: Venue, now: dt.datetime) -> Hold | None:
    """Return why a venue is not paid at `now`, or None (at most three queries)."""
    return holds_of([venue], now).get(venue.pk)


def holds_of(venues: Collection[Venue], now: dt.datetime) -> dict[int, Hold]:
    """Return {venue id: Hold} of those that are not paid at `now`, in as many queries for one as for many."""
    holds = {venue.pk: Hold(OF_STATUS[venue.status]) for venue in venues if venue.status in OF_STATUS}
    others = [venue for venue in venues if venue.pk not in holds]
    first, changed = _first_payouts(others), _payees_settled(others)
    for venue in others:
        ends = {Reason.FIRST_PAYOUT: first.get(venue.pk), Reason.PAYEE_CHANGED: changed.get(venue.pk)}
        waits = [Hold(reason, at) for reason, at in ends.items() if at and at > now]
        if waits:
            holds[venue.pk] = max(waits, key=lambda hold: hold.until or now)
    return holds


def _payees_settled(venues: Collection[Venue]) -> dict[int, dt.datetime]:
    """Return when the latest change of each venue's payee stops to hold its payouts."""
    rows = PayeeChange.objects.filter(venue__in=venues).order_by().values_list("venue")
    wait = dt.timedelta(days=settings.PAYEE_CHANGE_HOLD_DAYS)
    return {venue_id: at + wait for venue_id, at in rows.annotate(Max("changed_at"))}


def _first_payouts(venues: Collection[Venue]) -> dict[int, dt.datetime]:
    """Return when venues that were never paid may be; those from before approvals keep what they have."""
    new = {venue.pk for venue in venues if venue.approved_at}
    new -= set(
        Payout.objects.filter(venue__in=new).exclude(status__in=Payout.UNDONE).values_list("venue", flat=True)
    )
    taken = Payment.objects.filter(booking__venue__in=new, captured_at__isnull=False).order_by()
    wait = dt.timedelta(days=settings.FIRST_PAYOUT_DELAY_DAYS)
    rows = taken.values_list("booking__venue").annotate(Min("captured_at"))
    return {venue_id: at + wait for venue_id, at in rows}
