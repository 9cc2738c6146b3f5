"""What came after a checkpoint, read from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_venue_payments")]

    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                fields=["venue", "id"], include=["account", "currency", "amount_minor"], name="ledger_tail"
            ),
        ),
    ]
