"""Money a guest paid past the providers, as staff recorded it."""

from django.conf import settings
from django.db import models

from core import clock
from core.typed.columns import LineColumn
from payments.models.payment import Payment


class OfflinePayment(models.Model):
    """How a payment of provider `offline` came in; the payment itself has the amount."""

    class Method(models.TextChoices):
        TRANSFER = "transfer", "Bank transfer"
        CASH = "cash", "Cash"
        TERMINAL = "terminal", "Card at the desk"
        OTHER = "other", "Another way"

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="offline")
    method = models.CharField(max_length=8, choices=Method)
    reference = LineColumn(max_length=64, help_text="Receipt or transfer number")
    received_date = models.DateField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.reference}"
