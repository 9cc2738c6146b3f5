"""Give every venue the ready-made cancellation policies it lacks; what a venue has under these names stays."""

from django.db import migrations

# As they were when this migration was written; new venues take them from rooms.pricing.policies.
READY_MADE = {
    "Flexible": [{"hours": 24, "percent": 100}, {"hours": 4, "percent": 50}],
    "Moderate": [{"hours": 48, "percent": 100}, {"hours": 24, "percent": 50}],
    "Strict": [{"hours": 168, "percent": 100}, {"hours": 48, "percent": 50}],
    "Non-refundable": [{"hours": 0, "percent": 0}],
}


def add_policies(apps, schema_editor):
    venues = apps.get_model("rooms", "Venue")
    policies = apps.get_model("rooms", "CancellationPolicy")
    rows = (
        policies(venue_id=venue_id, name=name, tiers=tiers)
        for venue_id in venues.objects.values_list("pk", flat=True).iterator()
        for name, tiers in READY_MADE.items()
    )
    policies.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("rooms", "0001_initial")]

    operations = [migrations.RunPython(add_policies, migrations.RunPython.noop)]
