"""How many mails an address got of late is asked before each."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0007_asked_by'),
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(django.db.models.functions.text.Upper('recipient'), models.F('message'), name='delivery_of_recipient'),
        ),
    ]
