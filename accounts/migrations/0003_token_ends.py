"""Every token ends; apart from the rows' own migration, which PostgreSQL must have finished first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_token_scopes")]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="expires_at",
            field=models.DateTimeField(db_index=True, editable=False),
        ),
    ]
