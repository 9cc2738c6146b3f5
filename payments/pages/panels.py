"""What payments add to a booking's pages: see settings.BOOKING_PANELS."""

from typing import Any

from django.urls import reverse

from bookings.models import Booking
from bookings.panels import Panel
from bookings.phrases import guest as guest_phrases
from bookings.states import allows
from core.money import format_minor
from payments.credits import services as credits
from payments.ledger import positions
from payments.ledger import posting as ledger
from payments.lifecycle import selectors
from payments.manual import services as manual
from payments.models import Dispute, Payment, PaymentSettings
from payments.settling import manual_records
from payments.tracking import refund_display

TEMPLATES = {"guest": "payments/guest_panel.html", "host": "payments/host_panel.html"}


def next_url(booking: Booking) -> str:
    """Return where a guest who has to pay now goes on by a POST; empty for any other booking (no query)."""
    return reverse("payments:pay", args=[booking.reference]) if selectors.can_pay(booking) else ""


def earned_by_yes(booking: Booking) -> list[tuple[str, str]]:
    """Return what a host keeps of a booking once it is taken, for settings.BOOKING_EARNINGS; nothing of a free one."""
    if not booking.total_minor:
        return []
    parts = ledger.split(booking.total_minor, booking)
    less = [
        ("Tax", parts.tax_minor),
        (f"Platform fee, {booking.fee_percent.normalize():f} %", parts.fee_minor),
    ]
    rows = [(name, f"−{format_minor(amount, booking.currency)}") for name, amount in less if amount]
    has_own_fee = PaymentSettings.objects.filter(
        venue_id=booking.venue_id, processing_fee_bearer="host"
    ).exists()
    note = ", before the provider's own fee" if has_own_fee else ""
    return [*rows, (f"You receive{note}", format_minor(parts.venue_minor, booking.currency))]


def booking_panel(booking: Booking, viewer: str) -> Panel:
    """Return the money panel for a guest or a host; hosts see operations and ledger entries, too."""
    money = selectors.money_of(booking)
    context: dict[str, Any] = {
        "booking": booking,
        "money": money,
        "can_pay": selectors.can_pay(booking),
        "pay_url": reverse("payments:pay", args=[booking.reference]),
        "is_paying": bool(
            money.latest and money.latest.status == Payment.Status.CREATED and money.latest.session_ref
        ),
        "failure_message": selectors.failure_message(booking, money),
        "unavailable": selectors.can_pay(booking) and selectors.is_unavailable(money),
        "is_moving": selectors.is_moving(booking, money),
        "when_taken": guest_phrases.when_taken(booking),
    }
    returned = refund_display.refunds_of(money.payments)
    context |= _returned(booking, money, returned) | {
        "credits": _credits(booking) if viewer == "guest" else []
    }
    # Without money taken there is nothing to dispute.
    disputes = Dispute.objects.filter(payment__booking=booking).defer("evidence_pdf")
    context["disputes"] = list(disputes) if money.captured_minor else []
    told = [_told(dispute, money.currency) for dispute in context["disputes"]]
    context["dispute_notice"] = " ".join(filter(None, told))
    if viewer == "host":
        context |= _doors(booking, money)
        context["whereabouts"] = positions.where(booking)
    return Panel(
        name="payments",
        template=TEMPLATES[viewer],
        context=context,
        is_under_way=context["is_moving"],
        notice=context["dispute_notice"],
        json={
            "held_minor": money.held_minor,
            "captured_minor": money.captured_minor,
            "refunded_minor": money.refunded_minor,
            "currency": money.currency,
            "payments": selectors.payments_json(booking, money),
            "refunds": [refund_display.returned_json(one) for one in returned],
            "credits": [
                {name: credit[name] for name in ("amount_minor", "left_minor", "currency", "code")}
                for credit in context["credits"]
            ],
        },
    )


def _told(dispute: Dispute, currency: str) -> str:
    """Say to a guest what a chargeback means for money that would come back; nothing where it changes nothing."""
    amount = format_minor(dispute.amount_minor, currency)
    if dispute.status in (Dispute.Status.NEEDS_RESPONSE, Dispute.Status.UNDER_REVIEW):
        return (
            f"Your bank has asked for {amount} back. Until it has decided, nothing of this payment can be refunded: "
            "what is due to you comes after its decision."
        )
    if dispute.status == Dispute.Status.LOST:
        return f"Your bank has given you {amount} back. That part is not refunded a second time."
    return ""


def _returned(booking: Booking, money: selectors.Money, refunds: list[refund_display.Returned]) -> dict:
    """Return what the guest's panel says of money paid without a card, and of money that comes back."""
    return {
        "returned": [*refund_display.releases_of(money.payments), *refunds],
        "left_to_send": selectors.to_send_minor(booking, money),
        "to_pay_minor": manual_records.missing_minor(booking) if selectors.can_pay(booking) else 0,
        "credit_paid_minor": money.by_provider.get("credit", 0),
        "offline_paid_minor": money.by_provider.get("offline", 0),
        "credit_url": reverse("payments:credit", args=[booking.reference]),
    }


def _doors(booking: Booking, money: selectors.Money) -> dict[str, str]:
    """Return the addresses where money is given back or recorded by hand; empty where there is nothing to do.

    From the rows in hand: the pages themselves look closer, at disputes for one.
    """
    may_refund = allows("adjust", booking.status) and min(booking.due_minor, money.kept_minor) > 0
    is_missing = booking.due_minor > money.kept_minor + money.held_minor
    may_record = booking.status in manual.PAYABLE and is_missing
    return {
        "refund_url": reverse("admin:payments_refund_give", args=[booking.pk]) if may_refund else "",
        "record_url": reverse("admin:payments_offlinepayment_record", args=[booking.pk])
        if may_record
        else "",
    }


def _credits(booking: Booking) -> list[dict]:
    """Return the credits given for a booking, for the guest alone: their codes are money."""
    return [
        {
            "code": credit.code, "amount_minor": credit.amount_minor, "left_minor": credits.left_minor(credit),
            "currency": credit.currency, "expires_at": credit.expires_at,
        }
        for credit in credits.of_booking(booking)
    ]  # fmt: skip
