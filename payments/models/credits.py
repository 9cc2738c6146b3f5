"""What the platform owes a guest where money cannot be sent back."""

from django.conf import settings
from django.db import models

from bookings.models import Booking
from core import clock
from core.mode import site_is_live
from core.typed import bounds
from payments.models.payment import Payment, Refund


class Credit(models.Model):
    """Given instead of a refund that cannot be made; spent on later bookings or paid out by hand.

    What is left is the sum less its uses; `code` is what the guest types.
    """

    code = models.CharField(max_length=20, unique=True)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="credits")
    refund = models.OneToOneField(
        Refund, on_delete=models.PROTECT, null=True, blank=True, help_text="The way back it took"
    )
    guest_email = models.EmailField()
    currency = models.CharField(max_length=3)
    is_live = models.BooleanField(
        "real money", default=site_is_live, help_text="The mode of the payment it came from; spent only there"
    )
    amount_minor = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=255)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True, validators=[bounds.validate_year])
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Credit of {self.booking}"


class CreditUse(models.Model):
    """Some of a credit spent on a booking, or paid out by hand where there is none; never more than is left.

    `is_taken_back`: nobody has it, for the guest has got the same money from elsewhere.
    """

    credit = models.ForeignKey(Credit, on_delete=models.PROTECT, related_name="uses")
    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_uses"
    )
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_use"
    )
    amount_minor = models.PositiveBigIntegerField()
    is_taken_back = models.BooleanField(default=False)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.credit_id}"
