"""Where our books and a provider's differ, found by comparing both ways."""

from django.conf import settings
from django.db import models

from bookings.models import Booking
from core import clock, dates
from payments.models.accounts import Provider
from payments.models.payment import Payment


class ReconciliationRun(models.Model):
    """One comparison with one provider; `cursor` lets an interrupted one go on."""

    provider = models.CharField(max_length=12, choices=Provider)
    since = models.DateTimeField()
    until = models.DateTimeField()
    compared = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    cursor = models.CharField(max_length=255, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "comparison"

    def __str__(self) -> str:
        return f"{self.provider} {dates.date_span(self.since, self.until)}"


class Drift(models.Model):
    """One difference between us and a provider, its cause in words, and how it was mended."""

    class Kind(models.TextChoices):
        UNKNOWN_HERE = "unknown_here", "The provider has a payment we don't know"
        UNKNOWN_THERE = "unknown_there", "We have a payment the provider doesn't know"
        STATUS = "status", "Status differs"
        AMOUNT = "amount", "Amount differs"
        REFUND = "refund", "Refunds differ"
        LEDGER = "ledger", "Ledger and payments differ"
        EXTERNAL = "external", "Done in the provider's dashboard"
        FEE = "fee", "A cancellation's fee could not be taken"
        MODE = "mode", "Test and real money in one"
        OWN_SHOP = "own_shop", "Paid out, though the venue's own shop had it"
        REFUSED = "refused", "A payment the provider does not take"
        TWICE = "twice", "Given back twice"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        MENDED = "mended", "Mended"
        DISMISSED = "dismissed", "Set aside"

    run = models.ForeignKey(
        ReconciliationRun, on_delete=models.PROTECT, null=True, blank=True, related_name="drifts"
    )
    provider = models.CharField(max_length=12, choices=Provider)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="drifts"
    )
    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, null=True, blank=True, related_name="drifts"
    )
    provider_ref = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=16, choices=Kind)
    ours = models.CharField(max_length=200, blank=True)
    theirs = models.CharField(max_length=200, blank=True)
    cause = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(default=clock.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "difference"
        constraints = [
            # The same difference found again the next night is the same row.
            models.UniqueConstraint(
                fields=["provider", "provider_ref", "kind"],
                condition=models.Q(state="open"),
                name="drift_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.provider_ref}"
