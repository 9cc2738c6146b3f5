"""What venues are paid: runs, payouts, and the bookings each payout is made of."""

import uuid

from django.conf import settings
from django.db import models

from bookings.models import Booking
from core import clock, dates
from core.mode import site_is_live
from core.security.crypto import EncryptedTextField
from rooms.models import Venue


class PayoutRun(models.Model):
    """One round over all venues; a run that was interrupted is taken up where it stopped."""

    cutoff_at = models.DateTimeField(help_text="Bookings due for payout by then take part")
    is_live = models.BooleanField("real money", default=site_is_live, help_text="Else test money alone")
    started_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    funds = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Stripe's payout schedule and balance as the run began",
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["cutoff_at", "is_live"], name="one_payout_run_per_cutoff"),
            models.UniqueConstraint(
                fields=["finished_at", "is_live"],
                condition=models.Q(finished_at__isnull=True),
                nulls_distinct=False,
                name="one_payout_run_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Payout run of {dates.staff_moment_in_zone(self.cutoff_at)}"


class Payout(models.Model):
    """Money on its way to one venue. Like an operation it is committed before its provider is called, under `key`."""

    class Method(models.TextChoices):
        BANK = "bank", "Bank transfer"
        STRIPE = "stripe", "Stripe transfer"

    class Status(models.TextChoices):
        READY = "ready", "Ready"
        SENDING = "sending", "Under way"
        WAITING = "waiting", "Waiting for funds"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        RETURNED = "returned", "Returned"

    # Set aside, and neither paid nor given up.
    OPEN = (Status.READY, Status.SENDING, Status.WAITING)
    # What the venue was not paid after all: its bookings are owed again.
    UNDONE = (Status.FAILED, Status.RETURNED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="payouts")
    currency = models.CharField(max_length=3)
    is_live = models.BooleanField("real money", default=site_is_live, help_text="Its run's mode")
    amount_minor = models.PositiveBigIntegerField()
    method = models.CharField(max_length=8, choices=Method)
    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    key = models.CharField(max_length=64, unique=True, help_text="The idempotency key of the transfer")
    destination = models.CharField(
        max_length=64, blank=True, help_text="acct_…, or the last four digits of the bank account"
    )
    payee = EncryptedTextField(
        blank=True,
        editable=False,
        help_text="The account it goes to, frozen at the run (payments.payouts.payees)",
    )
    provider_ref = models.CharField(
        max_length=255, blank=True, help_text="tr_…, or the bank file's message id"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Definite ones: the next try has a key of its own"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Paid, failed or returned")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "venue", "currency"], name="one_payout_per_run_and_venue")
        ]
        indexes = [
            models.Index(fields=["venue", "-created_at"], name="payout_of_venue"),
            models.Index(
                fields=["lease_until"],
                name="payout_to_send",
                condition=models.Q(method="stripe", status__in=["ready", "sending", "waiting"]),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class PayoutLine(models.Model):
    """A booking's part of a payout: what it owes the venue less what was paid before; negative where it took back."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="payout_lines")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout", "booking"], name="one_line_per_booking_and_payout")
        ]
        indexes = [models.Index(fields=["booking"], name="payout_line_booking", include=["amount_minor"])]

    def __str__(self) -> str:
        return f"{self.payout_id}: {self.booking_id}"


class PayoutFile(models.Model):
    """A bank file as it was sent, to the byte; its payouts name it by its message id."""

    message_id = models.CharField(max_length=35, unique=True)
    name = models.CharField(max_length=80)
    content_type = models.CharField(max_length=40)
    content = EncryptedTextField(help_text="Its bytes, read as UTF-8")
    count = models.PositiveIntegerField(help_text="How many payouts are in it")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.name


class PayoutSkip(models.Model):
    """A venue that a run left unpaid, and why; what it is owed is carried on to the next run."""

    class Reason(models.TextChoices):
        NO_DETAILS = "no_details", "Bank details or Stripe account missing"
        BELOW_MINIMUM = "below_minimum", "Below the venue's minimum"
        NEGATIVE = "negative", "More was taken back than earned"
        TROUBLE = "trouble", "An error of ours: see the log"
        NOT_APPROVED = "not_approved", "The venue is not approved yet"
        SUSPENDED = "suspended", "The venue is suspended"
        PAYEE_CHANGED = "payee_changed", "Where the money goes was changed a short time ago"
        FIRST_PAYOUT = "first_payout", "The first payout waits after the first payment taken"
        NOT_PAYABLE = "not_payable", "Stripe does not pay the venue's account: see its payment settings"

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="skips")
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="What was due; minor units")
    reason = models.CharField(max_length=16, choices=Reason)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "venue", "currency"], name="one_skip_per_run_and_venue")
        ]

    def __str__(self) -> str:
        return f"{self.venue}: {self.get_reason_display()}"
