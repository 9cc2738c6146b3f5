"""A venue knows whose least and most of a payment hold for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rooms", "0009_venues_are_approved")]

    operations = [
        migrations.AddField(
            model_name="venue",
            name="payment_provider",
            field=models.CharField(
                default="stripe", help_text="Whose limits of a payment hold here", max_length=12
            ),
        ),
    ]
