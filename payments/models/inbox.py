"""The inbox of providers' messages."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from core import clock
from payments.models.accounts import Provider
from payments.models.payment import Payment


class WebhookEvent(models.Model):
    """A provider's message, kept once; a hint to look again, never an instruction."""

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        PROCESSED = "processed"
        IGNORED = "ignored"
        PARKED = "parked"

    provider = models.CharField(max_length=12, choices=Provider)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=80)
    payload = models.JSONField()
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="webhook_events"
    )
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING)
    note = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    received_at = models.DateTimeField(default=clock.now, editable=False)
    replayed_at = models.DateTimeField(
        null=True, blank=True, help_text="Staff asked for it again: a look must be younger than this"
    )
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="webhook_waiting", condition=models.Q(outcome="waiting")
            ),
            # What staff must look at, and what arrived in a period.
            models.Index(fields=["received_at"], name="webhook_parked", condition=models.Q(outcome="parked")),
            BrinIndex(fields=["received_at"], name="webhook_received", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
