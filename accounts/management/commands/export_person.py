"""`manage.py export_person <email>`: print all that is held about a person, as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from accounts import people


class Command(BaseCommand):
    help = "Print all that is held about the person of an e-mail address, as JSON, for that person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        try:
            held = people.export(people.find(email))
        except people.NobodyKnown as error:
            raise CommandError("Nothing is held about this address.") from error
        self.stdout.write(json.dumps(held, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
