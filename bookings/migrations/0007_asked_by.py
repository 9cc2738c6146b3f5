"""Bookings remember who asked, as a digest to count by."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0006_within_bounds'),
        ('rooms', '0008_within_bounds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='asked_by',
            field=models.CharField(blank=True, editable=False, help_text='Counts what one asker keeps open; see bookings.limits', max_length=32),
        ),
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(condition=models.Q(('status__in', ['PENDING_PAYMENT', 'PENDING_APPROVAL', 'CONFIRMED']), ('authorized_at__isnull', True)), fields=['asked_by'], name='booking_open_of_asker'),
        ),
    ]
