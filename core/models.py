"""What every app may need of the world outside: exchange rates, as they were on a day."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from core.money import CURRENCIES


class ExchangeRate(models.Model):
    """What one unit of the base currency (core.rates.BASE) bought on a day; rows are added, never changed."""

    currency = models.CharField(max_length=3, choices=[(code, code) for code in CURRENCIES])
    per_base = models.DecimalField(
        max_digits=18, decimal_places=8, validators=[MinValueValidator(Decimal("0.00000001"))]
    )
    as_of = models.DateField()
    source = models.CharField(max_length=80)

    class Meta:
        ordering = ["-as_of", "currency"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "as_of"], name="one_rate_a_day"),
            models.CheckConstraint(condition=models.Q(per_base__gt=0), name="rate_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.per_base.normalize():f} {self.currency}, {self.as_of}"
