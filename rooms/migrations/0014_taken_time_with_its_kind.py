"""Let search read what is taken, and by what kind, from one index."""

from django.contrib.postgres.indexes import GistIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    # Rooms are booked meanwhile.
    atomic = False

    dependencies = [("rooms", "0013_closings")]

    operations = [
        AddIndexConcurrently(
            "occupancy",
            GistIndex(fields=["period", "room"], include=["kind"], name="occupancy_period_room_kind"),
        ),
        RemoveIndexConcurrently("occupancy", "occupancy_period_room"),
    ]
