"""What payments add to a booking's pages: see settings.BOOKING_PANELS."""

from django.urls import reverse

from bookings.models import Booking
from bookings.panels import Panel
from payments import selectors
from payments.models import LedgerEntry

TEMPLATES = {"guest": "payments/guest_panel.html", "host": "payments/host_panel.html"}


def booking_panel(booking: Booking, viewer: str) -> Panel:
    """Return the money panel for a guest or a host; hosts see operations and ledger entries, too."""
    money = selectors.money_of(booking)
    context = {
        "booking": booking,
        "money": money,
        "can_pay": selectors.can_pay(booking),
        "pay_url": reverse("payments:pay", args=[booking.reference]),
        "is_paying": bool(money.latest and money.latest.status == "CREATED" and money.latest.session_ref),
        "failure_message": selectors.failure_message(booking, money),
        "unavailable": selectors.can_pay(booking) and selectors.is_unavailable(money),
        "is_moving": selectors.is_moving(booking, money),
    }
    if viewer == "host":
        context["entries"] = LedgerEntry.objects.filter(transaction__booking=booking).select_related(
            "transaction"
        )
    return Panel(
        name="payments",
        template=TEMPLATES[viewer],
        context=context,
        next_url=context["pay_url"] if context["can_pay"] else "",
        is_under_way=context["is_moving"],
        json={
            "held_minor": money.held_minor,
            "captured_minor": money.captured_minor,
            "refunded_minor": money.refunded_minor,
            "currency": money.currency,
            "payments": selectors.payments_json(booking, money),
        },
    )
