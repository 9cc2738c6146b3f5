"""A guest's bank takes a charge back: the case, its deadline, and how it ended."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from core import clock
from core.typed import bounds
from payments.models.payment import Payment, PaymentOperation


class Dispute(models.Model):
    """One dispute as the provider tells it; while it is open the booking's payout is frozen and nothing is refunded.

    `amount_minor` is what the bank took back (nothing for an inquiry until it is escalated), `fee_minor` what the
    provider charges for the case.
    """

    class Status(models.TextChoices):
        INQUIRY = "inquiry", "Inquiry"
        NEEDS_RESPONSE = "needs_response", "Needs an answer"
        UNDER_REVIEW = "under_review", "Under review"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        CLOSED = "closed", "Closed"

    OPEN = (Status.INQUIRY, Status.NEEDS_RESPONSE, Status.UNDER_REVIEW)

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider_ref = models.CharField(max_length=255, unique=True)
    status = models.CharField(max_length=16, choices=Status)
    reason = models.CharField(max_length=64, blank=True, help_text="The provider's word")
    amount_minor = models.PositiveBigIntegerField(help_text="Disputed; minor units of the payment's currency")
    withdrawn_minor = models.PositiveBigIntegerField(default=0, help_text="Taken out of our balance so far")
    fee_minor = models.PositiveBigIntegerField(default=0)
    due_by = models.DateTimeField(null=True, blank=True, help_text="The last moment to answer")
    evidence = bounds.ObjectField(
        default=dict,
        blank=True,
        encoder=DjangoJSONEncoder,
        help_text="Texts of the answer, by the provider's names",
    )
    evidence_pdf = models.BinaryField(null=True, editable=False, help_text="The pack as it was submitted")
    evidence_file_ref = models.CharField(max_length=255, blank=True)
    submission = models.OneToOneField(
        PaymentOperation, on_delete=models.PROTECT, null=True, blank=True, related_name="dispute"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_by"],
                name="dispute_open",
                condition=models.Q(status__in=["inquiry", "needs_response", "under_review"]),
            )
        ]

    def __str__(self) -> str:
        return f"Case {self.provider_ref}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def blocks_refunds(self) -> bool:
        """While a chargeback is open the provider refuses refunds; one in full ends an inquiry."""
        return self.is_open and self.status != self.Status.INQUIRY

    @property
    def may_answer(self) -> bool:
        """Evidence counts once: before it was sent, and while the bank waits for it."""
        return self.status in (self.Status.INQUIRY, self.Status.NEEDS_RESPONSE) and self.submitted_at is None
