from django.apps import AppConfig
from django.core.checks import Tags, register


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import mode, zones

        register(zones.check, Tags.database)
        register(mode.check_mode, deploy=True)
