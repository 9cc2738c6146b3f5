"""Venues are approved by staff before they sell; those that are here already sell, and stay approved."""

import core.clock
import core.security.crypto
import django.db.models.deletion
from django.db import migrations, models


def approve_all(apps, schema_editor):
    apps.get_model("rooms", "Venue").objects.update(status="approved")


class Migration(migrations.Migration):

    dependencies = [
        ('rooms', '0008_within_bounds'),
    ]

    operations = [
        migrations.AddField(
            model_name='venue',
            name='approved_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Empty: it sold before venues were approved', null=True),
        ),
        migrations.AddField(
            model_name='venue',
            name='status',
            field=models.CharField(choices=[('draft', 'Draft'), ('waiting', 'Waiting for approval'), ('approved', 'Approved'), ('suspended', 'Suspended')], default='draft', editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='venue',
            name='status_reason',
            field=models.CharField(blank=True, editable=False, help_text='Why it was sent back or suspended, for its team', max_length=500),
        ),
        migrations.CreateModel(
            name='VenueIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('company', 'Company'), ('trader', 'Sole trader'), ('person', 'Private person')], max_length=8, verbose_name='legal form')),
                ('legal_name', core.security.crypto.EncryptedTextField(help_text='As registered', max_length=140)),
                ('registration_number', core.security.crypto.EncryptedTextField(blank=True, help_text='Of the trade or company register; a private person has none', max_length=40)),
                ('legal_address', core.security.crypto.EncryptedTextField(max_length=300, verbose_name='registered address')),
                ('person_name', core.security.crypto.EncryptedTextField(help_text='As in the passport or identity card', max_length=140, verbose_name='responsible person')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('venue', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='identity', to='rooms.venue')),
            ],
            options={
                'verbose_name_plural': 'venue identities',
            },
        ),
        migrations.CreateModel(
            name='VenueNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=24)),
                ('recipient', models.EmailField(max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('paragraphs', models.JSONField(default=list)),
                ('because', models.CharField(help_text='Why it is sent: `Roomhold writes to you because …`', max_length=200)),
                ('action', models.CharField(max_length=60)),
                ('link', core.security.crypto.EncryptedTextField(blank=True)),
                ('created_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=core.clock.now, help_text='Empty once it is sent or given up', null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, max_length=200)),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='rooms.venue')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['next_attempt_at'], name='venue_notice_queued')],
            },
        ),
        migrations.RunPython(approve_all, migrations.RunPython.noop, elidable=True),
    ]
