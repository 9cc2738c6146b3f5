"""What reconciliation and the money pages of staff need: whose booking a difference is about, sweeps, indexes."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0002_bulk_cancellation"),
        ("payments", "0005_refunds_by_hand_and_credits"),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("task", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name="drift",
            name="booking",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="drifts", to="bookings.booking",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["created_at"], name="payment_created"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["created_at"], name="refund_created"),
        ),
        migrations.AddIndex(
            model_name="paymentoperation",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["created_at"], name="operation_created"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("outcome", "parked")), fields=["received_at"], name="webhook_parked"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["received_at"], name="webhook_received"
            ),
        ),
    ]  # fmt: skip
