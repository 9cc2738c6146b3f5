"""Two venues with a row in every model of the admin each: one's own, and a stranger's whose texts are canaries."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Model

from accounts.models import ApiToken, User
from bookings.lifecycle import services as bookings
from bookings.models import Booking, BulkCancellation, EventReceipt
from core import clock
from notifications.models import Delivery
from payments.models import (
    Credit,
    Dispute,
    Drift,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerTransaction,
    OfflinePayment,
    Payment,
    PaymentOperation,
    PaymentSettings,
    Payout,
    PayoutFile,
    PayoutLine,
    PayoutRun,
    PayoutSkip,
    ReconciliationRun,
    Refund,
    Settlement,
    VenuePayments,
    WebhookEvent,
)
from rooms.models import (
    Blackout,
    CancellationPolicy,
    Closing,
    Invitation,
    Occupancy,
    Room,
    Session,
    Venue,
    VenueIdentity,
    VenueNotice,
)
from tests.support import factories

# Marks of one's own venue, and of the stranger's: no page may ever show the canary.
OWN, CANARY = "XOWNX", "XCANARYX"


@dataclass
class Side:
    """One venue and its rows by model; `mark` is part of every text."""

    mark: str
    rows: dict[type[Model], Model] = field(default_factory=dict)

    def __getitem__(self, model: type[Model]):
        return self.rows[model]


def build(mark: str) -> Side:
    """Make a venue with one row in every model that the admin lists."""
    side = Side(mark)
    slug = mark.lower()
    venue = factories.venue(
        name=f"{mark} house", slug=f"{slug}-house", city=mark, email=f"{slug}@example.org"
    )
    policy = factories.policy(venue=venue, name=f"{mark} policy")
    room = factories.room(venue=venue, name=f"{mark} room", slug=f"{slug}-room", policy=policy)
    factories.photo(room=room, alt=f"{mark} photo")
    factories.opening_hours(room=room)
    factories.price_rule(room=room, name=f"{mark} rule", price_minor=5_000)
    start = clock.now() + dt.timedelta(days=90)
    day = start.date()
    closing = Closing.objects.create(
        venue=venue, is_whole_venue=True, first_date=day, last_date=day, years=2, note=f"{mark} closed"
    )
    blackout = Blackout.objects.create(
        room=room, closing=closing, kind=Occupancy.Kind.BLACKOUT, note=f"{mark} closed",
        period=DateTimeTZRange(start, start + dt.timedelta(days=2)),
    )  # fmt: skip
    user = factories.host(venue=venue, email=f"owner-{slug}@example.org", name=f"{mark} owner")
    booking = request_of(room, guest=factories.guest_details(name=f"{mark} guest"), message=f"{mark} message")
    side.rows = {
        Venue: venue, CancellationPolicy: policy, Room: room, Blackout: blackout, User: user, Booking: booking,
        ApiToken: ApiToken.issue(user=user, name=f"{mark} token")[0],
        EventReceipt: EventReceipt.objects.filter(event__booking=booking).first(),
        VenueNotice: VenueNotice.objects.create(
            venue=venue, kind="approved", recipient=f"{slug}-head@example.org", subject=f"{mark} is approved",
            paragraphs=[f"{mark} sells from now on."], because="test", action="See", link="https://example.org",
        ),
        Delivery: Delivery.objects.create(
            event=booking.events.first(), channel="email", recipient=f"{slug}-to@example.org", message="received"
        ),
    }  # fmt: skip
    VenueIdentity.objects.create(
        venue=venue, kind="company", legal_name=f"{mark} Ltd", registration_number=mark, legal_address=f"{mark} house",
        person_name=f"{mark} owner",
    )  # fmt: skip
    Invitation.objects.create(
        venue=venue, email=f"{slug}-invited@example.org", role="clerk", digest=slug, invited_by=user,
        expires_at=start,
    )  # fmt: skip
    side.rows |= _money(booking, mark) | _sessions(room, user, mark)
    side.rows |= _payouts(booking, mark)
    side.rows[VenuePayments] = VenuePayments.objects.get(pk=venue.pk)
    return side


def _sessions(room: Room, user: User, mark: str) -> dict[type[Model], Model]:
    session = factories.session(room=room, title=f"{mark} session")
    bulk = BulkCancellation.objects.create(
        venue=room.venue, room=room, starts_at=session.starts_at, ends_at=session.ends_at,
        reason=f"{mark} reason", actor_kind="host", actor=user,
    )  # fmt: skip
    return {Session: session, BulkCancellation: bulk}


def request_of(room: Room, *, days_ahead: int = 10, nights: int = 2, **fields) -> Booking:
    """A booking whose money is held and whose host has not answered."""
    booking = factories.booking(room=room, days_ahead=days_ahead, nights=nights, **fields)
    return bookings.authorize(booking_id=booking.pk, held_until=clock.now() + dt.timedelta(days=7))


def payment_of(booking: Booking, mark: str = "pi", **fields) -> Payment:
    total = booking.total_minor
    defaults = {
        "booking": booking, "provider": "stripe", "n": 1, "status": "AUTHORIZED", "is_two_stage": True,
        "currency": booking.currency, "amount_minor": total, "authorized_minor": total,
        "provider_ref": f"pi_{mark}", "session_ref": f"cs_{mark}",
    }  # fmt: skip
    return Payment.objects.create(**{**defaults, **fields})


def _money(booking: Booking, mark: str) -> dict[type[Model], Model]:
    payment = payment_of(booking, mark)
    movement = LedgerTransaction.objects.create(
        key=f"authorize:{mark}", kind="authorize", booking=booking, payment=payment, currency=booking.currency
    )
    for account, amount in (("hold", booking.total_minor), ("guest", -booking.total_minor)):
        LedgerEntry.objects.create(
            transaction=movement,
            account=account,
            venue=booking.venue,
            currency=booking.currency,
            amount_minor=amount,
        )
    operation = PaymentOperation.objects.create(
        payment=payment, kind="checkout", key=f"{mark}-checkout-1", state="done", lease_until=clock.now()
    )
    payload = {
        "id": f"evt_{mark}",
        "data": {"object": {"customer_details": {"email": f"{mark}@example.org"}}},
    }
    return {
        Payment: payment, LedgerTransaction: movement, PaymentOperation: operation,
        Refund: Refund.objects.create(payment=payment, provider_ref=f"re_{mark}", amount_minor=100),
        Credit: Credit.objects.create(
            code=f"CODE-{mark}"[:20], booking=booking, guest_email=f"{mark}@example.org", currency="EUR",
            amount_minor=100, reason=f"{mark} reason",
        ),
        OfflinePayment: OfflinePayment.objects.create(
            payment=payment, method="cash", reference=f"{mark} receipt", received_date=clock.now().date(),
            recorded_by=factories.staff(),
        ),
        Settlement: Settlement.objects.create(booking=booking),
        Dispute: Dispute.objects.create(
            payment=payment, provider_ref=f"du_{mark}", status="needs_response", reason="fraudulent",
            amount_minor=100, evidence={"uncategorized_text": f"{mark} answer"},
        ),
        Drift: Drift.objects.create(
            provider="stripe", provider_ref=f"pi_{mark}", kind="amount", payment=payment, booking=booking,
            ours=f"{mark} ours", theirs=f"{mark} theirs", cause=f"{mark} cause",
        ),
        ReconciliationRun: ReconciliationRun.objects.create(
            provider="stripe", since=clock.now() - dt.timedelta(days=1), until=clock.now(), error=f"{mark} error"
        ),
        WebhookEvent: WebhookEvent.objects.create(
            provider="stripe", event_id=f"evt_{mark}", type="payment_intent.created", payload=payload, payment=payment
        ),
    }  # fmt: skip


def _payouts(booking: Booking, mark: str) -> dict[type[Model], Model]:
    venue, now = booking.venue, clock.now()
    run = PayoutRun.objects.create(cutoff_at=now, finished_at=now)
    PayoutSkip.objects.create(run=run, venue=venue, currency="USD", amount_minor=100, reason="no_details")
    PaymentSettings.objects.update_or_create(
        venue=venue,
        defaults={
            "account_holder": f"{mark} holder", "bank_account": "FR1420041010050500013M02606",
            "bank_code": "PSSTFRPPXXX",
        },
    )  # fmt: skip
    payout = Payout.objects.create(
        run=run, venue=venue, currency=venue.currency, amount_minor=100, method="bank", key=f"payout-{mark}",
        destination="0123", provider_ref=f"RH-{mark}", error=f"{mark} error", note=f"{mark} note",
    )  # fmt: skip
    PayoutLine.objects.create(payout=payout, booking=booking, amount_minor=100)
    PayoutFile.objects.create(
        message_id=payout.provider_ref, name=f"RH-{mark}.csv", content_type="text/csv", content=mark, count=1
    )
    checkpoint = LedgerCheckpoint.objects.create(
        venue=venue, account="venue", currency=venue.currency, up_to_entry=1, balance_minor=-100
    )
    return {PayoutRun: run, Payout: payout, LedgerCheckpoint: checkpoint}
