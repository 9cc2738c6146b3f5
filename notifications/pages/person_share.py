"""What was mailed to a person, on their page for staff; see settings.PERSON_PANELS."""

from django.urls import reverse
from django.utils.http import urlencode

from accounts.admin.person_page import MOST_ROWS, Row, Share, share
from accounts.people import Person
from core import dates
from notifications.models import Delivery


def mails_share(person: Person) -> Share:
    """The newest mails to any address of the person, about their own bookings or those of a venue (one query)."""
    rows = Delivery.objects.filter(channel=Delivery.Channel.EMAIL, recipient__in=person.emails)
    found = [_row(one) for one in rows.select_related("event__booking").order_by("-pk")[: MOST_ROWS + 1]]
    more = f"{reverse('admin:notifications_delivery_changelist')}?{urlencode({'q': person.account.email})}"
    return share("Mails", found, more_url=more, empty="Nothing mailed yet.")


def _row(delivery: Delivery) -> Row:
    return Row(
        reverse("admin:notifications_delivery_change", args=[delivery.pk]),
        delivery.message.replace("_", " ").capitalize(),
        f"{delivery.event.booking.reference}, {dates.staff_moment_in_zone(delivery.created_at)}",
        delivery.get_state_display(),
    )
