"""`manage.py api_token <email>`: print a new API token of a host or of staff."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import ApiToken, User


class Command(BaseCommand):
    help = "Make an API token in the name of a user and print it: the only time it can be seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="command line", help="what the token is for")

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {email}.")
        # Operators are not held to the number a user may make on the account page.
        _row, plain = ApiToken.issue(user=user, name=name[:80])
        self.stdout.write(plain)
