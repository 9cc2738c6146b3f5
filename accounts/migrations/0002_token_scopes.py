"""Tokens end and are held to scopes; those made before end in 90 days and never change a payee."""

import datetime as dt

import django.contrib.postgres.fields
from django.db import migrations, models

from core import clock

USUAL = ["read", "bookings", "money"]
CHOICES = {
    "read": "See bookings, payments, settings and balances",
    "bookings": "Book, approve, decline, cancel",
    "money": "Give money back and change payment settings",
    "payee": "Change where payouts go",
}


def end_old_tokens(apps, schema_editor):
    apps.get_model("accounts", "ApiToken").objects.update(
        scopes=USUAL, expires_at=clock.now() + dt.timedelta(days=90)
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=CHOICES, max_length=16), default=list, editable=False, size=None
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="apitoken", name="expires_at", field=models.DateTimeField(editable=False, null=True)
        ),
        migrations.RunPython(end_old_tokens, migrations.RunPython.noop),
    ]
