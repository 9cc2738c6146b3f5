"""manage.py seed_demo: fills an empty site with the demo's marketplace. Safe to repeat."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from payments.demo.octo import choose_octo
from payments.demo.play import tell
from rooms.demo.people import plant_people
from rooms.demo.planting import plant_pictures, plant_rates, plant_venues


class Command(BaseCommand):
    help = "Fill the site with the demo's venues, rooms, pictures, accounts and bookings; makes only what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("seed_demo makes accounts with a public password: it runs only with DEBUG.")
        began = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"seed_demo: {time.monotonic() - began:4.1f} s  {text}")
            self.stdout.flush()

        people = plant_people()
        say(f"accounts {', '.join(people)}")
        plant_rates(say)
        plant_venues(people, say)
        plant_pictures(say)
        choose_octo(people, say)
        tell(people, say)
