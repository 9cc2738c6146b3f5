"""A booking's way with Octo, for tests that call payments' services in this process."""

import json
from typing import Any

from django.test import Client

from payments.models import PaymentSettings, ProviderAccount
from tests.payments.conftest import Journey
from tests.sandbox.process import Receiver, Sandbox
from tests.support import factories

URL = "/webhooks/octo/"
WEEK = 7 * 24 * 60
UZCARD = "8600000000000007"


def octo_venue(**fields: Any):
    """A venue in Tashkent that is paid in so'm by Octo, with the platform's account."""
    place = {"city": "Tashkent", "country": "UZ", "time_zone": "Asia/Tashkent", "currency": "UZS"}
    venue = factories.venue(**{**place, "hold_limit_minutes": 30, "payment_provider": "octo", **fields})
    PaymentSettings.objects.create(venue=venue, provider="octo")
    return venue


def own_account(venue, sandbox: Sandbox, shop_id: int, *, secret: str = "", key: str = "") -> ProviderAccount:
    """An account of the venue's own, admitted at the sandbox, too; its settings use it from now on."""
    secret, key = secret or f"secret-of-{shop_id}", key or f"key-of-{shop_id}"
    sandbox.control("octo/shops", {"shop_id": shop_id, "secret": secret, "unique_key": key})
    account = ProviderAccount.objects.create(
        venue=venue, shop_id=shop_id, secret=secret, unique_key=key, is_test=True
    )
    PaymentSettings.objects.filter(venue=venue).update(octo_account=account)
    return account


class OctoJourney(Journey):
    """A conference room of 800,000 so'm an hour: the host says yes first, then three hours are paid in one stage.

    Callbacks go to `receiver`; `deliver` brings them to the site.
    """

    def __init__(self, sandbox: Sandbox, receiver: Receiver, venue=None, **room: Any) -> None:
        self.sandbox, self.receiver = sandbox, receiver
        fields = {"kind": "conference", "price_minor": 80_000_000, **room}
        self.room = factories.room(venue=venue or octo_venue(), **fields)
        self.host = factories.host(venue=self.room.venue)
        self.booking = factories.booking(room=self.room, nights=3)

    def payable(self) -> "OctoJourney":
        """The host has said yes; the guest may pay."""
        self.approve()
        return self

    def pay(self, card: str = UZCARD, **more: str) -> dict:
        return super().pay(card, **more)

    def paid(self) -> "OctoJourney":
        """Approved, paid and confirmed, as seen by a look."""
        self.payable().authorize()
        self.receiver.forget()
        return self

    def behave(self, **switches: Any) -> None:
        self.sandbox.control("octo/behavior", switches)

    def call_back(self, **forged: Any) -> None:
        """Let Octo send a callback now, with fields forged; its signature stays true unless forged, too."""
        (row,) = [row for row in self.theirs if row["status"] != "canceled"]
        self.sandbox.control("octo/callback", {"payment": row["id"], **forged})

    def deliver(self, *, count: int = 1, times: int = 1) -> list[int]:
        """Wait for Octo's callbacks and post each to the site; return the answers' statuses."""
        self.receiver.wait(count)
        return [self.post(body).status_code for _, body in self.receiver.got for _ in range(times)]

    def post(self, body: bytes | dict) -> Any:
        data = json.dumps(body) if isinstance(body, dict) else body
        return Client().post(URL, data, content_type="application/json")

    def fault(self, operation: str, fault: str, *, times: int = 1, seconds: float = 0) -> None:
        order = {"provider": "octo", "operation": operation, "fault": fault, "times": times}
        self.sandbox.control("faults", order | ({"seconds": seconds} if seconds else {}))

    @property
    def theirs(self) -> list[dict]:
        books = self.sandbox.control("books")["octo"]["payments"]
        return [payment for payment in books if payment["reference"] == self.booking.reference]

    @property
    def effects(self) -> dict[str, int]:
        return self.sandbox.control("books")["octo"]["effects"]
