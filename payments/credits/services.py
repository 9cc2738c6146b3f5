"""Credits: given instead of refunds, spent on later bookings, never more than is left. Integers in minor units."""

import secrets
from typing import TYPE_CHECKING, TypedDict

import structlog
from django.db import transaction
from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from bookings.actors import Actor
from bookings.errors import BookingError, InvalidTransition
from bookings.lifecycle import services as bookings
from bookings.models import REFERENCE_ALPHABET, Booking
from core import clock
from core.mode import site_is_live
from payments.ledger import given_back
from payments.ledger import posting as ledger
from payments.models import Credit, CreditUse, Dispute, Payment, Provider, Refund
from payments.providers import limits
from payments.settling import manual_records

log = structlog.get_logger(__name__)

# 4 x 4 of 28 signs: 76 bits, which nobody guesses at a few tries a minute.
CODE_GROUPS, GROUP_LENGTH = 4, 4


IN_CASE = (
    "Your bank is asking for the money back that this credit was given for. It can be used again once the bank has "
    "decided for the venue."
)
ENDED = "Your bank has given you the money back that this credit was for: it cannot be used any more."


LEAVES_TOO_LITTLE = (
    "This credit covers a part only, and would leave less than can be paid online. Please pay without it."
)


class CreditRefused(BookingError):
    """A code that is unknown, used up, over, of another currency, or of a payment the guest's bank claims."""

    code = "credit_refused"


def new_code() -> str:
    """Return a code such as `7KQ2-M9XC-PRTV-4B6Z`."""
    groups = (
        "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(CODE_GROUPS)
    )
    return "-".join(groups)


def normalized(code: str) -> str:
    """Return a code as it is stored, however it was typed."""
    signs = "".join(sign for sign in code.upper() if sign.isalnum())
    return "-".join(signs[n : n + GROUP_LENGTH] for n in range(0, len(signs), GROUP_LENGTH))


def give(booking: Booking, refund: Refund, *, actor: Actor, reason: str) -> Credit:
    """Give a booking's guest a credit of a refund's amount, book it and announce it. Expects the booking's lock."""
    credit = Credit.objects.create(
        code=new_code(), booking=booking, refund=refund, guest_email=booking.guest_email,
        currency=booking.currency, amount_minor=refund.amount_minor, reason=reason[:255], given_by=actor.user,
        is_live=refund.payment.is_live,
    )  # fmt: skip
    kept = ledger.kept_minor(booking, credit.is_live)
    ledger.post_credit_given(credit, booking, kept_before_minor=kept)
    # The event names the credit; its code, which is money, stands in the mail alone.
    data = {"credit": credit.pk, "amount_minor": credit.amount_minor, "currency": credit.currency}
    bookings.announce(booking_id=booking.pk, notice="credit_given", actor=actor, reason=reason, data=data)
    log.info("credit_given", booking=booking.reference, credit=credit.pk, amount_minor=credit.amount_minor)
    return credit


def left_minor(credit: Credit) -> int:
    """Return what is left of a credit: its sum less its uses, plus what came back from them."""
    used = credit.uses.aggregate(total=Sum("amount_minor", default=0))["total"]
    returned = Refund.objects.filter(
        payment__credit_use__credit=credit, channel=Refund.Channel.CREDIT, status=Refund.Status.SUCCEEDED
    )
    return credit.amount_minor - used + returned.aggregate(total=Sum("amount_minor", default=0))["total"]


if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class Left(TypedDict):
        left_now: int

    Counted = WithAnnotations[Credit, Left]


def with_left(rows: QuerySet[Credit]) -> "QuerySet[Counted]":
    """Return credits that know in `left_now` what `left_minor` tells of one: for lists, without a query a row."""
    used = CreditUse.objects.filter(credit=OuterRef("pk")).order_by().values("credit")
    returned = Refund.objects.filter(
        payment__credit_use__credit=OuterRef("pk"), channel=Refund.Channel.CREDIT,
        status=Refund.Status.SUCCEEDED,
    ).order_by().values("payment__credit_use__credit")  # fmt: skip
    total = Sum("amount_minor")
    less, more = (
        Coalesce(
            Subquery(found.annotate(total=total).values("total")), Value(0), output_field=BigIntegerField()
        )
        for found in (used, returned)
    )
    return rows.annotate(left_now=F("amount_minor") - less + more)


def spendable_minor(credit: Credit) -> int:
    """Return what may be spent of a credit now: nothing while a bank's case is open, nothing the guest has twice."""
    left = left_minor(credit)
    if not left or has_case(credit):
        return 0
    twice = given_back.of(credit.refund.payment).twice_minor if credit.refund else 0
    return max(left - twice, 0)


def has_case(credit: Credit) -> bool:
    """Return whether the guest's bank is deciding about the payment a credit was given for."""
    return Dispute.objects.filter(payment__refunds__credit=credit, status__in=Dispute.OPEN).exists()


def take_back(payment: Payment, booking: Booking, most_minor: int, *, actor: Actor, reason: str) -> int:
    """End up to `most_minor` of what is unspent of a payment's credits, since the guest has that money already.

    Returns how much it was. Expects the locks of booking and payment.
    """
    taken = 0
    rows = Credit.objects.select_for_update(no_key=True, of=("self",)).filter(refund__payment=payment)
    for credit in rows.select_related("refund__payment").order_by("pk"):
        part = min(left_minor(credit), most_minor - taken)
        if part > 0:
            taken += part
            _take_back_one(credit, booking, part, actor=actor, reason=reason)
    return taken


def _take_back_one(credit: Credit, booking: Booking, amount_minor: int, *, actor: Actor, reason: str) -> None:
    use = CreditUse.objects.create(
        credit=credit, amount_minor=amount_minor, is_taken_back=True, note=reason[:255]
    )
    ledger.post_credit_taken_back(use, booking, kept_before_minor=ledger.kept_minor(booking, credit.is_live))
    data = {"credit": credit.pk, "amount_minor": amount_minor, "currency": credit.currency}
    bookings.announce(booking_id=booking.pk, notice="credit_ended", actor=actor, reason=reason, data=data)
    log.info("credit_ended", booking=booking.reference, credit=credit.pk, amount_minor=amount_minor)


def of_booking(booking: Booking) -> QuerySet[Credit]:
    """Return the credits given for a booking, the latest first."""
    return Credit.objects.filter(booking=booking).order_by("-pk")


@transaction.atomic
def use(*, booking_id: int, code: str, actor: Actor) -> Payment:
    """Pay a booking with a credit: as much as is left of it and missing of the price, taken at once.

    The same code again once it paid all it could is refused like a used-up one; the rest is paid online. Expects
    that no pay page is open. Raises: CreditRefused, InvalidTransition.
    """
    booking = bookings.lock(booking_id)
    if not booking.awaits_payment(clock.now()):
        raise InvalidTransition("pay", booking.status)
    if booking.payments.filter(status=Payment.Status.CREATED).exists():
        raise CreditRefused("Your payment page is still open: finish there, or try again in a moment.")
    credit = _lock_credit(code, booking)
    amount = limits.part_by_credit(booking, _spendable(credit), manual_records.missing_minor(booking))
    if amount <= 0:
        raise CreditRefused(LEAVES_TOO_LITTLE)
    payment = manual_records.record(
        booking, provider=Provider.CREDIT, amount_minor=amount, is_live=credit.is_live
    )
    spent = CreditUse.objects.create(credit=credit, booking=booking, payment=payment, amount_minor=amount)
    ledger.post_credit_used(spent)
    data = {"credit": credit.pk, "amount_minor": amount, "currency": booking.currency}
    bookings.announce(
        booking_id=booking_id, notice="credit_used", actor=actor, data=data | {"payment": payment.n}
    )
    log.info("credit_used", booking=booking.reference, credit=credit.pk, amount_minor=amount)
    manual_records.confirm_if_paid(booking_id)
    return payment


def _spendable(credit: Credit) -> int:
    """Return what may be spent of a locked credit. Raises: CreditRefused where that is nothing."""
    if spendable := spendable_minor(credit):
        return spendable
    if has_case(credit):
        raise CreditRefused(IN_CASE)
    is_ended = left_minor(credit) > 0 or credit.uses.filter(is_taken_back=True).exists()
    raise CreditRefused(ENDED if is_ended else "Nothing is left of this credit.")


def _lock_credit(code: str, booking: Booking) -> Credit:
    """Lock a credit after its booking, so that its uses queue. Raises: CreditRefused."""
    credit = Credit.objects.select_for_update(no_key=True).filter(code=normalized(code)).first()
    if credit is None:
        raise CreditRefused("There is no credit with this code.")
    if credit.expires_at and credit.expires_at <= clock.now():
        raise CreditRefused("This credit is no longer valid.")
    if credit.is_live != site_is_live():
        raise CreditRefused("This credit was given for test money, which cannot be spent here.")
    if credit.currency != booking.currency:
        raise CreditRefused(f"This credit is in {credit.currency}; this booking costs {booking.currency}.")
    return credit
