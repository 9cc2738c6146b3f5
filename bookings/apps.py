from django.apps import AppConfig
from django.core.checks import register


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = "Desk"

    def ready(self) -> None:
        from bookings import link_keys

        register(link_keys.check_keys, deploy=True)
