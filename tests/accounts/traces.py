"""A person who left something in every table that can hold anything of a person."""

from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.models import ApiToken, PersonNote, SecondFactorReset, User
from bookings.models import Booking, BookingEvent, BulkCancellation, BulkCancellationItem, EventReceipt
from core import clock
from notifications.models import Delivery
from payments.models import Credit, CreditUse, Dispute, PaymentOperation, WebhookEvent
from payments.venue_settings import payee_changes
from rooms.models import Invitation, Occupancy, Venue, VenueNotice
from rooms.team import services as team
from tests.support import factories

NAME, MAIL, SECOND, FORMER, PHONE = (
    "Zoraida Quillfeather",
    "zoraida@quill.example",
    "zq@other.example",
    "zq@former.example",
    "+33 6 98 76 54 32",
)


def leave_traces(booking: Booking, person: User, host: User) -> None:
    payment = booking.payments.get()
    said = {"name": NAME, "email": MAIL.upper(), "nested": [{"phone": PHONE}]}
    event = booking.events.order_by("version").last()
    BookingEvent.objects.create(
        booking=booking, version=90, verb="link_sent", from_status="COMPLETED", to_status="COMPLETED",
        actor_kind="guest", reason=f"I am {NAME}", data=said,
    )  # fmt: skip
    BookingEvent.objects.filter(pk=event.pk).update(reason=f"Dear {NAME}, thanks", data=said)
    EventReceipt.objects.create(event=event, subscriber="test", last_error=f"no {MAIL}", done_at=clock.now())
    for state in (Delivery.State.SENT, Delivery.State.QUEUED):
        Delivery.objects.create(
            event=event, channel="email", recipient=MAIL if state == "sent" else SECOND, message="confirmed",
            state=state, last_error=f"550 {MAIL} unknown",
        )  # fmt: skip
    PaymentOperation.objects.create(
        payment=payment, kind="checkout", key="op-1", params={"email": MAIL, "description": f"For {NAME}"},
        state="done", lease_until=clock.now(), error=f"no such customer {MAIL}",
    )  # fmt: skip
    for n, about in enumerate((payment, None)):
        WebhookEvent.objects.create(
            provider="stripe", event_id=f"evt_{n}", type="charge.succeeded", payment=about, outcome="processed",
            payload={"id": f"evt_{n}", "data": {"object": {"billing_details": said}}}, note=f"of {MAIL}",
        )  # fmt: skip
    Dispute.objects.create(
        payment=payment, provider_ref="dp_1", status="won", amount_minor=100, closed_at=clock.now(),
        evidence={"customer_name": NAME, "customer_email_address": MAIL}, evidence_pdf=f"%PDF {NAME}".encode(),
    )  # fmt: skip
    credit = Credit.objects.create(
        code="SPENT",
        booking=booking,
        guest_email=MAIL,
        currency="EUR",
        amount_minor=500,
        reason=f"Sorry, {NAME}",
    )
    CreditUse.objects.create(credit=credit, amount_minor=500, note=f"to {NAME}, {PHONE}")
    bulk = BulkCancellation.objects.create(
        venue=booking.venue, room=booking.room, starts_at=booking.starts_at, ends_at=booking.ends_at,
        reason=f"{NAME} asked",
        actor_kind="host", actor=person, finished_at=clock.now(),
    )  # fmt: skip
    BulkCancellationItem.objects.create(bulk=bulk, booking=booking, done_at=clock.now(), error=f"{MAIL}?")
    Occupancy.objects.filter(reference=booking.reference).update(note=f"{NAME}'s")
    LogEntry.objects.create(
        user=host, content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk),
        object_repr=NAME, action_flag=CHANGE, change_message=f"Changed the phone to {PHONE}",
    )  # fmt: skip
    ApiToken.issue(user=person, name=f"{NAME}'s phone")
    browser = Client()
    browser.force_login(person)
    form = SessionStore()
    form["booking_form"] = {"name": NAME, "email": "x@y.example"}
    form.save()


def leave_traces_of_work(venue: Venue, person: User, owner: User) -> None:
    """The person was invited, changed the payee, lost a second factor, and is off the team again."""
    kept = {"payout_method": "bank", "bank_account": "FR7630006000011234567890189", "octo_shop_id": None}
    Invitation.objects.create(
        venue=venue, email=MAIL, role="owner", digest="1", invited_by=owner, expires_at=clock.now(),
        accepted_at=clock.now(), accepted_by=person,
    )  # fmt: skip
    member = factories.member(venue=venue, user=person)
    payee_changes.note(venue, person, ["bank_account"], kept | {"bank_account": ""}, kept)
    team.invite(venue_id=venue.pk, by=person, email="friend@example.org", role="clerk")
    team.remove(venue_id=venue.pk, by=owner, member_id=member.pk)
    team.invite(venue_id=venue.pk, by=owner, email=SECOND, role="clerk")
    VenueNotice.objects.filter(recipient=MAIL).update(last_error=f"550 {MAIL}")
    colleague = factories.staff()
    PersonNote.objects.create(user=person, author=colleague, text=f"{NAME} prefers {PHONE}")
    SecondFactorReset.objects.create(user=person, asked_by=colleague, reason=f"{NAME} called from {PHONE}")
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": f"of {MAIL}"})
