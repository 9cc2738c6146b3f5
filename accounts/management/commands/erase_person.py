"""`manage.py erase_person <email>`: pseudonymize a person; amounts and the ledger stay."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import people


class Command(BaseCommand):
    help = (
        "Take name, addresses, phone and messages of a person out of every row. Amounts, the ledger and what happened "
        "when stay. Refused, with a date, while money or a dispute is open. Cannot be undone: run export_person first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        try:
            people.erase(people.find(email))
        except people.NobodyKnown as error:
            raise CommandError("Nothing is held about this address.") from error
        except people.ErasureRefused as error:
            lines = "\n".join(f"- {blocker}" for blocker in error.blockers)
            raise CommandError(f"Not yet; nothing was changed.\n{lines}") from error
        self.stdout.write("Erased.")
