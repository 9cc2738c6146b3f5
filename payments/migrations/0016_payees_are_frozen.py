"""The account a payout goes to, frozen on it, and the bank's files kept as they were sent.

Payouts that wait for a bank file keep the account they were decided for, as far as it can be told: where the venue's
has other last digits by now, nothing is frozen and the export refuses it by name.
"""

import json

import core.clock
import core.security.crypto
from django.db import migrations, models


def freeze(apps, schema_editor):
    rows = apps.get_model("payments", "Payout").objects.filter(method="bank", status="ready")
    for payout in rows.select_related("venue__payment_settings"):
        known = getattr(payout.venue, "payment_settings", None)
        if known is None or not known.account_holder or known.bank_account[-4:] != payout.destination:
            continue
        payee = {
            "method": "bank", "holder": known.account_holder, "number": known.bank_account,
            "bank_code": known.bank_code, "connected_account": "",
        }
        payout.payee = json.dumps(payee, ensure_ascii=False)
        payout.save(update_fields=["payee"])


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0015_fields_in_plain_words'),
    ]

    operations = [
        migrations.CreateModel(
            name='PayoutFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=35, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('content_type', models.CharField(max_length=40)),
                ('content', core.security.crypto.EncryptedTextField(help_text='Its bytes, read as UTF-8')),
                ('count', models.PositiveIntegerField(help_text='How many payouts are in it')),
                ('created_at', models.DateTimeField(default=core.clock.now, editable=False)),
            ],
        ),
        migrations.AddField(
            model_name='payout',
            name='payee',
            field=core.security.crypto.EncryptedTextField(blank=True, editable=False, help_text='The account it goes to, frozen at the run (payments.payouts.payees)'),
        ),
        migrations.RunPython(freeze, migrations.RunPython.noop, elidable=True),
    ]
