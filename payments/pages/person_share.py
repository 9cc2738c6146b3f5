"""A person's payments on their page for staff; see settings.PERSON_PANELS."""

from django.urls import reverse
from django.utils.http import urlencode

from accounts.admin.person_page import MOST_ROWS, Row, Share, share
from accounts.people import Person
from bookings.keeper import bookings_of
from core import dates
from core.money import format_minor
from payments.models import Payment


def payments_share(person: Person) -> Share:
    """The newest payments of the person's bookings (one query)."""
    rows = Payment.objects.filter(booking__in=bookings_of(person)).select_related("booking")
    found = [_row(payment) for payment in rows.order_by("-created_at", "-pk")[: MOST_ROWS + 1]]
    more = f"{reverse('admin:payments_payment_changelist')}?{urlencode({'q': person.account.email})}"
    return share("Payments", found, more_url=more, empty="Nothing paid yet.")


def _row(payment: Payment) -> Row:
    card = f", {payment.card_brand} {payment.card_last4}".rstrip() if payment.card_last4 else ""
    return Row(
        reverse("admin:payments_payment_change", args=[payment.pk]),
        f"{payment.get_status_display()}, {payment.get_provider_display()}{card}",
        f"{payment.booking.reference}, {dates.staff_moment_in_zone(payment.created_at)}",
        format_minor(payment.amount_minor, payment.currency),
    )
