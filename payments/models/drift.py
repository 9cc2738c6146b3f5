"""Where our books and a provider's differ, found by comparing both ways."""

from typing import Any

from django.conf import settings
from django.db import models

from bookings.models import Booking
from core import clock, dates
from core.mode import site_is_live
from payments.models.accounts import Provider, ProviderAccount
from payments.models.payment import Payment


class ReconciliationRun(models.Model):
    """One comparison with one provider; `cursor` lets an interrupted one go on."""

    provider = models.CharField(max_length=12, choices=Provider)
    since = models.DateTimeField()
    until = models.DateTimeField()
    compared = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    is_live = models.BooleanField("real money", default=site_is_live, help_text="The mode that is compared")
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
        MONEY = "money", "Money at the provider differs"

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
    account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The venue's own shop; empty: the platform's account",
    )  # fmt: skip
    is_live = models.BooleanField("real money", default=site_is_live, help_text="Else test money")
    amount_minor = models.BigIntegerField(
        null=True, blank=True, help_text="What the provider has more than our books; minor units"
    )
    currency = models.CharField(max_length=3, blank=True)
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Take account and mode from the payment; what is of none is the platform's account's, in the site's mode."""
        if self._state.adding and self.payment:
            self.account_id, self.is_live = self.payment.account_id, self.payment.is_live
        super().save(*args, **kwargs)
