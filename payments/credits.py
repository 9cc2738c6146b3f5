"""Credits: given instead of refunds, spent on later bookings, never more than is left. Integers in minor units."""

import secrets

import structlog
from django.db import transaction
from django.db.models import QuerySet, Sum

from bookings import services as bookings
from bookings.actors import Actor
from bookings.errors import BookingError, InvalidTransition
from bookings.models import REFERENCE_ALPHABET, Booking
from core import clock
from core.mode import site_is_live
from payments import ledger, paid
from payments.models import Credit, CreditUse, Payment, Provider, Refund

log = structlog.get_logger(__name__)

# 4 x 4 of 28 signs: 76 bits, which nobody guesses at a few tries a minute.
CODE_GROUPS, GROUP_LENGTH = 4, 4


class CreditRefused(BookingError):
    """A code that is unknown, used up, over, or of another currency."""

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
    amount = min(left_minor(credit), paid.missing_minor(booking))
    if amount <= 0:
        raise CreditRefused("Nothing is left of this credit.")
    payment = paid.record(booking, provider=Provider.CREDIT, amount_minor=amount, is_live=credit.is_live)
    spent = CreditUse.objects.create(credit=credit, booking=booking, payment=payment, amount_minor=amount)
    ledger.post_credit_used(spent)
    data = {"credit": credit.pk, "amount_minor": amount, "currency": booking.currency}
    bookings.announce(
        booking_id=booking_id, notice="credit_used", actor=actor, data=data | {"payment": payment.n}
    )
    log.info("credit_used", booking=booking.reference, credit=credit.pk, amount_minor=amount)
    paid.confirm_if_paid(booking_id)
    return payment


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
