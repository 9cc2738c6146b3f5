"""The booking, its history (which is also the outbox), and who still has to hear of it."""

import datetime as dt
import secrets

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Upper
from django.urls import reverse

from accounts.models import User
from bookings import link_keys
from bookings.states import Status
from core import clock, dates, zones
from core.typed import bounds
from core.typed.columns import EmailColumn, LineColumn, PhoneColumn, ProseColumn
from rooms.models import Room, Session, Venue

# No vowels and no look-alikes: references are read aloud at a desk.
REFERENCE_ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXZ"
# The notice that somebody took held money in the provider's dashboard.
CAPTURED_ELSEWHERE = "external_capture"
# The notices of money that came without a card: what they cover is never held.
PAID_WITHOUT_CARD = ("credit_used", "paid_offline")


def new_reference() -> str:
    """Return a public booking reference such as `RH7KQ2M9XC`."""
    return "RH" + "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))


class BookingQuerySet(models.QuerySet["Booking"]):
    def of_venues_of(self, user: User) -> "BookingQuerySet":
        """Bookings a host or staff may see."""
        if user.is_platform_staff:
            return self
        return self.filter(venue__members__user=user)

    def knowing_captures(self) -> "BookingQuerySet":
        """Each with what the properties about its money ask for, so that a list takes no query a row."""
        events = BookingEvent.objects.filter(booking=models.OuterRef("pk")).order_by("-version")
        captures = events.filter(verb=CAPTURED_ELSEWHERE).values("data__amount_minor")[:1]
        amount = Cast(KT("data__amount_minor"), models.BigIntegerField())
        paid = events.filter(verb__in=PAID_WITHOUT_CARD).order_by().values("booking")
        cancels = events.filter(verb="cancel").values("data__before_minor")[:1]
        return self.annotate(
            early_capture=models.Subquery(captures),
            without_card=models.Subquery(paid.annotate(total=models.Sum(amount)).values("total")),
            cost_when_cancelled=models.Subquery(cancels),
        )


class Booking(models.Model):
    """A guest's claim on a room's time, and what it costs. `status` is written by bookings.lifecycle.services alone."""

    class Decision(models.TextChoices):
        APPROVED = "approved"
        DECLINED = "declined"

    reference = models.CharField(max_length=16, unique=True, default=new_reference, editable=False)
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="bookings")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="bookings")
    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings"
    )
    guest = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings"
    )
    guest_name = LineColumn(max_length=120)
    guest_email = EmailColumn()
    guest_phone = PhoneColumn(max_length=32, blank=True)
    message = ProseColumn(max_length=2000, blank=True)
    party_size = models.PositiveSmallIntegerField(default=1)

    starts_at = models.DateTimeField(validators=[bounds.validate_year])
    ends_at = models.DateTimeField(validators=[bounds.validate_year])
    time_zone = zones.ZoneField(
        max_length=64, help_text="Of the venue when booked: wall times are shown in it"
    )

    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT, editable=False)
    approval = models.CharField(max_length=16, choices=Room.Approval, help_text="As it was when booked")
    capture = models.CharField(max_length=18, choices=Room.Capture, help_text="As it was when booked")
    policy = models.JSONField(default=dict, help_text="The cancellation policy, frozen")
    lines = models.JSONField(
        default=list, help_text="The quote, frozen: [{kind, label, quantity, unit_minor, amount_minor}]"
    )
    currency = models.CharField(max_length=3)
    total_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField(default=0)
    due_minor = models.PositiveBigIntegerField(
        help_text="What the booking should cost now; only verbs write it"
    )
    fee_percent = models.DecimalField(
        max_digits=5, decimal_places=2, help_text="The platform's share, frozen"
    )

    payment_due_at = models.DateTimeField(null=True, blank=True)
    checkout_opened_at = models.DateTimeField(
        null=True, blank=True, help_text="Set once: it moved payment_due_at"
    )
    authorized_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True, help_text="When the provider lets the money go")
    decide_by = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decision_made_at = models.DateTimeField(null=True, blank=True)
    decision_made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    decision_reason = ProseColumn(blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Declined, cancelled, expired or completed"
    )

    submission_key = models.CharField(max_length=80, help_text="One booking per key and actor")
    submission_digest = models.CharField(max_length=64, help_text="Of what was submitted under the key")
    asked_by = models.CharField(
        max_length=32,
        blank=True,
        editable=False,
        help_text="Counts what one asker keeps open; see bookings.limits",
    )
    link_version = models.PositiveIntegerField(default=1)
    link_renewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=0, help_text="Counts its events")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["submission_key"], name="booking_submitted_once"),
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("ends_at")), name="booking_ends_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(decision="", decision_made_at__isnull=True)
                | models.Q(~models.Q(decision=""), decision_made_at__isnull=False),
                name="booking_decision_has_time",
            ),
            zones.known("time_zone", "booking_zone_is_known"),
            bounds.within_years("booking_within_years", "starts_at", "ends_at"),
        ]
        indexes = [
            models.Index(
                fields=["asked_by"],
                name="booking_open_of_asker",
                condition=models.Q(status__in=["PENDING_PAYMENT", "PENDING_APPROVAL", "CONFIRMED"])
                & models.Q(authorized_at__isnull=True),
            ),
            models.Index(fields=["venue", "status", "-created_at"], name="booking_inbox"),
            models.Index(fields=["venue", "starts_at"], name="booking_of_venue_by_start"),
            models.Index(fields=["guest", "-starts_at"], name="booking_of_guest"),
            models.Index(
                fields=["payment_due_at"], name="booking_unpaid", condition=models.Q(status="PENDING_PAYMENT")
            ),
            # For keys that programs choose, found by their beginning: bookings.lifecycle.submission.
            models.Index(
                fields=["submission_key"],
                name="booking_chosen_key",
                opclasses=["varchar_pattern_ops"],
                condition=models.Q(submission_key__startswith="api:"),
            ),
            # For bookings.limits: how many rooms a guest keeps without having paid.
            models.Index(
                Upper("guest_email"),
                name="booking_unpaid_of_guest",
                condition=models.Q(
                    status__in=["PENDING_PAYMENT", "PENDING_APPROVAL"], authorized_at__isnull=True
                ),
            ),
            models.Index(
                fields=["decide_by"],
                name="booking_undecided",
                condition=models.Q(status="PENDING_APPROVAL", decision=""),
            ),
            models.Index(fields=["ends_at"], name="booking_running", condition=models.Q(status="CONFIRMED")),
            GinIndex(
                fields=["guest_name", "guest_email"],
                opclasses=["gin_trgm_ops"] * 2,
                name="booking_guest_trgm",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("bookings:detail", args=[self.reference])

    @property
    def is_approved(self) -> bool:
        return self.decision == self.Decision.APPROVED

    def awaits_payment(self, now: dt.datetime) -> bool:
        """Return whether the guest may pay at `now`: in time, and at a venue that is not suspended."""
        is_in_time = self.payment_due_at is not None and self.payment_due_at > now
        is_open = self.status == Status.PENDING_PAYMENT and is_in_time
        return is_open and self.venue.status != Venue.Status.SUSPENDED

    @property
    def is_undecided(self) -> bool:
        return self.status == Status.PENDING_APPROVAL and not self.decision

    @property
    def is_capturing(self) -> bool:
        """True between the host's yes and the provider's word that the money is taken."""
        return self.status == Status.PENDING_APPROVAL and self.is_approved

    @property
    def taken_early_minor(self) -> int:
        """What was taken at the provider before we asked for it, while no yes has made it a payment (one query)."""
        if not self.authorized_at or self.paid_at or not self.pk:
            return 0
        if hasattr(self, "early_capture"):
            return self.early_capture or 0
        notices = self.events.filter(verb=CAPTURED_ELSEWHERE).order_by("-version")
        return notices.values_list("data__amount_minor", flat=True).first() or 0

    @property
    def without_card_minor(self) -> int:
        """What a credit, or money paid by hand, covers of the price (one query)."""
        if not self.pk:
            return 0
        if hasattr(self, "without_card"):
            return self.without_card or 0
        notices = self.events.filter(verb__in=PAID_WITHOUT_CARD)
        return sum(notices.values_list("data__amount_minor", flat=True))

    @property
    def card_minor(self) -> int:
        """What a card holds, or will be asked for, of what the booking costs now (one query)."""
        return max(self.due_minor - self.without_card_minor, 0)

    @property
    def cost_before_cancel_minor(self) -> int:
        """What the booking cost when it was cancelled, or costs now; earlier refunds do not go back again."""
        if not self.pk:
            return self.total_minor
        if self.status != Status.CANCELLED:
            return self.due_minor
        if hasattr(self, "cost_when_cancelled"):
            cost = self.cost_when_cancelled
        else:
            cancels = self.events.filter(verb="cancel").order_by("-version")
            cost = cancels.values_list("data__before_minor", flat=True).first()
        return self.total_minor if cost is None else cost

    @property
    def is_two_stage(self) -> bool:
        """True where money is first held and taken later: a person or a clock stands between."""
        return self.approval == Room.Approval.AFTER_PAYMENT or self.capture == Room.Capture.AFTER_COMPLETION

    @property
    def secret(self) -> str:
        """The 128-bit secret of the guest's link: derived, never stored; raising link_version kills old links."""
        return link_keys.sign(self.reference, self.link_version)

    def is_secret(self, given: str) -> bool:
        """Return whether this is the secret of a link to this booking, signed by whichever of our keys."""
        return bool(given) and link_keys.verify(given, self.reference, self.link_version)

    @property
    def secret_path(self) -> str:
        return reverse("bookings:open", args=[self.reference, self.secret])


class BookingEvent(models.Model):
    """One thing that happened to a booking: history, audit trail and outbox at once. Never changed."""

    class Actor(models.TextChoices):
        GUEST = "guest"
        HOST = "host"
        STAFF = "staff"
        PROVIDER = "provider"
        CLOCK = "clock"

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="events")
    version = models.PositiveIntegerField()
    verb = models.CharField(
        max_length=24, help_text="A verb of states.ARROWS, or a notice of services.NOTICES"
    )
    from_status = models.CharField(max_length=16, choices=Status)
    to_status = models.CharField(max_length=16, choices=Status)
    actor_kind = models.CharField(max_length=8, choices=Actor)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = ProseColumn(blank=True)
    data = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["booking", "version"]
        constraints = [models.UniqueConstraint(fields=["booking", "version"], name="event_versions_once")]

    def __str__(self) -> str:
        return f"{self.verb} #{self.version}"


class EventReceipt(models.Model):
    """One subscriber's duty to hear of one event; needs no order."""

    event = models.ForeignKey(BookingEvent, on_delete=models.PROTECT, related_name="receipts")
    subscriber = models.CharField(max_length=32)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="receipt_once_per_subscriber")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="receipt_open",
                condition=models.Q(done_at__isnull=True, parked_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscriber}: {self.event}"


class BulkCancellation(models.Model):
    """A host or staff cancels every booking of a session, or of a room between two instants, in the background.

    Its items are written with it; a worker takes them one by one, so an interrupted one goes on where it stopped.
    """

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+")
    session = models.OneToOneField(
        Session, on_delete=models.PROTECT, null=True, blank=True, related_name="cancellation"
    )
    starts_at = models.DateTimeField(validators=[bounds.validate_year])
    ends_at = models.DateTimeField(validators=[bounds.validate_year])
    reason = ProseColumn()
    actor_kind = models.CharField(max_length=8, choices=BookingEvent.Actor)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [bounds.within_years("bulk_within_years", "starts_at", "ends_at")]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="bulk_unfinished",
                condition=models.Q(finished_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.room}: {dates.staff_moment_in_zone(self.starts_at, self.room.venue.time_zone)}"


class BulkCancellationItem(models.Model):
    """One booking of a bulk cancellation."""

    bulk = models.ForeignKey(BulkCancellation, on_delete=models.PROTECT, related_name="items")
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "booking"], name="bulk_item_once")]

    def __str__(self) -> str:
        return f"{self.bulk_id}: {self.booking_id}"
