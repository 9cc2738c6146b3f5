"""Checkpoints: verified balances of a venue up to an entry, so that a long sum is the last of them plus the tail.

An entry with a lower id may commit after one with a higher id. So a checkpoint ends at an id that had been given
out before the oldest transaction still open began: nothing below it can appear any more.
"""

from collections import defaultdict

import structlog
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet, Sum

from core import clock
from core.mode import site_is_live
from core.sweeps import Round
from payments.models import LedgerCheckpoint, LedgerEntry
from rooms.models import Venue

log = structlog.get_logger(__name__)

# A balance's key: (is live, account, currency).
Balances = dict[tuple[bool, str, str], int]
# Of each venue; older ones are of no use.
KEPT = 3
# How long a night's work waits for open transactions: PATIENCE looks, PAUSE seconds apart.
PATIENCE, PAUSE = 150, 0.2
# A venue's whole ledger is summed in this time; pages are given less.
SUM_SECONDS = 100


def balances_of(venue_id: int) -> dict[tuple[str, str], int]:
    """Return every account's balance of a venue in the site's mode, by (account, currency).

    It is the last verified checkpoint plus the entries since.
    """
    base, up_to = _last(venue_id)
    return of_mode(_added(base, sums(venue_id, after=up_to)), is_live=site_is_live())


def of_mode(balances: Balances, *, is_live: bool) -> dict[tuple[str, str], int]:
    """Return the balances of one mode, by (account, currency)."""
    return {
        (account, currency): total for (mode, account, currency), total in balances.items() if mode is is_live
    }


def sums(venue_id: int, *, after: int = 0, up_to: int | None = None) -> Balances:
    """Return each mode's and account's sum over a venue's entries with `after` < id <= `up_to`."""
    entries = LedgerEntry.objects.filter(venue_id=venue_id, pk__gt=after)
    if up_to is not None:
        entries = entries.filter(pk__lte=up_to)
    rows = entries.values_list("is_live", "account", "currency").annotate(Sum("amount_minor")).order_by()
    return {(is_live, account, currency): total for is_live, account, currency, total in rows}


def take_all() -> int:
    """Make and verify a checkpoint of every venue with new entries; return how many differed, each an alarm.

    Raises: RowsFailed, once every other venue has its own.
    """
    horizon = settled_entry()
    if horizon is None:
        log.warning("checkpoints_postponed", reason="a transaction stays open")
        return 0
    with Round() as this:
        taken = [
            this.attempt(take, pk, horizon, name=f"venue {pk}")
            for pk in _venues_with_news(horizon).iterator()
        ]
    return taken.count(False)


@transaction.atomic
def take(venue_id: int, horizon: int) -> bool:
    """Make one venue's checkpoint at entry `horizon` and verify it: summed from nothing it must be the same.

    Where it differs nothing is made, the last one is withdrawn (balances are then summed from an older one), and
    staff are alarmed. Returns whether it agreed.
    """
    Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{SUM_SECONDS}s'")
    base, up_to = _last(venue_id)
    if up_to >= horizon:
        return True
    carried = _added(base, sums(venue_id, after=up_to, up_to=horizon))
    whole = sums(venue_id, up_to=horizon)
    if _without_zeros(carried) != _without_zeros(whole):
        LedgerCheckpoint.objects.filter(venue_id=venue_id, up_to_entry=up_to).update(verified_at=None)
        log.error("ledger_checkpoint_differs", venue_id=venue_id, up_to_entry=up_to, horizon=horizon)
        return False
    now = clock.now()
    LedgerCheckpoint.objects.bulk_create(
        LedgerCheckpoint(
            venue_id=venue_id, is_live=is_live, account=account, currency=currency, up_to_entry=horizon,
            balance_minor=total, verified_at=now,
        )
        for (is_live, account, currency), total in whole.items()
    )  # fmt: skip
    _forget_old(venue_id)
    return True


def settled_entry() -> int | None:
    """Return an entry id below which no entry can appear any more; None while a transaction stays open too long.

    Every transaction that was given such an id wrote its LedgerTransaction first, so it has a number and shows in
    the snapshot; once all numbers of that moment are done, so are their entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE((SELECT last_value FROM payments_ledgerentry_id_seq WHERE is_called), 0),"
            " pg_snapshot_xmax(pg_current_snapshot())::text"
        )
        last, began = cursor.fetchone()
        for _ in range(PATIENCE):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8, pg_sleep(0)", [began])
            if cursor.fetchone()[0]:
                return int(last)
            cursor.execute("SELECT pg_sleep(%s)", [PAUSE])
    return None


def _last(venue_id: int) -> tuple[Balances, int]:
    """Return the last verified checkpoint of a venue and the entry it ends at; nothing and 0 without one."""
    verified = LedgerCheckpoint.objects.filter(venue_id=venue_id, verified_at__isnull=False)
    newest = verified.order_by("-up_to_entry").values("up_to_entry")[:1]
    rows = list(verified.filter(up_to_entry=newest))
    base = {(row.is_live, row.account, row.currency): row.balance_minor for row in rows}
    return base, rows[0].up_to_entry if rows else 0


def _venues_with_news(horizon: int) -> QuerySet[Venue, int]:
    last = (
        LedgerCheckpoint.objects.filter(venue=OuterRef("pk"), verified_at__isnull=False)
        .order_by()
        .values("venue")
        .annotate(last=Max("up_to_entry"))
        .values("last")
    )
    entries = LedgerEntry.objects.filter(venue=OuterRef("pk"), pk__lte=horizon)
    since = entries.filter(pk__gt=OuterRef("last"))
    venues = Venue.objects.annotate(last=last)
    return (
        (venues.filter(Exists(since)) | venues.filter(Exists(entries), last__isnull=True))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _forget_old(venue_id: int) -> None:
    ends = LedgerCheckpoint.objects.filter(venue_id=venue_id).order_by("-up_to_entry")
    kept = ends.values_list("up_to_entry", flat=True).distinct()[:KEPT]
    LedgerCheckpoint.objects.filter(venue_id=venue_id, up_to_entry__lt=min(kept)).delete()


def _added(base: Balances, more: Balances) -> Balances:
    total: defaultdict[tuple[bool, str, str], int] = defaultdict(int, base)
    for key, amount in more.items():
        total[key] += amount
    return dict(total)


def _without_zeros(balances: Balances) -> Balances:
    return {key: amount for key, amount in balances.items() if amount}
