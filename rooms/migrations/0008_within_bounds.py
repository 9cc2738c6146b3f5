"""Bring rows back within what dates and sums can be reckoned with; then the database refuses others."""

import core.typed.bounds
import datetime
import django.contrib.postgres.fields.ranges
import django.core.validators
import psycopg2.extras
import rooms.models.tiers
from django.db import migrations, models

MEND = """
    UPDATE rooms_room SET
        price_minor = LEAST(price_minor, 10000000000000),
        cleaning_fee_minor = LEAST(cleaning_fee_minor, 10000000000000),
        notice_minutes = LEAST(notice_minutes, 1054080)
    WHERE price_minor > 10000000000000 OR cleaning_fee_minor > 10000000000000 OR notice_minutes > 1054080;
    UPDATE rooms_venue SET hold_limit_minutes = 129600 WHERE hold_limit_minutes > 129600;
    UPDATE rooms_pricerule SET price_minor = 10000000000000 WHERE price_minor > 10000000000000;
    UPDATE rooms_pricerule SET
        first_date = LEAST(GREATEST(first_date, '2000-01-01'), '2199-12-31'),
        last_date = LEAST(GREATEST(last_date, '2000-01-01'), '2199-12-31')
    WHERE first_date IS NOT NULL OR last_date IS NOT NULL;
    DELETE FROM rooms_occupancy
    WHERE kind IN ('blackout', 'busy') AND NOT period && '[2000-01-01 00:00+00,2200-01-01 00:00+00)';
    UPDATE rooms_occupancy SET period = period * '[2000-01-01 00:00+00,2200-01-01 00:00+00)'
    WHERE kind IN ('blackout', 'busy') AND NOT period <@ '[2000-01-01 00:00+00,2200-01-01 00:00+00)';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('rooms', '0007_search_words_stored'),
    ]

    operations = [
        migrations.RunSQL(MEND, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='cancellationpolicy',
            name='tiers',
            field=models.JSONField(blank=True, default=list, validators=[rooms.models.tiers.validate]),
        ),
        migrations.AlterField(
            model_name='occupancy',
            name='period',
            field=django.contrib.postgres.fields.ranges.DateTimeRangeField(help_text='Half-open, UTC, buffers included', validators=[core.typed.bounds.validate_period]),
        ),
        migrations.AlterField(
            model_name='pricerule',
            name='first_date',
            field=models.DateField(blank=True, null=True, validators=[core.typed.bounds.validate_year]),
        ),
        migrations.AlterField(
            model_name='pricerule',
            name='last_date',
            field=models.DateField(blank=True, null=True, validators=[core.typed.bounds.validate_year]),
        ),
        migrations.AlterField(
            model_name='pricerule',
            name='price_minor',
            field=models.PositiveBigIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10000000000000, 'This is more than any room costs.')]),
        ),
        migrations.AlterField(
            model_name='room',
            name='cleaning_fee_minor',
            field=models.PositiveBigIntegerField(default=0, help_text='Once a booking; minor units', validators=[django.core.validators.MaxValueValidator(10000000000000, 'This is more than any room costs.')]),
        ),
        migrations.AlterField(
            model_name='room',
            name='notice_minutes',
            field=models.PositiveIntegerField(default=0, help_text='Minutes ahead of the start to book at the latest', validators=[django.core.validators.MaxValueValidator(1054080)]),
        ),
        migrations.AlterField(
            model_name='room',
            name='price_minor',
            field=models.PositiveBigIntegerField(help_text='Per night, hour, appointment or seat; minor units', validators=[django.core.validators.MaxValueValidator(10000000000000, 'This is more than any room costs.')]),
        ),
        migrations.AlterField(
            model_name='session',
            name='ends_at',
            field=models.DateTimeField(validators=[core.typed.bounds.validate_year]),
        ),
        migrations.AlterField(
            model_name='session',
            name='starts_at',
            field=models.DateTimeField(validators=[core.typed.bounds.validate_year]),
        ),
        migrations.AlterField(
            model_name='venue',
            name='hold_limit_minutes',
            field=models.PositiveIntegerField(default=10080, help_text='How long the payment provider keeps money held', validators=[django.core.validators.MaxValueValidator(129600)]),
        ),
        migrations.AddConstraint(
            model_name='occupancy',
            constraint=models.CheckConstraint(condition=models.Q(('period__contained_by', psycopg2.extras.DateTimeTZRange(datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), '[)'))), name='occupancy_within_years'),
        ),
        migrations.AddConstraint(
            model_name='pricerule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_date__isnull', True), models.Q(('first_date__gte', datetime.date(2000, 1, 1)), ('first_date__lt', datetime.date(2200, 1, 1))), _connector='OR'), models.Q(('last_date__isnull', True), models.Q(('last_date__gte', datetime.date(2000, 1, 1)), ('last_date__lt', datetime.date(2200, 1, 1))), _connector='OR')), name='price_rule_within_years'),
        ),
        migrations.AddConstraint(
            model_name='pricerule',
            constraint=models.CheckConstraint(condition=models.Q(('price_minor__lte', 10000000000000)), name='price_rule_within_bounds'),
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.CheckConstraint(condition=models.Q(('cleaning_fee_minor__lte', 10000000000000), ('notice_minutes__lte', 1054080), ('price_minor__lte', 10000000000000)), name='room_within_bounds'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at__gte', datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)), ('starts_at__lt', datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)), ('ends_at__gte', datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)), ('ends_at__lt', datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), name='session_within_years'),
        ),
        migrations.AddConstraint(
            model_name='venue',
            constraint=models.CheckConstraint(condition=models.Q(('hold_limit_minutes__lte', 129600)), name='venue_within_bounds'),
        ),
    ]
