"""What a guest has been given back of a payment, over every channel: by the provider, as credits, by hand, and by
their bank. Integers in minor units of the payment's currency.
"""

from dataclasses import dataclass

from django.db.models import Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable

from bookings.models import Booking
from core.money import format_minor
from payments.models import CreditUse, Dispute, Drift, Payment, Refund

Channel = Refund.Channel
HOW = {Channel.PROVIDER: "the way it was paid", Channel.CREDIT: "as a credit", Channel.HAND: "by hand"}
# A bank that keeps what it took has given it to the guest; one that still asks may do so.
CLAIMS = (*Dispute.OPEN, Dispute.Status.LOST)
ENDED = CreditUse.objects.filter(credit__refund__payment=OuterRef("pk"), is_taken_back=True)
CLAIMED = Dispute.objects.filter(payment=OuterRef("pk"), status__in=CLAIMS)


def _total(rows: QuerySet[Model], owner: str) -> Combinable:
    return Subquery(rows.order_by().values(owner).annotate(total=Sum("amount_minor")).values("total"))


# By channel, then what ended of the credits, then what banks claim.
SUMS = {
    f"by_{channel}": Sum(
        "refunds__amount_minor",
        filter=Q(refunds__channel=channel) & ~Q(refunds__status=Refund.Status.FAILED),
    )
    for channel in HOW
} | {"ended": _total(ENDED, "credit__refund__payment"), "claimed": _total(CLAIMED, "payment")}


@dataclass(frozen=True)
class Given:
    """What went back of a payment: by our own refunds, and what a bank claims or keeps of it."""

    by_channel: dict[str, int]
    claimed_minor: int
    captured_minor: int

    @property
    def ours_minor(self) -> int:
        return sum(self.by_channel.values())

    @property
    def twice_minor(self) -> int:
        """How much more the guest has, or gets if the open cases are lost, than was taken."""
        return max(self.ours_minor + self.claimed_minor - self.captured_minor, 0)


def of(payment: Payment) -> Given:
    """Return what has been given back of a payment. One query."""
    row = Payment.objects.filter(pk=payment.pk).annotate(**SUMS).values_list(*SUMS).get()
    *by_channel, ended, claimed = (sum_ or 0 for sum_ in row)
    made = dict(zip(HOW, by_channel, strict=True))
    made[Channel.CREDIT] -= ended
    return Given({name.value: sum_ for name, sum_ in made.items() if sum_}, claimed, payment.captured_minor)


def in_words(by_channel: dict[str, int], currency: str) -> str:
    """Write what was given back by us: `€200.00 as a credit and €20.00 by hand`; empty for nothing."""
    parts = [
        f"{format_minor(minor, currency)} {HOW[name]}" for name in HOW if (minor := by_channel.get(name, 0))
    ]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def flag_twice(payment: Payment, booking: Booking, *, cause: str) -> int:
    """Keep for staff, once while it is open, what a guest has twice; returns how much that is.

    Expects the booking's lock.
    """
    seen = of(payment)
    if seen.twice_minor:
        about: dict[str, object] = {
            "booking": booking, "payment": payment, "cause": cause[:255],
            "ours": f"{in_words(seen.by_channel, payment.currency)} given back"[:200],
            "theirs": f"{format_minor(seen.twice_minor, payment.currency)} more than was taken"[:200],
        }  # fmt: skip
        Drift.objects.update_or_create(
            provider=payment.provider, provider_ref=payment.provider_ref, kind=Drift.Kind.TWICE,
            state=Drift.State.OPEN, defaults=about,
        )  # fmt: skip
    return seen.twice_minor
