"""Differences found between our books and a provider's: kept once while open, closed when gone, mended by a button."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from bookings.actors import member_actor
from bookings.errors import BookingError
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from core.mode import mode_name, site_is_live
from payments.credits import services as credits
from payments.ledger import given_back
from payments.models import Drift, Payment, ReconciliationRun
from payments.payouts import transfers
from payments.providers.base import Declined, Misconfigured, ProviderError
from payments.reconciliation import compare_balance, compare_ledger, fixes
from payments.reconciliation.compare import Difference
from payments.settling.facts import booking_facts, payment_facts
from payments.settling.plan import lost_fee_minor
from payments.tracking import external_changes

log = structlog.get_logger(__name__)

Kind, State = Drift.Kind, Drift.State


@dataclass(frozen=True)
class Subject:
    """What a difference is about: a payment by its provider's reference, and ours and its booking where known."""

    provider: str
    provider_ref: str
    payment: Payment | None = None
    booking: Booking | None = None


@dataclass(frozen=True)
class Mend:
    """What one button does: `label` on it, `done` said afterward.

    `work` is given the drift and who pressed, None where nobody did; it raises CannotMend with a reason.
    """

    label: str
    done: str
    work: Callable[[Drift, Any], None]


def report(subject: Subject, difference: Difference, *, run: ReconciliationRun | None = None) -> Drift:
    """Keep a difference, once while it is open; what it says is brought up to date. A new one is an alarm."""
    said: dict[str, object] = {
        "ours": difference.ours[:200],
        "theirs": difference.theirs[:200],
        "cause": difference.cause[:255],
    }
    said |= {"amount_minor": difference.amount_minor, "currency": difference.currency}
    about = {"payment": subject.payment, "booking": subject.booking, "run": run}
    drift, is_new = Drift.objects.update_or_create(
        provider=subject.provider,
        provider_ref=subject.provider_ref,
        kind=difference.kind,
        state=State.OPEN,
        defaults=said | {name: value for name, value in about.items() if value is not None},
    )
    if is_new:
        booking = subject.booking.reference if subject.booking else ""
        log.error(
            "drift_found", kind=drift.kind, booking=booking, provider_ref=drift.provider_ref,
            ours=drift.ours, theirs=drift.theirs, mode=mode_name(drift.is_live), account=drift.account_id,
        )  # fmt: skip
    return drift


def was_set_aside(subject: Subject, difference: Difference) -> bool:
    """Return whether staff have closed this very difference of money: what stays as it is need not be told again."""
    last = Drift.objects.filter(
        provider=subject.provider,
        provider_ref=subject.provider_ref,
        kind=Kind.MONEY,
        is_live=site_is_live(),
    ).first()
    if last is None or difference.kind != Kind.MONEY:
        return False
    return last.amount_minor == difference.amount_minor and last.state == State.DISMISSED


def mend(drift_id: int, *, by: Any) -> Drift:
    """Do what mends an open drift, and close it where the difference is gone.

    Raises: CannotMend with a sentence for staff; nothing is closed then.
    """
    drift = Drift.objects.select_related("payment__booking", "booking").get(pk=drift_id)
    if drift.state != State.OPEN:
        return drift
    _run(MENDS[drift.kind].work, drift, by)
    closed = close(drift, State.MENDED, note=MENDS[drift.kind].done, by=by)
    _close_what_went_with_it(drift, by)
    return closed


def _close_what_went_with_it(drift: Drift, by: Any) -> None:
    """One cause may show as several differences of a payment."""
    others = Drift.objects.filter(state=State.OPEN, payment=drift.payment, run__isnull=False)
    for other in others.exclude(payment=None).select_related("payment__booking", "booking"):
        if is_gone(other):
            close(other, State.MENDED, note="Gone with another that was mended.", by=by)


def set_aside(drift_id: int, *, note: str, by: Any) -> Drift:
    """Close a drift that nothing is to be done about, with the reason why."""
    return close(Drift.objects.get(pk=drift_id), State.DISMISSED, note=note, by=by)


@transaction.atomic
def close(drift: Drift, state: str, *, note: str, by: Any = None) -> Drift:
    """End an open drift; one that was closed meanwhile stays as it was."""
    drift = Drift.objects.select_for_update(no_key=True, of=("self",)).get(pk=drift.pk)
    if drift.state == State.OPEN:
        drift.state, drift.note, drift.closed_by, drift.closed_at = state, note[:255], by, clock.now()
        drift.save(update_fields=["state", "note", "closed_by", "closed_at"])
        log.info("drift_closed", drift=drift.pk, state=state, note=drift.note)
    return drift


def heal(drift: Drift) -> None:
    """Try at once what is safe without anybody's decision: looking again. Raises: CannotMend; nothing is closed."""
    work = HEALED_BY_LOOKING.get(Kind(drift.kind))
    if work is None or drift.state != State.OPEN:
        return
    _run(work, drift, None)
    close(drift, State.MENDED, note="Healed by looking again.")


def is_gone(drift: Drift) -> bool:
    """Return whether an open drift's difference is no more. Raises: Unavailable."""
    if drift.kind == Kind.UNKNOWN_HERE:
        return Payment.objects.filter(provider=drift.provider, provider_ref=drift.provider_ref).exists()
    try:
        if drift.kind == Kind.MONEY:
            return compare_balance.differences_of(drift.provider_ref) is None
        if drift.payment is None:
            return drift.kind not in {one.kind for one in fixes.transfer_differences(drift.provider_ref)}
        if drift.kind == Kind.LEDGER:
            return compare_ledger.differences_of(drift.payment.pk) is None
        return drift.kind not in {one.kind for one in fixes.differences_now(drift.payment.pk)}
    except (Declined, Misconfigured, fixes.CannotMend):
        return False


def _run(work: Callable[[Drift, Any], None], drift: Drift, by: Any) -> None:
    try:
        work(drift, by)
    except (ProviderError, BookingError, IntegrityError) as error:
        raise fixes.CannotMend(f"{type(error).__name__}: {error}"[:200]) from error


def _look_again(drift: Drift, by: Any) -> None:
    if drift.payment is None:
        fixes.look_at_transfer(drift.provider_ref)
        return
    fixes.look_again(fixes.payment_of(drift), drift.provider_ref)


def _look_at_money(drift: Drift, by: Any) -> None:
    if drift.payment:
        fixes.sync(drift.payment.pk)
    elif payout := compare_balance.payout_of(drift.provider_ref):
        transfers.look(payout.pk)
    if left := compare_balance.differences_of(drift.provider_ref):
        raise fixes.CannotMend(f"Still {left.ours} here, {left.theirs} there.")


def _adopt(drift: Drift, by: Any, *, is_staffs_decision: bool = False) -> None:
    fixes.adopt(drift.provider, drift.provider_ref, is_staffs_decision=is_staffs_decision)
    flagged = Drift.objects.filter(kind=Kind.EXTERNAL, provider_ref=drift.provider_ref, state=State.OPEN)
    for external in flagged.filter(found_at__gte=drift.found_at):
        close(external, State.MENDED, note="The call that did it was lost with the payment's row.")


def _adopt_as_staff(drift: Drift, by: Any) -> None:
    _adopt(drift, by, is_staffs_decision=True)


def _restore(drift: Drift, by: Any) -> None:
    if drift.payment is None:
        fixes.look_at_transfer(drift.provider_ref)
        return
    fixes.restore_amounts(fixes.payment_of(drift))


def _post(drift: Drift, by: Any) -> None:
    fixes.post_missing(fixes.payment_of(drift))


def _accept(drift: Drift, by: Any) -> None:
    """Our books have it already, such as what was done in the dashboard: staff have seen it."""


def _waive(drift: Drift, by: Any) -> None:
    with transaction.atomic():
        booking = bookings.lock(fixes.payment_of(drift).booking_id)
        if lost_minor := lost_fee_minor(booking_facts(booking), payment_facts(booking)):
            external_changes.waive_lost_fee(booking, lost_minor, by=by)


def _take_credit_back(drift: Drift, by: Any) -> None:
    """End what is unspent of the guest's credits by now, since some may have come back; the rest staff have seen."""
    with transaction.atomic():
        known = fixes.payment_of(drift)
        booking = bookings.lock(known.booking_id)
        payment = Payment.objects.select_for_update(no_key=True).get(pk=known.pk)
        twice, actor = given_back.of(payment).twice_minor, member_actor(by)
        credits.take_back(payment, booking, twice, actor=actor, reason="The guest has this money already.")


MENDS: dict[str, Mend] = {
    Kind.STATUS: Mend("Look again at the provider", "Looked again: they agree now.", _look_again),
    Kind.REFUND: Mend("Look again at the provider", "Looked again: they agree now.", _look_again),
    Kind.AMOUNT: Mend(
        "Take over the provider's figures", "The provider's figures were taken over.", _restore
    ),
    Kind.UNKNOWN_HERE: Mend("Adopt this payment", "Adopted.", _adopt_as_staff),
    Kind.UNKNOWN_THERE: Mend("Look again at the provider", "Looked again: they agree now.", _look_again),
    Kind.LEDGER: Mend("Post what is missing", "Posted.", _post),
    Kind.EXTERNAL: Mend("Seen", "Seen by staff.", _accept),
    Kind.MODE: Mend("Seen", "Seen by staff.", _accept),
    Kind.OWN_SHOP: Mend("Seen", "Seen by staff.", _accept),
    Kind.REFUSED: Mend("Seen", "Seen by staff.", _accept),
    Kind.TWICE: Mend(
        "Take back what is left of the credit", "The rest is written off by staff.", _take_credit_back
    ),
    Kind.MONEY: Mend("Look again", "Equal after looking again.", _look_at_money),
    Kind.FEE: Mend("Waive what is missing", "Waived: nothing more is due.", _waive),
}

# Looking again changes nothing that was right, so it needs nobody's leave.
HEALED_BY_LOOKING: dict[str, Callable[[Drift, Any], None]] = {
    Kind.STATUS: _look_again,
    Kind.AMOUNT: _look_again,
    Kind.REFUND: _look_again,
    Kind.UNKNOWN_HERE: _adopt,
    Kind.MONEY: _look_at_money,
}
