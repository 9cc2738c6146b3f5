"""`manage.py api_token <email>`: print a new API token of a host or of staff."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import ApiToken, User
from accounts.scopes import SCOPES, USUAL, USUAL_DAYS, refusal_of


class Command(BaseCommand):
    help = "Make an API token in the name of a user and print it: the only time it can be seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="command line", help="what the token is for")
        parser.add_argument("--scopes", default=",".join(USUAL), help=f"some of {','.join(SCOPES)}")
        parser.add_argument("--days", type=int, default=USUAL_DAYS, help="how long it lasts")

    def handle(self, *args: Any, email: str, name: str, scopes: str, days: int, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {email}.")
        asked = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        if refusal := refusal_of(asked, days):
            raise CommandError(refusal)
        # Operators are not held to the number a user may make on the account page.
        _row, plain = ApiToken.issue(user=user, name=name[:80], scopes=asked, days=days)
        self.stdout.write(plain)
