"""A payment of a booking, the calls made for it, what came back, and the mark that something is due."""

import datetime as dt
import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from bookings.models import Booking
from core import clock
from payments.models.accounts import Provider, ProviderAccount


class Payment(models.Model):
    """One attempt to pay a booking at a provider. Its amounts mirror the provider; only `sync` writes them."""

    Provider = Provider

    class Status(models.TextChoices):
        CREATED = "CREATED", "Started"
        AUTHORIZED = "AUTHORIZED", "Held"
        CAPTURED = "CAPTURED", "Taken"
        VOIDED = "VOIDED", "Released"
        FAILED = "FAILED", "Not paid"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=12, choices=Provider)
    n = models.PositiveSmallIntegerField("number", help_text="1 for the booking's first attempt, and so on")
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        help_text="The venue's own account at the provider; empty: the platform's",
    )
    is_live = models.BooleanField(default=False, help_text="Real money, as it was when begun")
    is_two_stage = models.BooleanField("in two stages", help_text="Held first, taken later")
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField()
    authorized_minor = models.PositiveBigIntegerField(default=0)
    captured_minor = models.PositiveBigIntegerField(default=0)

    session_ref = models.CharField("pay page", max_length=255, blank=True, help_text="At the provider (cs_…)")
    session_url = models.URLField(max_length=2000, blank=True)
    session_expires_at = models.DateTimeField("pay page ends at", null=True, blank=True)
    provider_ref = models.CharField(
        "payment at the provider", max_length=255, blank=True, help_text="Its own number (pi_…)"
    )
    charge_ref = models.CharField("charge at the provider", max_length=255, blank=True)
    client_secret = models.CharField(
        max_length=255, blank=True, help_text="Opens the provider's card form on our own page; never logged"
    )
    provider_fee_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The provider's processing fee, once it tells; minor units"
    )
    capture_before = models.DateTimeField(null=True, blank=True)
    card_brand = models.CharField(max_length=32, blank=True, db_default="")
    card_last4 = models.CharField("card's last four digits", max_length=4, blank=True, db_default="")
    failure_code = models.CharField(
        max_length=64, blank=True, help_text="Why the last try of a card was refused"
    )
    mismatch = models.CharField(
        max_length=200, blank=True, help_text="Provider and booking disagree: staff must look"
    )

    fetch_started = models.PositiveBigIntegerField(
        default=0, help_text="Numbers the fetches; see services.sync"
    )
    fetch_applied = models.PositiveBigIntegerField(default=0)
    synced_at = models.DateTimeField("last looked at", null=True, blank=True)
    next_sync_at = models.DateTimeField("next look at", null=True, blank=True)

    created_at = models.DateTimeField(default=clock.now, editable=False)
    authorized_at = models.DateTimeField(null=True, blank=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Voided or failed")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["booking", "n"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "n"], name="payment_numbered_per_booking"),
            # Two tabs, two providers: one way to pay is open at a time.
            models.UniqueConstraint(
                fields=["booking"], condition=models.Q(status="CREATED"), name="one_open_payment_per_booking"
            ),
            models.CheckConstraint(
                condition=models.Q(captured_minor__lte=models.F("authorized_minor")),
                name="captured_within_authorized",
            ),
        ]
        indexes = [
            models.Index(fields=["session_ref"], name="payment_session_ref"),
            models.Index(fields=["provider_ref"], name="payment_provider_ref"),
            models.Index(fields=["created_at"], name="payment_created"),
            models.Index(
                fields=["next_sync_at"],
                name="payment_to_sync",
                condition=models.Q(next_sync_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking} payment {self.n}"

    @property
    def taken_at(self) -> dt.datetime:
        """When its money was captured. Raises: ValueError, of a payment that was not."""
        if self.captured_at is None:
            raise ValueError(f"payment {self.pk} was not captured")
        return self.captured_at

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.CREATED, self.Status.AUTHORIZED)

    @property
    def key_stem(self) -> str:
        """Begins the idempotency keys of this payment's operations."""
        return self.booking.reference if self.n == 1 else f"{self.booking.reference}.{self.n}"


class PaymentOperation(models.Model):
    """One call to a provider that changes something there: committed before the call, replayed as stored."""

    class Kind(models.TextChoices):
        CHECKOUT = "checkout", "Open the pay page"
        END_CHECKOUT = "end-checkout", "Close the pay page"
        CAPTURE = "capture", "Take the money"
        VOID = "void", "Release the hold"
        REFUND = "refund", "Give money back"
        EVIDENCE = "evidence", "Answer a dispute"
        ACCEPT = "accept", "Accept a dispute"

    class State(models.TextChoices):
        OPEN = "open", "Under way"
        UNKNOWN = "unknown", "Outcome unknown"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=12, choices=Kind)
    key = models.CharField(
        max_length=64, unique=True, help_text="<reference>-<kind>-<n>: the idempotency key"
    )
    params = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(help_text="Until then the process that began it is trusted to end it")
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    provider_request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"],
                condition=models.Q(state__in=["open", "unknown"]),
                name="one_operation_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                name="operation_unfinished",
                condition=models.Q(state__in=["open", "unknown"]),
            ),
            # Rows are written in the order of their time: a few pages of index find any period.
            BrinIndex(fields=["created_at"], name="operation_created", autosummarize=True),
        ]

    def __str__(self) -> str:
        return self.key


class Refund(models.Model):
    """Captured money on its way back to the guest, as the provider tells it, or as staff wrote it down.

    A failed one counts for nothing and waits for staff until it is solved; what solves it is a row of its own.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    class Channel(models.TextChoices):
        PROVIDER = "provider", "To where it was paid from"
        HAND = "hand", "Paid back by hand"
        CREDIT = "credit", "As a credit"
        NONE = "none", "Refused by the provider"

    class Solution(models.TextChoices):
        RETRY = "retry", "Tried again"
        CREDIT = "credit", "A credit instead"
        HAND = "hand", "Paid back by hand"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    operation = models.OneToOneField(PaymentOperation, on_delete=models.PROTECT, null=True, blank=True)
    provider_ref = models.CharField(max_length=255, unique=True)
    amount_minor = models.PositiveBigIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    is_external = models.BooleanField(default=False, help_text="Made in the provider's dashboard, not by us")
    bank_reference = models.CharField(
        max_length=64, blank=True, help_text="With it the guest's bank finds the refund"
    )
    failure_reason = models.CharField(max_length=64, blank=True)
    channel = models.CharField(
        max_length=8,
        choices=Channel,
        default=Channel.PROVIDER,
        help_text="Only its own are known to the provider",
    )
    solution = models.CharField(
        max_length=8, choices=Solution, blank=True, help_text="What staff did about a failed one"
    )
    solved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                name="refund_unsolved",
                condition=models.Q(status="failed", solved_at__isnull=True),
            ),
            models.Index(fields=["created_at"], name="refund_created"),
        ]

    def __str__(self) -> str:
        return self.provider_ref


class Settlement(models.Model):
    """A booking's mark that what is held and taken may differ from what it should cost; cleared by `settle`."""

    # Tried so often staff are alarmed, and the money page counts it.
    ALARM_AFTER = 8
    STUCK = models.Q(due_at__isnull=False, attempts__gte=ALARM_AFTER)

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="settlement")
    due_at = models.DateTimeField(null=True, blank=True, help_text="Look not before; empty: nothing to do")
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="settlement_due", condition=models.Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"Settlement of {self.booking}"
