"""A difference names account and mode, and how much money differs; a comparison is of one mode."""

import core.mode
import django.db.models.deletion
from django.db import migrations, models


# Of those of no payment, and of comparisons, the site's mode is all there is to go by.
OF_PAYMENTS = """
UPDATE payments_drift SET is_live = payment.is_live, account_id = payment.account_id
FROM payments_payment payment WHERE payment.id = payments_drift.payment_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0025_card_of_a_payment'),
    ]

    operations = [
        migrations.AddField(
            model_name='drift',
            name='account',
            field=models.ForeignKey(blank=True, help_text="The venue's own shop; empty: the platform's account", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.provideraccount'),
        ),
        migrations.AddField(
            model_name='drift',
            name='amount_minor',
            field=models.BigIntegerField(blank=True, help_text='What the provider has more than our books; minor units', null=True),
        ),
        migrations.AddField(
            model_name='drift',
            name='currency',
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name='drift',
            name='is_live',
            field=models.BooleanField(default=core.mode.site_is_live, help_text='Else test money', verbose_name='real money'),
        ),
        migrations.AddField(
            model_name='reconciliationrun',
            name='is_live',
            field=models.BooleanField(default=core.mode.site_is_live, help_text='The mode that is compared', verbose_name='real money'),
        ),
        migrations.AlterField(
            model_name='drift',
            name='kind',
            field=models.CharField(choices=[('unknown_here', "The provider has a payment we don't know"), ('unknown_there', "We have a payment the provider doesn't know"), ('status', 'Status differs'), ('amount', 'Amount differs'), ('refund', 'Refunds differ'), ('ledger', 'Ledger and payments differ'), ('external', "Done in the provider's dashboard"), ('fee', "A cancellation's fee could not be taken"), ('mode', 'Test and real money in one'), ('own_shop', "Paid out, though the venue's own shop had it"), ('refused', 'A payment the provider does not take'), ('twice', 'Given back twice'), ('money', 'Money at the provider differs')], max_length=16),
        ),
        migrations.RunSQL(OF_PAYMENTS, migrations.RunSQL.noop),
    ]
