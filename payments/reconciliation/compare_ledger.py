"""Whether the ledger says of each payment what its rows say: compared in the database, a range at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import connection

from bookings.models import Booking
from core.money import format_minor
from payments.ledger import posting as ledger
from payments.models import Drift, Payment, Refund
from payments.reconciliation.compare import Difference

# What each sum is called for people, in the order of the query's columns.
WORDS = ("held", "taken", "given back", "processing fee", "disputed", "at another's account")
POSTED_REFUNDS = (Refund.Channel.PROVIDER, Refund.Channel.HAND)

# First what the ledger has, then what the rows ask for; one payment a row, through the indexes on both sides.
SUMS = """
SELECT * FROM (
SELECT p.id, p.currency,
       l.held, l.taken, l.back, l.fee, l.disputed, l.astray, l.authorized,
       CASE WHEN p.status = 'AUTHORIZED' THEN p.authorized_minor ELSE 0 END,
       p.captured_minor,
       -(SELECT coalesce(sum(r.amount_minor), 0) FROM payments_refund r
          WHERE r.payment_id = p.id AND r.status <> 'failed' AND r.channel IN ('provider', 'hand')),
       -coalesce(p.provider_fee_minor, 0),
       -(SELECT coalesce(sum(d.fee_minor + CASE WHEN d.status = 'won' THEN 0 ELSE d.withdrawn_minor END), 0)
           FROM payments_dispute d WHERE d.payment_id = p.id),
       0
  FROM payments_payment p
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'hold'), 0) AS held,
           coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'hold' AND t.kind = 'authorize'), 0) AS authorized,
           coalesce(sum(e.amount_minor) FILTER (
             WHERE e.account IN ('clearing', 'venue_shop', 'bank', 'credit') AND t.kind = 'capture'), 0) AS taken,
           coalesce(sum(e.amount_minor) FILTER (
             WHERE e.account IN ('clearing', 'venue_shop', 'bank', 'credit')
               AND t.kind IN ('refund', 'refund_failed')), 0) AS back,
           coalesce(sum(e.amount_minor) FILTER (
             WHERE e.account IN ('clearing', 'venue_shop') AND t.kind = 'processing_fee'), 0) AS fee,
           coalesce(sum(e.amount_minor) FILTER (
             WHERE e.account IN ('clearing', 'venue_shop')
               AND t.kind IN ('dispute', 'dispute_won', 'dispute_fee')), 0) AS disputed,
           coalesce(sum(e.amount_minor) FILTER (
             WHERE e.account = CASE WHEN p.account_id IS NULL THEN 'venue_shop' ELSE 'clearing' END), 0) AS astray
      FROM payments_ledgertransaction t JOIN payments_ledgerentry e ON e.transaction_id = t.id
     WHERE t.payment_id = p.id) l
 WHERE p.id BETWEEN %s AND %s AND (%s = '' OR p.provider = %s)
) AS s (id, currency, held, taken, back, fee, disputed, astray, authorized,
        w_held, w_taken, w_back, w_fee, w_disputed, w_astray)
 WHERE %s OR (held, taken, back, fee, disputed, astray)
    IS DISTINCT FROM (w_held, w_taken, w_back, w_fee, w_disputed, w_astray)
 ORDER BY id
"""


@dataclass(frozen=True)
class Booked:
    """What the ledger has of a payment, in minor units."""

    authorized_minor: int
    taken_minor: int


@dataclass(frozen=True)
class Unbalanced:
    """A payment whose ledger entries differ from its rows, in words."""

    payment_pk: int
    ours: str
    theirs: str

    @property
    def difference(self) -> Difference:
        cause = "An entry is missing, or a row was changed by hand: the ledger itself is never changed."
        return Difference(Drift.Kind.LEDGER, f"payment {self.theirs}", f"ledger {self.ours}", cause)


def booked(payment_pk: int) -> Booked:
    """Return what the ledger says was held and taken for a payment."""
    row = _sums(payment_pk, payment_pk, is_all=True)[0]
    return Booked(authorized_minor=int(row[8]), taken_minor=int(row[3]))


def differences_of(payment_pk: int) -> Unbalanced | None:
    """Return how the ledger differs from one payment's rows."""
    return next(iter(differing(payment_pk, payment_pk)), None)


def differing(first_pk: int, last_pk: int, *, provider: str = "") -> Iterator[Unbalanced]:
    """Yield the payments of a range of ids, both included, whose ledger entries differ from their rows."""
    for row in _sums(first_pk, last_pk, provider):
        pk, currency, has, wants = row[0], row[1], row[2:8], row[9:15]
        wrong = [n for n in range(len(WORDS)) if has[n] != wants[n]]
        ours, theirs = (
            ", ".join(f"{WORDS[n]} {format_minor(int(sums[n]), currency)}" for n in wrong)
            for sums in (has, wants)
        )
        yield Unbalanced(pk, ours, theirs)


def wanted(payment: Payment, booking: Booking) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the key and the posting of each transaction that a payment's rows ask for, in the order of events."""
    if payment.authorized_minor and payment.provider not in ledger.BY_HAND:
        yield f"authorize:{payment.pk}", partial(ledger.post_authorize, payment, booking)
    if payment.status == Payment.Status.VOIDED and payment.authorized_minor:
        yield f"void:{payment.pk}", partial(ledger.post_void, payment, booking)
    if payment.captured_minor and payment.provider != Payment.Provider.CREDIT:
        yield (
            f"capture:{payment.pk}",
            lambda: ledger.post_capture(payment, booking, **_kept(payment, booking)),
        )
    if payment.provider_fee_minor:
        fee = payment.provider_fee_minor
        yield f"processing-fee:{payment.pk}", partial(ledger.post_processing_fee, payment, booking, fee)
    for refund in payment.refunds.filter(channel__in=POSTED_REFUNDS).order_by("pk"):
        yield f"refund:{refund.pk}", partial(_post_refund, refund, booking)
        if refund.status == Refund.Status.FAILED:
            yield f"refund-failed:{refund.pk}", partial(_post_refund_failed, refund, booking)


def _post_refund(refund: Refund, booking: Booking) -> None:
    ledger.post_refund(refund, booking, **_kept(refund.payment, booking))


def _post_refund_failed(refund: Refund, booking: Booking) -> None:
    ledger.post_refund_failed(refund, booking, **_kept(refund.payment, booking))


def _kept(payment: Payment, booking: Booking) -> dict[str, int]:
    return {"kept_before_minor": ledger.kept_minor(booking, payment.is_live)}


def _sums(first_pk: int, last_pk: int, provider: str = "", *, is_all: bool = False) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [first_pk, last_pk, provider, provider, is_all])
        return cursor.fetchall()
