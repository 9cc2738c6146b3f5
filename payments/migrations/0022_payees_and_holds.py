"""The history of payees, which the database keeps as it was written, and why a venue as a whole waits for payouts."""

import core.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


APPEND_ONLY = """
CREATE FUNCTION payments_refuse_payee_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of payees is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payee_change_append_only BEFORE UPDATE OR DELETE ON payments_payeechange
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_payee_change();
"""
UNDO = """
DROP TRIGGER payee_change_append_only ON payments_payeechange;
DROP FUNCTION payments_refuse_payee_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0021_within_bounds'),
        ('rooms', '0009_venues_are_approved'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='payoutskip',
            name='reason',
            field=models.CharField(choices=[('no_details', 'Bank details or Stripe account missing'), ('below_minimum', "Below the venue's minimum"), ('negative', 'More was taken back than earned'), ('trouble', 'An error of ours: see the log'), ('not_approved', 'The venue is not approved yet'), ('suspended', 'The venue is suspended'), ('payee_changed', 'Where the money goes was changed a short time ago'), ('first_payout', 'The first payout waits after the first payment taken')], max_length=16),
        ),
        migrations.CreateModel(
            name='PayeeChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('changed_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('fields', models.JSONField(help_text='Names of what was changed')),
                ('before', models.CharField(blank=True, help_text='Where the money went, by its end', max_length=120)),
                ('after', models.CharField(blank=True, help_text='Where it goes since, by its end', max_length=120)),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payee_changes', to='rooms.venue')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['venue', '-changed_at'], name='payee_change_of_venue')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, UNDO),
    ]
