"""Staff may ask for a message again: when, so that only a younger look covers it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_ledger_tail")]

    operations = [
        migrations.AddField(
            model_name="webhookevent",
            name="replayed_at",
            field=models.DateTimeField(
                blank=True, help_text="Staff asked for it again: a look must be younger than this", null=True
            ),
        ),
    ]
