"""Mend zones that only one of Python and PostgreSQL knows, or that mean two things to them; then refuse them."""

import core.zones
import datetime
import django.db.models.lookups
from django.db import migrations, models

# What IANA itself links these old names to.
LINKS = {
    "CET": "Europe/Brussels", "MET": "Europe/Brussels", "EET": "Europe/Athens", "WET": "Europe/Lisbon",
    "EST": "America/Panama", "MST": "America/Phoenix", "HST": "Pacific/Honolulu",
    "GMT": "UTC", "UCT": "UTC", "Zulu": "UTC",
}
# For a name without a place, such as `localtime`: where most people of the country live.
OF_COUNTRY = {
    "AT": "Europe/Vienna", "DE": "Europe/Berlin", "ES": "Europe/Madrid", "FR": "Europe/Paris",
    "GB": "Europe/London", "IT": "Europe/Rome", "KZ": "Asia/Almaty", "NL": "Europe/Amsterdam",
    "PT": "Europe/Lisbon", "TR": "Europe/Istanbul", "US": "America/New_York", "UZ": "Asia/Tashkent",
}


def mend(apps, schema_editor):
    venues = apps.get_model("rooms", "Venue").objects
    for pk, name, country in venues.exclude(time_zone__in=core.zones.names()).values_list("pk", "time_zone", "country"):
        venues.filter(pk=pk).update(time_zone=LINKS.get(name) or OF_COUNTRY.get(country, "UTC"))


class Migration(migrations.Migration):

    dependencies = [
        ('rooms', '0002_ready_made_policies'),
    ]

    operations = [
        migrations.RunPython(mend, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='venue',
            name='time_zone',
            field=core.zones.ZoneField(help_text='IANA name, e.g. Europe/Paris', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='venue',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.IsNull(models.Func(models.F('time_zone'), models.Value(datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), output_field=models.DateTimeField()), function='timezone', output_field=models.DateTimeField()), False), name='venue_zone_is_known'),
        ),
    ]
