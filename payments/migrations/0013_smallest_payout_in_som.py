"""Venues paid in so'm waited for 20 so'm at least, the default of every currency: now for 250,000."""

from django.db import migrations


def raise_it(apps, schema_editor):
    rows = apps.get_model("payments", "PaymentSettings").objects
    rows.filter(venue__currency="UZS", payout_minimum_minor=2_000).update(payout_minimum_minor=25_000_000)


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_names_of_differences")]

    operations = [migrations.RunPython(raise_it, migrations.RunPython.noop, elidable=True)]
