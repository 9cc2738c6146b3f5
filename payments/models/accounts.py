"""Whose account at a provider takes the money, and how a venue wants to be paid."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from core import clock
from core.security.crypto import EncryptedTextField
from core.typed.columns import LineColumn
from rooms.models import Venue


class Provider(models.TextChoices):
    """Who moves the money; `offline` and `credit` are moved by hand, recorded by staff."""

    STRIPE = "stripe", "Stripe"
    OCTO = "octo", "Octo"
    OFFLINE = "offline", "Offline"
    CREDIT = "credit", "Credit"


class ProviderAccount(models.Model):
    """A venue's own account at Octo. Payments keep the one they were begun with, so keys replaced later still
    end them; a venue without one uses the platform's account, which lives in the environment.
    """

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="provider_accounts")
    provider = models.CharField(max_length=12, choices=Provider, default=Provider.OCTO)
    shop_id = models.PositiveBigIntegerField()
    secret = EncryptedTextField()
    unique_key = EncryptedTextField(help_text="Octo signs its notifications with it")
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "provider", "shop_id"], name="provider_account_once_per_shop"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} shop {self.shop_id}"


class PaymentSettings(models.Model):
    """How a venue takes money and gets its share. Whether it takes money online, how long money is held, and the
    platform's fee are the venue's own columns (rooms.Venue), written together with this row.
    """

    class FeeBearer(models.TextChoices):
        PLATFORM = "platform", "The platform"
        HOST = "host", "The venue"

    class Method(models.TextChoices):
        BANK = "bank", "Bank transfer"
        STRIPE = "stripe", "Stripe account"

    venue = models.OneToOneField(Venue, on_delete=models.PROTECT, related_name="payment_settings")
    provider = models.CharField(
        max_length=12,
        choices=[(Provider.STRIPE, "Stripe"), (Provider.OCTO, "Octo")],
        default=Provider.STRIPE,
    )
    octo_account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    octo_hold_minutes = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(10), MaxValueValidator(30 * 24 * 60)],
        help_text="How long Octo keeps money held for this shop; 30 unless agreed otherwise",
    )
    processing_fee_bearer = models.CharField(max_length=8, choices=FeeBearer, default=FeeBearer.PLATFORM)
    payout_method = models.CharField(max_length=8, choices=Method, default=Method.BANK)
    stripe_account_ref = models.CharField(
        max_length=64, blank=True, help_text="Connected account (acct_…) that payouts go to"
    )
    stripe_account_problem = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="Why Stripe would not pay that account; see payments.payouts.connected_accounts",
    )
    stripe_account_checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    account_holder = LineColumn(max_length=140, blank=True)
    bank_account = EncryptedTextField(blank=True, help_text="IBAN, or a 20-digit Uzbek account")
    bank_code = models.CharField(max_length=11, blank=True, help_text="BIC, or the bank's 5-digit MFO")
    payout_minimum_minor = models.PositiveBigIntegerField(
        default=2_000, help_text="Smaller balances wait for the next run; minor units"
    )
    payout_delay_hours = models.PositiveSmallIntegerField(
        default=24, help_text="Hours after the start of a stay before it is paid out"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "saved payment settings"

    def __str__(self) -> str:
        return f"Payment settings of {self.venue}"

    @classmethod
    def fresh(cls, venue: Venue) -> "PaymentSettings":
        """Return a venue's settings before anybody has saved any."""
        return cls(venue_id=venue.pk, payout_minimum_minor=cls.usual_minimum_minor(venue))

    @staticmethod
    def usual_minimum_minor(venue: Venue) -> int:
        return settings.PAYOUT_MINIMUM_MINOR[venue.currency]


class VenuePayments(Venue):
    """Venues under the name of their payment settings, which every venue has, saved or not."""

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "payment settings"
