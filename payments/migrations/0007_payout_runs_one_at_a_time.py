"""One payout run at a time, which venues it left unpaid and why, and who closed a payout."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("rooms", "0001_initial"),
        ("payments", "0006_reconciliation"),
    ]

    operations = [
        migrations.AddField(
            model_name="payout",
            name="closed_by",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("method", "stripe"), ("status__in", ["ready", "sending"])),
                fields=["lease_until"],
                name="payout_to_send",
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at__isnull", True)),
                fields=("finished_at",),
                name="one_payout_run_at_a_time",
                nulls_distinct=False,
            ),
        ),
        migrations.CreateModel(
            name="PayoutSkip",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField(help_text="What was due; minor units")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("no_details", "Bank details or Stripe account missing"),
                            ("below_minimum", "Below the venue's minimum"),
                            ("negative", "More was taken back than earned"),
                            ("trouble", "An error of ours: see the log"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="skips", to="payments.payoutrun"
                    ),
                ),
                (
                    "venue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="rooms.venue"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "venue", "currency"), name="one_skip_per_run_and_venue"
                    )
                ],
            },
        ),
    ]  # fmt: skip
