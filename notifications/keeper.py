"""What notifications hold about a person: mails to them."""

from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.people import Keeper, Person, rows_of
from bookings.keeper import bookings_of
from core.security.scrub import scrub
from notifications.models import Delivery


def deliveries_of(person: Person) -> QuerySet[Delivery]:
    """Return the mails to the person, about whatever booking."""
    mine = Q()
    for email in person.emails:
        mine |= Q(recipient__iexact=email)
    return Delivery.objects.filter(mine, channel=Delivery.Channel.EMAIL)


class DeliveryKeeper(Keeper):
    def export(self, person: Person) -> dict[str, Any]:
        return {"mails": rows_of(deliveries_of(person))}

    def erase(self, person: Person, pattern: Any) -> None:
        mine = Delivery.objects.filter(pk__in=list(deliveries_of(person).values_list("pk", flat=True)))
        mine.filter(state=Delivery.State.QUEUED).update(state=Delivery.State.SKIPPED)
        # One a row: a recipient hears of an event once.
        mine.update(recipient=Concat(Value("erased-"), Cast(F("pk"), CharField()), Value("@erased.invalid")))
        scrub(mine, pattern)
        scrub(Delivery.objects.filter(event__booking__in=bookings_of(person)), pattern)
