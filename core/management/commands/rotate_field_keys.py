"""`manage.py rotate_field_keys`: encrypts every stored secret anew with the first key of FIELD_ENCRYPTION_KEY."""

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction
from django.db.backends.postgresql.psycopg_any import sql

from core.security.crypto import EncryptedTextField, rotate

BATCH = 500
SEEDS = ["secret", "seed"]


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret anew with the first key of FIELD_ENCRYPTION_KEY. Put the new key in front, "
        "restart, run this, then drop the old key. Safe to interrupt and to run again."
    )

    def handle(self, *args: object, **options: object) -> None:
        for model in apps.get_models():
            if model._meta.proxy:
                continue
            names = [
                str(field.column) for field in model._meta.fields if isinstance(field, EncryptedTextField)
            ]
            if names:
                count = _rotate_table(model, names)
                self.stdout.write(f"{model._meta.label}: {count} rows")
        self.stdout.write(f"{Authenticator._meta.label}: {_rotate_authenticators()} rows")


@transaction.atomic
def _rotate_authenticators() -> int:
    """Rotate the seeds of second factors, kept by allauth inside JSON (accounts.sign_in.second_factor.MFAAdapter)."""
    rows = Authenticator.objects.select_for_update(no_key=True).filter(data__has_any_keys=SEEDS)
    for row in rows:
        for name in set(SEEDS) & set(row.data):
            row.data[name] = _rotated(row._meta.db_table, row.pk, row.data[name])
        row.save(update_fields=["data"])
    return len(rows)


def _rotate_table(model: type[models.Model], columns: list[str]) -> int:
    """Rotate a table, a batch of rows at a time, each batch locked and committed. Raises: CommandError."""
    done, last = 0, 0
    while rows := _rotate_batch(model._meta.db_table, columns, last):
        done, last = done + len(rows), rows[-1]
    return done


@transaction.atomic
def _rotate_batch(table: str, columns: list[str], after: int) -> list[int]:
    # By SQL, since the field itself would show the text and not what is stored.
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns)
    read = sql.SQL("SELECT id, {} FROM {} WHERE id > %s ORDER BY id LIMIT %s FOR NO KEY UPDATE")
    write = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(sql.Identifier(table), changes)
    with connection.cursor() as cursor:
        cursor.execute(read.format(names, sql.Identifier(table)), [after, BATCH])
        rows = cursor.fetchall()
        for pk, *tokens in rows:
            cursor.execute(write, [*(_rotated(table, pk, token) for token in tokens), pk])
    return [pk for pk, *_ in rows]


def _rotated(table: str, pk: int, token: str | None) -> str | None:
    try:
        return token and rotate(token)
    except InvalidToken as error:
        raise CommandError(f"{table} {pk} is encrypted with a key that FIELD_ENCRYPTION_KEY lacks") from error
