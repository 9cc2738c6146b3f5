"""What Stripe says of the account a venue is paid to is kept; a venue it would not pay is passed over by a run."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0026_differences_name_account_and_mode'),
    ]

    operations = [
        migrations.AddField(
            model_name='paymentsettings',
            name='stripe_account_checked_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='paymentsettings',
            name='stripe_account_problem',
            field=models.CharField(blank=True, editable=False, help_text='Why Stripe would not pay that account; see payments.payouts.connected_accounts', max_length=200),
        ),
        migrations.AlterField(
            model_name='payoutskip',
            name='reason',
            field=models.CharField(choices=[('no_details', 'Bank details or Stripe account missing'), ('below_minimum', "Below the venue's minimum"), ('negative', 'More was taken back than earned'), ('trouble', 'An error of ours: see the log'), ('not_approved', 'The venue is not approved yet'), ('suspended', 'The venue is suspended'), ('payee_changed', 'Where the money goes was changed a short time ago'), ('first_payout', 'The first payout waits after the first payment taken'), ('not_payable', "Stripe does not pay the venue's account: see its payment settings")], max_length=16),
        ),
    ]
