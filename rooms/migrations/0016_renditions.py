"""A photo knows which smaller pictures of it are stored."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rooms', '0015_countries'),
    ]

    operations = [
        migrations.AddField(
            model_name='roomphoto',
            name='renditions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=list, editable=False, help_text='Widths of smaller pictures', size=None),
        ),
    ]
