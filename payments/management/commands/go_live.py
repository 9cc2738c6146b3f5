"""manage.py go_live: the way from test money to real money. Exit code 1 while anything stands in it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.mode import site_is_live
from payments.monitoring import going_live

NEXT = (
    "Nothing of test mode is open. Now put the live keys in (STRIPE_*, OCTO_*), take ALLOW_TEST_MODE out, restart, and "
    "run this once more."
)
DONE = "This site is live: its keys work, and test money is in no balance, payout or figure from here on."


class Command(BaseCommand):
    help = (
        "Say what keeps this site from taking real money. Run it with the test keys in, before, and with the live keys "
        "in, after. It changes nothing; it exits with 1 while anything is open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """It has none: what is open must end, and cannot be passed over."""

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = going_live.wrong_keys()
        found = going_live.obstacles()
        for sentence in wrong:
            self.stdout.write(sentence)
        for one in found:
            names = ", ".join(one.names) + (", …" if one.count > len(one.names) else "")
            self.stdout.write(f"{one.count} {one.what}: {names}. {one.remedy}")
        if wrong or found:
            raise CommandError("Not yet: see above.")
        self.stdout.write(DONE if site_is_live() else NEXT)
