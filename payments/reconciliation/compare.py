"""Where our rows of a payment and the provider's account of it differ, and why that may be: values in and out.

Amounts are minor units; a `Difference` says it for people, once per kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.money import format_minor
from payments.models import Dispute, Drift, Payment, Refund
from payments.providers.base import ProviderPayment, State

Kind = Drift.Kind

# What the provider may say of a payment that has come so far here. A page that was left shows as still open there.
AGREES: dict[str, set[State]] = {
    Payment.Status.CREATED: {State.OPEN},
    Payment.Status.AUTHORIZED: {State.AUTHORIZED},
    Payment.Status.CAPTURED: {State.CAPTURED},
    Payment.Status.VOIDED: {State.VOIDED, State.FAILED},
    Payment.Status.FAILED: {State.FAILED, State.OPEN},
}
HAS_MONEY = (State.AUTHORIZED, State.CAPTURED)

MISSED = "No message of it arrived, or none could be processed."
DASHBOARD = "Made in the provider's dashboard."
ALTERED = "The row here was changed, or comes from an older copy: the provider's figure was never this."
OTHER_ACCOUNT = "Made at another account, or with other keys than the ones in use now."
OTHER_BOOKING = "Its note at the provider was changed: no money moves for it until somebody has looked."
FOREIGN = "It carries no booking of ours: made elsewhere with the same account."
NO_BOOKING = (
    "It names a booking that does not exist here, such as one lost with an older copy of the database."
)
LOST_ROW = "Its row is missing here, such as after an older copy of the database was put back."
BACKWARD = "Here it has come further than at the provider, which never happens by itself."


@dataclass(frozen=True)
class Difference:
    """One kind of difference, in words: what we say, what they say, and the likely cause.

    Of money `amount_minor` is what they have more than we, in minor units of `currency`.
    """

    kind: str
    ours: str
    theirs: str
    cause: str
    amount_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True)
class OurPayment:
    """A payment of ours with the rows that hang on it."""

    payment: Payment
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


def compare(mine: OurPayment, seen: ProviderPayment) -> list[Difference]:
    """Return what differs, at most one difference of each kind."""
    kinds = (
        (Kind.STATUS, [*_status(mine, seen), *_disputes(mine, seen)]),
        (Kind.AMOUNT, list(_amounts(mine.payment, seen))),
        (Kind.REFUND, list(_refunds(mine, seen))),
    )
    return [_joined(kind, found) for kind, found in kinds if found]


def unknown_here(seen: ProviderPayment, *, has_booking: bool) -> Difference:
    """Return the difference of a payment that only the provider knows."""
    cause = LOST_ROW if has_booking else NO_BOOKING if seen.reference else FOREIGN
    return Difference(Kind.UNKNOWN_HERE, "nothing", _in_words(seen), cause)


def unknown_there(payment: Payment) -> Difference:
    """Return the difference of a payment that only we know."""
    ours = f"{payment.get_status_display()}, {_money(payment.amount_minor, payment.currency)}"
    return Difference(Kind.UNKNOWN_THERE, ours, "nothing", OTHER_ACCOUNT)


def _joined(kind: str, found: list[Difference]) -> Difference:
    causes = list(dict.fromkeys(difference.cause for difference in found))
    return Difference(
        kind,
        "; ".join(difference.ours for difference in found),
        "; ".join(difference.theirs for difference in found),
        " ".join(causes),
    )


def _status(mine: OurPayment, seen: ProviderPayment) -> Iterator[Difference]:
    payment = mine.payment
    if seen.state in AGREES[payment.status]:
        return
    is_backward = payment.status == Payment.Status.CAPTURED or (
        payment.status != Payment.Status.CREATED and seen.state == State.OPEN
    )
    ours = payment.get_status_display()
    yield Difference(Kind.STATUS, ours, str(seen.state), BACKWARD if is_backward else MISSED)


def _disputes(mine: OurPayment, seen: ProviderPayment) -> Iterator[Difference]:
    known = {dispute.provider_ref: dispute.status for dispute in mine.disputes}
    for theirs in seen.disputes:
        ours = known.get(theirs.ref, "not known")
        if ours != theirs.status:
            yield Difference(Kind.STATUS, f"dispute {ours}", f"dispute {theirs.ref} {theirs.status}", MISSED)


def _amounts(payment: Payment, seen: ProviderPayment) -> Iterator[Difference]:
    if payment.booking.reference != seen.reference:
        ours, theirs = f"booking {payment.booking.reference}", f"booking {seen.reference[:24] or 'none'}"
        yield Difference(Kind.AMOUNT, ours, theirs, OTHER_BOOKING)
    if (payment.amount_minor, payment.currency) != (seen.amount_minor, seen.currency):
        ours = f"asked for {_money(payment.amount_minor, payment.currency)}"
        yield Difference(Kind.AMOUNT, ours, f"asked for {_money(seen.amount_minor, seen.currency)}", ALTERED)
        return
    is_held = (
        payment.status in (Payment.Status.AUTHORIZED, Payment.Status.CAPTURED) and seen.state in HAS_MONEY
    )
    is_taken = payment.status == Payment.Status.CAPTURED and seen.state == State.CAPTURED
    if is_held and payment.authorized_minor != seen.authorized_minor:
        yield _amount(payment, "held", payment.authorized_minor, seen.authorized_minor)
    if is_taken and payment.captured_minor != seen.captured_minor:
        yield _amount(payment, "taken", payment.captured_minor, seen.captured_minor)
    if is_taken and seen.fee_minor is not None and payment.provider_fee_minor != seen.fee_minor:
        fee = payment.provider_fee_minor
        ours = "fee not known" if fee is None else f"fee {_money(fee, payment.currency)}"
        cause = MISSED if fee is None else ALTERED
        yield Difference(Kind.AMOUNT, ours, f"fee {_money(seen.fee_minor, payment.currency)}", cause)


def _amount(payment: Payment, word: str, ours_minor: int, theirs_minor: int) -> Difference:
    ours, theirs = (f"{word} {_money(amount, payment.currency)}" for amount in (ours_minor, theirs_minor))
    return Difference(Kind.AMOUNT, ours, theirs, ALTERED)


def _refunds(mine: OurPayment, seen: ProviderPayment) -> Iterator[Difference]:
    """Compare what went back by the provider; what was paid back by hand or as a credit it cannot know."""
    known = {
        refund.provider_ref: refund for refund in mine.refunds if refund.channel == Refund.Channel.PROVIDER
    }
    shown = {theirs.ref for theirs in seen.refunds}
    currency = mine.payment.currency
    for theirs in seen.refunds:
        told = f"{theirs.ref} {_money(theirs.amount_minor, currency)} {theirs.status}"
        ours = known.get(theirs.ref)
        if ours is None:
            yield Difference(Kind.REFUND, "no such refund", told, MISSED if theirs.key else DASHBOARD)
        elif (ours.amount_minor, ours.status) != (theirs.amount_minor, theirs.status):
            cause = MISSED if ours.amount_minor == theirs.amount_minor else ALTERED
            yield Difference(Kind.REFUND, f"{_money(ours.amount_minor, currency)} {ours.status}", told, cause)
    for ref in sorted(known.keys() - shown):
        told = f"{ref} {_money(known[ref].amount_minor, currency)} {known[ref].status}"
        yield Difference(Kind.REFUND, told, "no such refund", OTHER_ACCOUNT)


def _in_words(seen: ProviderPayment) -> str:
    taken = seen.captured_minor or seen.authorized_minor or seen.amount_minor
    booking = f", booking {seen.reference[:24]}" if seen.reference else ""
    return f"{seen.state}, {_money(taken, seen.currency)}{booking}"


def _money(amount_minor: int, currency: str) -> str:
    return format_minor(amount_minor, currency)
