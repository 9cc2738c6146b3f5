"""What payments hold about a person: what was told to providers and by them, answers to disputes, credits."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet

from accounts.people import Blocker, Keeper, Person, rows_of
from bookings.keeper import bookings_of
from bookings.models import Booking
from core import clock
from core.security.scrub import pattern_of, scrub
from payments.credits.services import left_minor
from payments.models import (
    Credit,
    CreditUse,
    Dispute,
    OfflinePayment,
    PayeeChange,
    Payment,
    PaymentOperation,
    PaymentSettings,
    Provider,
    Refund,
    Settlement,
    WebhookEvent,
)
from rooms.keeper import worked_at
from rooms.models import Venue

# Banks show a refund within ten days; an answer of a bank to a dispute takes up to about 75.
REFUND_TAKES, DISPUTE_TAKES = dt.timedelta(days=10), dt.timedelta(days=75)
HELD = (Payment.Status.CREATED, Payment.Status.AUTHORIZED)
# Recorded, never held.
BY_HAND = (Provider.OFFLINE, Provider.CREDIT)


class PaymentKeeper(Keeper):
    def export(self, person: Person) -> dict[str, Any]:
        of = _rows(bookings_of(person))
        return {
            "payments": rows_of(of["payments"], "client_secret", "session_url"),
            "refunds": rows_of(of["refunds"]),
            "disputes": rows_of(of["disputes"]),
            "credits": rows_of(_credits(person)),
            "told_to_providers": rows_of(of["operations"]),
            "told_by_providers": rows_of(of["webhooks"]),
            "payee_changes": rows_of(PayeeChange.objects.filter(changed_by=person.user))
            if person.user
            else [],
        }

    def blockers(self, person: Person) -> list[Blocker]:
        of, today = _rows(bookings_of(person)), clock.now()
        found = []
        for payment in of["payments"].filter(status__in=HELD).exclude(provider__in=BY_HAND):
            until = payment.capture_before or payment.session_expires_at or today
            found.append(Blocker(f"Payment {payment} is under way or held", max(until, today).date()))
        waiting = Q(status=Refund.Status.PENDING) | Q(status=Refund.Status.FAILED, solved_at=None)
        for refund in of["refunds"].filter(waiting):
            until = max(refund.created_at + REFUND_TAKES, today).date()
            found.append(Blocker(f"Refund {refund} is on its way", until))
        for dispute in of["disputes"].filter(status__in=Dispute.OPEN):
            until = max((dispute.due_by or dispute.opened_at) + DISPUTE_TAKES, today).date()
            found.append(Blocker(f"Dispute {dispute.provider_ref} is open", until))
        if of["settlements"].filter(due_at__isnull=False).exists():
            found.append(Blocker("Money is being settled", today.date() + dt.timedelta(days=1)))
        for credit in _credits(person):
            if left_minor(credit) and (credit.expires_at is None or credit.expires_at > today):
                until = credit.expires_at and credit.expires_at.date()
                found.append(Blocker("A credit is not spent", until))
        for venue in _paid_to(person):
            found.append(
                Blocker(f"{venue} is paid to this person's account: its owner names another one first")
            )
        return found

    def erase(self, person: Person, pattern: Any) -> None:
        ids = list(bookings_of(person).values_list("pk", flat=True))
        of = _rows(Booking.objects.filter(pk__in=ids))
        of["disputes"].update(evidence_pdf=None)
        credits = list(_credits(person).values_list("pk", flat=True))
        uses = CreditUse.objects.filter(Q(booking__in=ids) | Q(credit__in=credits))
        for rows in (*of.values(), Credit.objects.filter(pk__in=credits), uses, _webhooks_naming(person)):
            scrub(rows, pattern)
        for pk in credits:
            Credit.objects.filter(pk=pk).update(guest_email=f"erased-credit-{pk}@erased.invalid")


def _rows(bookings: QuerySet[Booking]) -> dict[str, QuerySet]:
    mine = {"payment__booking__in": bookings}
    return {
        "payments": Payment.objects.filter(booking__in=bookings),
        "operations": PaymentOperation.objects.filter(**mine),
        "refunds": Refund.objects.filter(**mine),
        "disputes": Dispute.objects.filter(**mine),
        "webhooks": WebhookEvent.objects.filter(**mine),
        "offline": OfflinePayment.objects.filter(**mine),
        "settlements": Settlement.objects.filter(booking__in=bookings),
    }


def _paid_to(person: Person) -> list[Venue]:
    """Return the venues whose account is in the person's name, of those they ever worked at: a namesake is none."""
    if person.user is None:
        return []
    pattern = pattern_of(person.words)
    rows = PaymentSettings.objects.filter(venue__in=worked_at(person.user)).select_related("venue")
    return [row.venue for row in rows.order_by("venue_id") if pattern.search(row.account_holder)]


def _credits(person: Person) -> QuerySet[Credit]:
    mine = Q(booking__in=bookings_of(person))
    for email in person.emails:
        mine |= Q(guest_email__iexact=email)
    return Credit.objects.filter(mine)


def _webhooks_naming(person: Person) -> QuerySet[WebhookEvent]:
    """Return messages that hold one of the person's addresses, whatever payment they were about."""
    named = Q()
    for email in person.emails:
        named |= Q(payload__icontains=email)
    return WebhookEvent.objects.filter(named)
