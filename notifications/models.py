"""What people and browsers are told, once each."""

from django.db import models
from django.db.models.functions import Upper

from bookings.models import BookingEvent
from core import clock


class Delivery(models.Model):
    """One message to one recipient about one event; unique, retried under one Message-ID."""

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        PUSHER = "pusher", "Pusher"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Skipped: a later event made it untrue"
        PARKED = "parked", "Given up: staff must look"

    event = models.ForeignKey(BookingEvent, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel)
    recipient = models.CharField(max_length=254, help_text="An address, or a Pusher channel")
    message = models.CharField(max_length=40, help_text="A name in notifications.mail.catalog")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    message_id = models.CharField(max_length=255, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "channel", "recipient"], name="delivery_once_per_recipient"
            )
        ]
        indexes = [
            models.Index(Upper("recipient"), "message", name="delivery_of_recipient"),
            models.Index(
                fields=["next_attempt_at"], name="delivery_queued", condition=models.Q(state="queued")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message} to {self.recipient}"
