"""The ledger: balanced, append-only transactions, and the checkpoints that make long sums short."""

from django.db import models

from bookings.models import Booking
from core import clock
from core.mode import site_is_live
from payments.models.payment import Payment
from payments.models.payouts import Payout
from rooms.models import Venue


class LedgerTransaction(models.Model):
    """A balanced movement of money. Append-only: a trigger refuses UPDATE and DELETE.

    Triggers also refuse one whose mode is not its payment's, its payout's, and that of all its entries.
    """

    key = models.CharField(max_length=120, unique=True, help_text="Deterministic: nothing posts twice")
    kind = models.CharField(max_length=16)
    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, null=True, blank=True, related_name="ledger_transactions"
    )
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="ledger_transactions"
    )
    payout = models.ForeignKey(
        Payout, on_delete=models.PROTECT, null=True, blank=True, related_name="ledger_transactions"
    )
    currency = models.CharField(max_length=3)
    is_live = models.BooleanField(
        "real money", default=site_is_live, help_text="Test money is in no sum with it"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.key

    @property
    def words(self) -> str:
        """The kind as people read it."""
        return self.kind.replace("_", " ").capitalize()


class LedgerEntry(models.Model):
    """One side of a movement; the entries of a transaction sum to zero (deferred trigger).

    Positive amounts are money at hand (held, in the provider's clearing account, or at the venue's own shop);
    negative ones are owed to a guest or a venue, or earned (fees, tax).
    """

    class Account(models.TextChoices):
        HOLD = "hold", "Held at the provider"
        CLEARING = "clearing", "Provider clearing"
        VENUE_SHOP = "venue_shop", "At the venue's own shop"
        GUEST = "guest", "Guest"
        VENUE = "venue", "Venue"
        PLATFORM_FEE = "platform_fee", "Platform fee"
        PROCESSING_FEE = "processing_fee", "Processing fee"
        TAX = "tax", "Tax"
        DISPUTED = "disputed", "Disputed"
        CREDIT = "credit", "Guest credit"
        PAYOUT = "payout", "On its way to the venue"
        BANK = "bank", "Our bank account"

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(max_length=16, choices=Account)
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Minor units")
    is_live = models.BooleanField(
        "real money", default=site_is_live, help_text="Its transaction's: balances are sums of entries alone"
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount_minor=0), name="ledger_entry_not_zero")
        ]
        indexes = [
            models.Index(fields=["venue", "account", "currency"], name="ledger_balance"),
            # For balances: what came after a checkpoint, read from the index alone.
            models.Index(
                fields=["venue", "id"],
                include=["is_live", "account", "currency", "amount_minor"],
                name="ledger_tail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_minor} {self.currency}"


class LedgerCheckpoint(models.Model):
    """A verified balance of one venue's account up to an entry: a long sum is the last of these plus the tail."""

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="+")
    account = models.CharField(max_length=16, choices=LedgerEntry.Account)
    currency = models.CharField(max_length=3)
    is_live = models.BooleanField("real money", default=site_is_live)
    up_to_entry = models.PositiveBigIntegerField(help_text="Entries up to this id are in it")
    balance_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="Summed again from nothing, and equal"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "is_live", "account", "currency", "up_to_entry"],
                name="ledger_checkpoint_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.venue_id} {self.account} up to {self.up_to_entry}"
