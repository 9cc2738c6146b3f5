"""One sandbox process for all these tests, reset before each; and an engine without any process."""

import random
from collections.abc import Iterator

import pytest
import stripe

from sandbox.settings import Settings
from sandbox.world import World
from tests.sandbox.octo_wire import OctoWire
from tests.sandbox.process import OLD_SECRET, SECRET, Receiver, Sandbox, receiving, running
from tests.sandbox.wire import Wire

stripe.enable_telemetry = False


@pytest.fixture(scope="session")
def receiver_of_session() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def process(receiver_of_session: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    more = {
        "SANDBOX_STRIPE_WEBHOOK_URL": receiver_of_session.url,
        "SANDBOX_CLOCK_FILE": str(tmp_path_factory.mktemp("clock") / "clock"),
        "STRIPE_WEBHOOK_SECRET": f"{SECRET}, {OLD_SECRET}",
    }
    with running(**more) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox, receiver_of_session: Receiver) -> Sandbox:
    process.control("reset", {})
    receiver_of_session.forget()
    return process


@pytest.fixture
def receiver(sandbox: Sandbox, receiver_of_session: Receiver) -> Receiver:
    return receiver_of_session


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    http = stripe.RequestsClient(timeout=(2, 5))
    return stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base}, http_client=http)


class Time:
    """The real time of an in-process world: it stands still until told."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def world(time: Time) -> World:
    settings = Settings(
        webhook_url="http://127.0.0.1:9/webhooks/",
        stripe_settlement=("usd", "eur", "gbp"),
        stripe_payouts="manual",
    )
    return World(settings, real=time, randomness=random.Random(7))


@pytest.fixture
def wire(world: World) -> Wire:
    return Wire(world)


@pytest.fixture
def octo(world: World) -> OctoWire:
    return OctoWire(world)
