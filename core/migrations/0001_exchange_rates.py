from decimal import Decimal

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR"), ("GBP", "GBP"), ("UZS", "UZS")], max_length=3
                    ),
                ),
                (
                    "per_base",
                    models.DecimalField(
                        decimal_places=8,
                        max_digits=18,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.00000001"))],
                    ),
                ),
                ("as_of", models.DateField()),
                ("source", models.CharField(max_length=80)),
            ],
            options={
                "ordering": ["-as_of", "currency"],
                "constraints": [
                    models.UniqueConstraint(fields=("currency", "as_of"), name="one_rate_a_day"),
                    models.CheckConstraint(condition=models.Q(("per_base__gt", 0)), name="rate_above_zero"),
                ],
            },
        ),
    ]
