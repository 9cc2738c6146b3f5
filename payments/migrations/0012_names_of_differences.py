"""Differences and comparisons are called so in the admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_replay_of_messages")]

    operations = [
        migrations.AlterModelOptions(
            name="drift", options={"ordering": ["-pk"], "verbose_name": "difference"}
        ),
        migrations.AlterModelOptions(
            name="reconciliationrun", options={"ordering": ["-pk"], "verbose_name": "comparison"}
        ),
    ]
