"""Evidence is an object of texts, and a credit ends in a year that can be reckoned with; no column changes."""

import core.typed.bounds
import django.core.serializers.json
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0020_money_lies_where_it_was_taken'),
    ]

    operations = [
        migrations.AlterField(
            model_name='credit',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True, validators=[core.typed.bounds.validate_year]),
        ),
        migrations.AlterField(
            model_name='dispute',
            name='evidence',
            field=core.typed.bounds.ObjectField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, help_text="Texts of the answer, by the provider's names"),
        ),
    ]
