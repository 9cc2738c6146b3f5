"""`tolov`, an Octo client of other hands, against the running process: it creates, checks and refunds."""

import pytest
from loguru import logger
from tolov.gateways.octo import OctoGateway

from sandbox.settings import Settings
from tests.sandbox.process import Receiver, Sandbox

logger.disable("tolov")


@pytest.fixture
def gateway(sandbox: Sandbox, receiver: Receiver) -> OctoGateway:
    return made(sandbox, receiver, is_test_mode=True)


def made(sandbox: Sandbox, receiver: Receiver, *, is_test_mode: bool) -> OctoGateway:
    gateway = OctoGateway(
        octo_shop_id=Settings.octo_shop_id,
        octo_secret=Settings.octo_secret,
        notify_url=receiver.url,
        is_test_mode=is_test_mode,
    )
    gateway.http_client.base_url = sandbox.base
    return gateway


def test_payment_is_created_checked_and_refunded(
    gateway: OctoGateway, sandbox: Sandbox, receiver: Receiver
) -> None:
    url = gateway.create_payment(id="order-001", amount=50_000, return_url="http://shop.test/back")
    assert url.startswith(f"{sandbox.base}/pay/")
    assert gateway.check_payment("order-001")["data"]["status"] == "created"

    sandbox.control("pay", {"url": url})
    paid = gateway.check_payment("order-001")["data"]
    assert (paid["status"], paid["total_sum"]) == ("succeeded", 50_000.0)
    assert receiver.wait(1)[0]["octo_payment_UUID"] == paid["octo_payment_UUID"]

    refund = gateway.cancel_payment(paid["octo_payment_UUID"], 20_000.5, shop_refund_id="order-001-refund-1")

    assert (refund["error"], refund["data"]["status"]) == (0, "succeeded")
    assert gateway.check_payment("order-001")["data"]["refunded_sum"] == 20_000.5


def test_live_and_test_payments_are_told_apart_in_the_books(
    gateway: OctoGateway, sandbox: Sandbox, receiver: Receiver
) -> None:
    live = made(sandbox, receiver, is_test_mode=False)
    for client, ref in ((gateway, "order-003"), (live, "order-004")):
        sandbox.control(
            "pay", {"url": client.create_payment(id=ref, amount=50_000, return_url="http://shop.test/")}
        )

    books = sandbox.control("books")["octo"]["payments"]

    assert [(one["reference"], one["account"], one["mode"], one["captured_minor"]) for one in books] == [
        ("order-003", "platform", "test", 5_000_000), ("order-004", "platform", "live", 5_000_000),
    ]  # fmt: skip


def test_hold_is_created_by_its_keyword(gateway: OctoGateway, sandbox: Sandbox) -> None:
    url = gateway.create_payment(
        id="order-002", amount="12.50", currency="USD", return_url="http://shop.test/back", auto_capture=False
    )

    sandbox.control("pay", {"url": url})

    assert gateway.check_payment("order-002")["data"]["status"] == "waiting_for_capture"


def test_refusals_are_envelopes_it_can_read(gateway: OctoGateway) -> None:
    unknown = gateway.check_payment("order-404")
    refund = gateway.cancel_payment("11111111-2222-4333-8444-555555555555", 20_000)

    assert (unknown["error"], unknown["data"]) == (1, None)
    assert (refund["error"], refund["data"]) == (11, None)
