"""The sandbox's process and a journey's steps, for tests that call payments' services in this process."""

import math
from collections.abc import Iterator

import pytest

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from bookings.lifecycle.outbox import deliver_receipt
from bookings.models import Booking, EventReceipt
from payments import tasks
from payments.lifecycle import services as lifecycle
from payments.models import Payment, PaymentSettings
from sandbox.settings import Settings as SandboxSettings
from tests.payments.paying_out import connected_account
from tests.sandbox.process import Receiver, Sandbox, receiving, running
from tests.support import factories

VISA = "4242424242424242"


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    clock_file = tmp_path_factory.mktemp("payments-sandbox") / "clock"
    with running(SANDBOX_CLOCK_FILE=str(clock_file), SANDBOX_STRIPE_WEBHOOK_URL="") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings, db) -> Sandbox:
    """A sandbox that has forgotten everything; no webhook arrives unless a test brings it."""
    sandbox_process.control("reset", {})
    settings.STRIPE_API_BASE = sandbox_process.base
    settings.SANDBOX_CLOCK_FILE = sandbox_process.env["SANDBOX_CLOCK_FILE"]
    settings.PROVIDER_READ_SECONDS = 1.0
    return sandbox_process


class Journey:
    """One booking's way, step by step, as guests, hosts and workers would take it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.room = factories.room()
        self.host = factories.host(venue=self.room.venue)
        self.booking = factories.booking(room=self.room, nights=2)

    def checkout(self) -> lifecycle.Checkout:
        return lifecycle.start_checkout(self.booking.pk)

    def pay(self, card: str = VISA, **more: str) -> dict:
        return self.sandbox.control("pay", {"url": self.checkout().url, "card": card, **more})

    def authorize(self) -> None:
        self.pay()
        self.sync()

    def sync(self) -> Payment:
        return lifecycle.sync(self.payment.pk)

    def approve(self) -> None:
        bookings.approve(booking_id=self.booking.pk, actor=member_actor(self.host))

    def decline(self) -> None:
        bookings.decline(booking_id=self.booking.pk, actor=member_actor(self.host), reason="Full")

    def settle(self) -> None:
        lifecycle.settle(self.booking.pk)

    def work(self) -> None:
        """Let the workers do all there is to do: receipts, messages, settlements, operations."""
        for receipt in EventReceipt.objects.filter(done_at=None).exclude(subscriber="notifications"):
            deliver_receipt(receipt.pk)
        tasks.sweep_webhooks()
        tasks.sweep_operations()
        tasks.sweep_settlements()
        tasks.sweep_open_payments()

    def advance(self, **time: float) -> None:
        """Move the clock of sandbox and product: days, hours, minutes, seconds."""
        seconds = time.get("days", 0) * 86_400 + time.get("hours", 0) * 3600
        seconds += time.get("minutes", 0) * 60 + time.get("seconds", 0)
        self.sandbox.control("clock", {"advance_seconds": math.ceil(seconds)})

    def fault(self, operation: str, fault: str, *, times: int = 1, seconds: float = 0) -> None:
        order = {"provider": "stripe", "operation": operation, "fault": fault, "times": times}
        self.sandbox.control("faults", order | ({"seconds": seconds} if seconds else {}))

    @property
    def fresh(self) -> Booking:
        return Booking.objects.select_related("room", "venue").get(pk=self.booking.pk)

    @property
    def payment(self) -> Payment:
        return Payment.objects.filter(booking=self.booking).latest("n")

    @property
    def theirs(self) -> list[dict]:
        """The provider's own books of this booking's payments."""
        books = self.sandbox.control("books")["stripe"]["payments"]
        return [payment for payment in books if payment["reference"] == self.booking.reference]

    @property
    def effects(self) -> dict[str, int]:
        return self.sandbox.control("books")["stripe"]["effects"]


@pytest.fixture
def journey(sandbox: Sandbox) -> Journey:
    return Journey(sandbox)


@pytest.fixture
def octo_sandbox(sandbox: Sandbox, receiver: Receiver, settings) -> Sandbox:
    """The sandbox as the platform's Octo shop, whose callbacks `receiver` gets."""
    settings.OCTO_SHOP_ID, settings.OCTO_SECRET = SandboxSettings.octo_shop_id, SandboxSettings.octo_secret
    settings.OCTO_UNIQUE_KEY = SandboxSettings.octo_unique_key
    settings.OCTO_API_BASE, settings.OCTO_TEST = sandbox.base, True
    settings.SITE_URL = receiver.url.removesuffix("/webhooks/")
    return sandbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where a provider's messages arrive, for a test to bring them to the site."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def octo(octo_sandbox: Sandbox, receiver: Receiver):
    """A booking to be paid with Octo in one stage, once the host has said yes."""
    from tests.payments.octo_way import OctoJourney

    return OctoJourney(octo_sandbox, receiver)


@pytest.fixture
def due(journey: Journey) -> Journey:
    """A booking paid by card and begun, at a venue with a Stripe account; the money has become available."""
    ref = connected_account(journey)
    PaymentSettings.objects.create(venue=journey.room.venue, payout_method="stripe", stripe_account_ref=ref)
    journey.authorize()
    journey.approve()
    journey.work()
    journey.advance(days=14)
    return journey
