"""Payments begun before they kept their mode themselves get the one of the platform's key."""

from django.conf import settings
from django.db import migrations


def write_mode(apps, schema_editor):
    apps.get_model("payments", "Payment").objects.update(is_live=settings.STRIPE_IS_LIVE)


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_all_the_money")]
    operations = [migrations.RunPython(write_mode, migrations.RunPython.noop)]
