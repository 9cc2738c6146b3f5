from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import former_addresses
        from accounts.sign_in import middleware

        middleware.connect()
        former_addresses.connect()
