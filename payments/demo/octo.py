"""The demo's venue in Tashkent that is paid in so'm by Octo."""

from collections.abc import Callable

from django.conf import settings

from accounts.models import User
from payments.models import PaymentSettings, Provider
from payments.venue_settings import services as venue_settings
from rooms.demo.people import STAFF
from rooms.models import Venue

VENUE = "techpark-yunusobod"
# Written past the service, which would hold the demo's payouts as after any change of a payee.
PAYEE = {
    "account_holder": "Techpark Yunusobod MChJ", "bank_account": "20208000900123456001", "bank_code": "00014",
}  # fmt: skip
CHANGES = {"provider": Provider.OCTO, "payout_minimum_minor": 10_000_000}


def choose_octo(people: dict[str, User], say: Callable[[str], None]) -> None:
    """Let the venue be paid by Octo, unless somebody has chosen otherwise; without a shop there it stays as it is."""
    venue = Venue.objects.filter(slug=VENUE).first()
    if venue is None or PaymentSettings.objects.filter(venue=venue).exists():
        return
    if not settings.OCTO_SHOP_ID:
        say(f"no shop at Octo: {venue.name} is paid by Stripe")
        return
    PaymentSettings.objects.create(venue=venue, **PAYEE)
    venue_settings.save(venue_id=venue.pk, changes=CHANGES, user=people[STAFF])
    say(f"{venue.name} is paid by Octo")
