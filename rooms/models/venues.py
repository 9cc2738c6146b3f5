"""Venues, their teams, who stands behind them, and what they are told by mail."""

import zoneinfo
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from core import clock, countries, zones
from core.money import CURRENCIES
from core.security.crypto import EncryptedTextField
from core.typed import bounds
from core.typed.columns import (
    EmailColumn,
    EncryptedLineColumn,
    EncryptedProseColumn,
    LineColumn,
    PhoneColumn,
    ProseColumn,
)

HOLD_LIMIT_MINUTES = 7 * 24 * 60  # a guest-present card hold at Stripe


class VenueQuerySet(models.QuerySet):
    def on_sale(self) -> "VenueQuerySet":
        """Venues whose rooms guests may find and book."""
        return self.filter(is_published=True, status=Venue.Status.APPROVED)

    def suspended(self) -> "VenueQuerySet":
        return self.filter(status=Venue.Status.SUSPENDED)


class Venue(models.Model):
    """What a host runs: a hotel, a conference house, an expert's practice, a studio.

    A new one is a draft: nothing of it is on sale, and no payout is made, until staff approve it (rooms.team.approval).
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        WAITING = "waiting", "Waiting for approval"
        APPROVED = "approved", "Approved"
        SUSPENDED = "suspended", "Suspended"

    name = LineColumn(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    description = ProseColumn(blank=True)
    address = LineColumn(max_length=200)
    city = LineColumn(max_length=80)
    country = models.CharField(max_length=2, choices=countries.choices)
    time_zone = zones.ZoneField(max_length=64, help_text="IANA name, e.g. Europe/Paris")
    currency = models.CharField(max_length=3, choices=[(code, code) for code in CURRENCIES])
    email = EmailColumn(blank=True, help_text="Where requests are announced, beside the members")
    phone = PhoneColumn(max_length=32, blank=True)
    check_in_time = models.TimeField(default="15:00")
    check_out_time = models.TimeField(default="11:00")
    answer_hours = models.PositiveSmallIntegerField(
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(144)],
        help_text="Hours to answer a request",
    )
    platform_fee_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text="Empty: the platform's own",
    )
    tax_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(50))],
        help_text="Added to the price as its own line",
    )
    takes_online_payment = models.BooleanField(default=True)
    payment_provider = models.CharField(
        max_length=12, default="stripe", help_text="Whose limits of a payment hold here"
    )
    hold_limit_minutes = models.PositiveIntegerField(
        default=HOLD_LIMIT_MINUTES,
        validators=[MaxValueValidator(bounds.MOST_HOLD_MINUTES)],
        help_text="How long the payment provider keeps money held",
    )
    is_published = models.BooleanField(default=True)
    clerk_limit_minor = models.PositiveBigIntegerField(
        null=True, blank=True, editable=False,
        validators=[MaxValueValidator(bounds.MOST_MINOR)],
        help_text="The most a clerk decides about alone, in minor units; empty: no limit",
    )  # fmt: skip
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    status_reason = LineColumn(
        max_length=500,
        blank=True,
        editable=False,
        help_text="Why it was sent back or suspended, for its team",
    )
    approved_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Empty: it sold before venues were approved"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = VenueQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            zones.known("time_zone", "venue_zone_is_known"),
            bounds.at_most(
                "venue_within_bounds",
                hold_limit_minutes=bounds.MOST_HOLD_MINUTES,
                clerk_limit_minor=bounds.MOST_MINOR,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on_sale(self) -> bool:
        """True where guests may find and book its rooms; the same as VenueQuerySet.on_sale."""
        return self.is_published and self.status == self.Status.APPROVED

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def fee_percent(self) -> Decimal:
        """The platform's share of a booking, in per cent."""
        if self.platform_fee_percent is not None:
            return self.platform_fee_percent
        return Decimal(settings.PLATFORM_FEE_PERCENT)


class VenueMember(models.Model):
    """A person of a venue's team; every member sees the venue's bookings and decides on requests."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MANAGER = "manager"
        CLERK = "clerk"

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.CLERK)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["venue", "user"], name="one_membership_per_venue")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Invitation(models.Model):
    """An owner's invitation to a venue's team, by the digest of the token that was mailed; accepted once."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="invitations")
    email = EmailColumn()
    role = models.CharField(max_length=10, choices=VenueMember.Role)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(validators=[bounds.validate_year])
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [bounds.within_years("invitation_within_years", "expires_at")]

    def __str__(self) -> str:
        return f"{self.email} to {self.venue}"


class VenueIdentity(models.Model):
    """Who stands behind a venue: the legal entity, and the person who answers for it. Personal data lie encrypted."""

    class Kind(models.TextChoices):
        COMPANY = "company", "Company"
        TRADER = "trader", "Sole trader"
        PERSON = "person", "Private person"

    venue = models.OneToOneField(Venue, on_delete=models.CASCADE, related_name="identity")
    kind = models.CharField("legal form", max_length=8, choices=Kind)
    legal_name = EncryptedLineColumn(max_length=140, help_text="As registered")
    registration_number = EncryptedLineColumn(
        max_length=40, blank=True, help_text="Of the trade or company register; a private person has none"
    )
    legal_address = EncryptedProseColumn("registered address", max_length=300)
    person_name = EncryptedLineColumn(
        "responsible person", max_length=140, help_text="As in the passport or identity card"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "venue identities"

    def __str__(self) -> str:
        return f"Identity of {self.venue}"


class VenueNotice(models.Model):
    """A mail to one address about a venue and its team: written with what it tells, sent by notifications.

    What opens something, the link of an invitation say, is forgotten once it is sent or given up.
    """

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=24)
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    paragraphs = models.JSONField(default=list)
    because = models.CharField(max_length=200, help_text="Why it is sent: `Roomhold writes to you because …`")
    action = models.CharField(max_length=60)
    link = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        default=clock.now, null=True, help_text="Empty once it is sent or given up"
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="venue_notice_queued",
                condition=models.Q(next_attempt_at__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind_in_words} to {self.recipient}"

    @property
    def kind_in_words(self) -> str:
        return self.kind.replace("_", " ").capitalize()
