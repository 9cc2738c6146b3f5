"""Dates closed at once are held together, over rooms and years."""

import core.typed.bounds
import core.clock
import datetime
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rooms', '0012_a_venue_keeps_an_owner'),
    ]

    operations = [
        migrations.CreateModel(
            name='Closing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_whole_venue', models.BooleanField(default=False, help_text='Rooms added later are closed, too')),
                ('first_date', models.DateField(validators=[core.typed.bounds.validate_year])),
                ('last_date', models.DateField(help_text='Included', validators=[core.typed.bounds.validate_year])),
                ('years', models.PositiveSmallIntegerField(default=1, help_text='In how many years, one after the other')),
                ('note', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closings', to='rooms.venue')),
            ],
            options={
                'ordering': ['first_date', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='occupancy',
            name='closing',
            field=models.ForeignKey(help_text='Closed together with', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='occupancies', to='rooms.closing'),
        ),
        migrations.AddConstraint(
            model_name='closing',
            constraint=models.CheckConstraint(condition=models.Q(('first_date__lte', models.F('last_date'))), name='closing_dates_in_order'),
        ),
        migrations.AddConstraint(
            model_name='closing',
            constraint=models.CheckConstraint(condition=models.Q(('years__range', (1, 10))), name='closing_years'),
        ),
        migrations.AddConstraint(
            model_name='closing',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_date__isnull', True), models.Q(('first_date__gte', datetime.date(2000, 1, 1)), ('first_date__lt', datetime.date(2200, 1, 1))), _connector='OR'), models.Q(('last_date__isnull', True), models.Q(('last_date__gte', datetime.date(2000, 1, 1)), ('last_date__lt', datetime.date(2200, 1, 1))), _connector='OR')), name='closing_within_years'),
        ),
    ]
