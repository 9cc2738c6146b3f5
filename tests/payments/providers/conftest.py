"""Each provider's adapter against the sandbox's process, in words both share; no database needed."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from core import clock
from payments.providers.base import (
    CheckoutRequest,
    CheckoutSession,
    Known,
    KnownRefund,
    Provider,
    ProviderPayment,
    State,
)
from payments.providers.octo.client import OctoAccount, OctoProvider
from payments.providers.stripe import client
from sandbox.settings import Settings
from tests.sandbox.process import Receiver, Sandbox, receiving

VISA = "4242424242424242"
# Addresses nobody listens at: callbacks are dropped unless a test wants them.
NOTIFY_URL = "http://127.0.0.1:9/webhooks/octo/"

OPERATIONS = {
    "stripe": {
        "open": "checkout.sessions.create",
        "fetch": "checkout.sessions.retrieve",
        "capture": "payment_intents.capture",
        "void": "payment_intents.cancel",
        "refund": "refunds.create",
    },
    "octo": {
        "open": "prepare_payment",
        "fetch": "check_status",
        "capture": "set_accept",
        "void": "set_accept",
        "refund": "refund",
    },
}
OPENED = {"stripe": "session_create", "octo": "create"}


@dataclass
class Case:
    """One provider, its sandbox, and the books we would keep of one payment; amounts in minor units."""

    provider: Provider
    sandbox: Sandbox
    currency: str = "UZS"
    amount: int = 50_000_000
    part: int = 12_345_678
    refunds: list[KnownRefund] = field(default_factory=list)
    held_since: dt.datetime | None = None
    capture_minor: int = 0
    session: CheckoutSession | None = None
    ref: str = ""
    ends_at: int = 0

    # --- calls

    def open(
        self, key: str = "RHCASE-checkout-1", *, is_two_stage: bool = True, **changes: Any
    ) -> CheckoutSession:
        self.session = self.provider.open_checkout(
            self.request(is_two_stage=is_two_stage, **changes), key=key
        )
        return self.session

    def fetch(self) -> ProviderPayment:
        seen = self.provider.fetch(session_ref=self.session.ref, provider_ref=self.ref, known=self.known)
        self.ref = seen.provider_ref
        return seen

    def capture(self, amount: int | None = None, key: str = "RHCASE-capture-1") -> None:
        self.capture_minor = amount or self.amount
        self.provider.capture(self.ref, self.capture_minor, key=key, known=self.known)

    def void(self, key: str = "RHCASE-void-1") -> None:
        self.provider.void(self.ref, key=key, known=self.known)

    def refund(self, amount: int, key: str = "RHCASE-refund-1") -> None:
        if all(one.key != key for one in self.refunds):
            self.refunds.append(KnownRefund(key, amount, is_unfinished=True))
        self.provider.refund(self.ref, amount, key=key, known=self.known)
        self.refunds = [one if one.key != key else KnownRefund(key, amount) for one in self.refunds]

    # --- what leads there

    def pay(self, card: str = VISA, action: str = "pay") -> dict[str, Any]:
        return self.sandbox.control("pay", {"url": self.session.url, "card": card, "action": action})

    def hold(self) -> ProviderPayment:
        self.open()
        self.pay()
        seen = self.fetch()
        self.held_since = clock.now()
        return seen

    def take(self, card: str = VISA, **changes: Any) -> ProviderPayment:
        self.open(is_two_stage=False, **changes)
        self.pay(card)
        return self.fetch()

    def advance(self, **time: float) -> None:
        seconds = int(dt.timedelta(**time).total_seconds())
        self.sandbox.control("clock", {"advance_seconds": seconds})

    def fault(self, call: str, fault: str, **more: Any) -> None:
        operation = OPERATIONS[self.provider.name][call]
        order = {"provider": self.provider.name, "operation": operation, "fault": fault}
        self.sandbox.control("faults", {**order, **more})

    # --- what is known, here and there

    def request(self, **changes: Any) -> CheckoutRequest:
        # As stored: a repeated call asks for the same.
        self.ends_at = self.ends_at or int(clock.now().timestamp()) + 33 * 60
        fields = {
            "reference": "RHCASE",
            "payment_id": "7d1ab3a2-39c9-4d64-9d4b-6a1c0f2f9a10",
            "amount_minor": self.amount,
            "currency": self.currency,
            "title": "Sea room, Hotel Aral",
            "description": "Booking RHCASE - Hotel Aral",
            "email": "ada@example.com",
            "success_url": "http://shop.test/return",
            "cancel_url": "http://shop.test/booking",
            "expires_at": self.ends_at,
            **changes,
        }
        return CheckoutRequest(**fields)

    @property
    def known(self) -> Known:
        return Known(
            session_ref=self.session.ref,
            amount_minor=self.amount,
            currency=self.currency,
            held_since=self.held_since,
            is_two_stage=self.held_since is not None,
            capture_minor=self.capture_minor,
            refunds=tuple(self.refunds),
        )

    @property
    def books(self) -> dict[str, Any]:
        """The only payment the provider has."""
        (payment,) = self.sandbox.control("books")[self.provider.name]["payments"]
        return payment

    @property
    def effects(self) -> dict[str, int]:
        return self.sandbox.control("books")[self.provider.name]["effects"]

    @property
    def opened(self) -> int:
        return self.effects.get(OPENED[self.provider.name], 0)


def money(seen: ProviderPayment) -> tuple[State, int, int]:
    """State, authorized and captured amount."""
    return seen.state, seen.authorized_minor, seen.captured_minor


def octo_account(sandbox: Sandbox, **changes: Any) -> OctoAccount:
    fields = {
        "shop_id": Settings.octo_shop_id,
        "secret": Settings.octo_secret,
        "unique_key": Settings.octo_unique_key,
        "api_base": sandbox.base,
        "notify_url": NOTIFY_URL,
        **changes,
    }
    return OctoAccount(**fields)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings) -> Sandbox:
    """A sandbox that has forgotten everything, and whose callbacks go nowhere."""
    sandbox_process.control("reset", {})
    sandbox_process.control("webhooks", {"mode": "drop"})
    settings.STRIPE_API_BASE = sandbox_process.base
    settings.SANDBOX_CLOCK_FILE = sandbox_process.env["SANDBOX_CLOCK_FILE"]
    settings.PROVIDER_READ_SECONDS = 1.0
    return sandbox_process


@pytest.fixture
def octo(sandbox: Sandbox) -> Case:
    return Case(OctoProvider(octo_account(sandbox), pause_seconds=0.05), sandbox)


@pytest.fixture(params=["stripe", "octo"])
def case(request: pytest.FixtureRequest, sandbox: Sandbox) -> Case:
    if request.param == "octo":
        return request.getfixturevalue("octo")
    return Case(client.platform_account(), sandbox)


@pytest.fixture
def receiver(sandbox: Sandbox) -> Iterator[Receiver]:
    """Where Octo's callbacks arrive for once."""
    sandbox.control("webhooks", {"mode": "normal"})
    with receiving() as receiver:
        yield receiver
