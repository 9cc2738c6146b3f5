from django.apps import AppConfig
from django.core.checks import Tags, register


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import zones

        register(zones.check, Tags.database)
