from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import former_addresses, middleware

        middleware.connect()
        former_addresses.connect()
