"""Venues learn which provider their settings name; a payment refused for good is a difference of its own."""

from django.db import migrations, models


def tell_venues(apps, schema_editor):
    Venue = apps.get_model("rooms", "Venue")
    chosen = apps.get_model("payments", "PaymentSettings").objects.exclude(provider="stripe")
    for venue_id, provider in chosen.values_list("venue_id", "provider"):
        Venue.objects.filter(pk=venue_id).update(payment_provider=provider)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0023_given_back_twice"),
        ("rooms", "0010_whose_limits_of_a_payment"),
    ]

    operations = [
        migrations.AlterField(
            model_name="drift",
            name="kind",
            field=models.CharField(
                choices=[
                    ("unknown_here", "The provider has a payment we don't know"),
                    ("unknown_there", "We have a payment the provider doesn't know"),
                    ("status", "Status differs"),
                    ("amount", "Amount differs"),
                    ("refund", "Refunds differ"),
                    ("ledger", "Ledger and payments differ"),
                    ("external", "Done in the provider's dashboard"),
                    ("fee", "A cancellation's fee could not be taken"),
                    ("mode", "Test and real money in one"),
                    ("own_shop", "Paid out, though the venue's own shop had it"),
                    ("refused", "A payment the provider does not take"),
                    ("twice", "Given back twice"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunPython(tell_venues, migrations.RunPython.noop),
    ]
