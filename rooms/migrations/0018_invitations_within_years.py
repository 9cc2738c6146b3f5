"""An invitation ends within the years anything happens in."""

import core.typed.bounds
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rooms', '0017_invitation_within_years'),
    ]

    operations = [
        migrations.AlterField(
            model_name='invitation',
            name='expires_at',
            field=models.DateTimeField(validators=[core.typed.bounds.validate_year]),
        ),
    ]
