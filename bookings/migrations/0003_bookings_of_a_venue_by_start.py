"""Bookings of a venue by their start: what is not due for payout yet is found without reading the rest."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_bulk_cancellation")]

    operations = [
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(fields=["venue", "starts_at"], name="booking_of_venue_by_start"),
        ),
    ]
