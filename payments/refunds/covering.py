"""Whether a venue can cover a credit for money that its own shop has: the platform never had any of it."""

from core.mode import site_is_live
from core.money import format_minor
from payments.models import Payment
from payments.payouts.balance import balance_of
from rooms.models import Venue


def cannot_cover(payment: Payment, amount_minor: int) -> str:
    """Return why a credit of a payment cannot be given, or nothing. Minor units; `payment` is locked.

    The credit lowers what the venue is paid next, so that much must be due to it. Locks the venue, as a payout does,
    so that two credits, or a credit and a payout, cannot count on the same money.
    """
    if payment.account_id is None:
        return ""
    venue = Venue.objects.select_for_update(no_key=True).get(pk=payment.booking.venue_id)
    due = sum(one.available_minor for one in balance_of(venue) if one.currency == payment.currency)
    due = max(due, 0) if payment.is_live == site_is_live() else 0
    if amount_minor <= due:
        return ""
    most = f"only {format_minor(due, payment.currency)}" if due else "nothing"
    where = f"This money is at the venue's own shop, and {most} is due to the venue here to cover a credit"
    return f"{where}: refund it instead."
