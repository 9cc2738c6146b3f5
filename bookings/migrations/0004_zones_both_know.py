"""Bookings follow their venue where their zone is mended; then the database refuses such names."""

import core.zones
import datetime
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

# As in rooms.0003.
LINKS = {
    "CET": "Europe/Brussels", "MET": "Europe/Brussels", "EET": "Europe/Athens", "WET": "Europe/Lisbon",
    "EST": "America/Panama", "MST": "America/Phoenix", "HST": "Pacific/Honolulu",
    "GMT": "UTC", "UCT": "UTC", "Zulu": "UTC",
}


def mend(apps, schema_editor):
    venues, bookings = apps.get_model("rooms", "Venue").objects, apps.get_model("bookings", "Booking").objects
    for old, new in LINKS.items():
        bookings.filter(time_zone=old).update(time_zone=new)
    of_venue = Subquery(venues.filter(pk=OuterRef("venue_id")).values("time_zone"))
    bookings.exclude(time_zone__in=core.zones.names()).update(time_zone=of_venue)


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0003_bookings_of_a_venue_by_start'),
        ('rooms', '0003_zones_both_know'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(mend, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='booking',
            name='time_zone',
            field=core.zones.ZoneField(help_text='Of the venue when booked: wall times are shown in it', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.IsNull(models.Func(models.F('time_zone'), models.Value(datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), output_field=models.DateTimeField()), function='timezone', output_field=models.DateTimeField()), False), name='booking_zone_is_known'),
        ),
    ]
