"""Credits may end unspent, and money given back twice is a difference of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_payees_and_holds")]

    operations = [
        migrations.AddField(
            model_name="credituse", name="is_taken_back", field=models.BooleanField(default=False)
        ),
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
                    ("twice", "Given back twice"),
                ],
                max_length=16,
            ),
        ),
    ]
