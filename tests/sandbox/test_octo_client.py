"""`tolov`, an Octo client of other hands, against the running process: it creates, checks and refunds."""

import pytest
from loguru import logger
from tolov.gateways.octo import OctoGateway

from sandbox.settings import Settings
from tests.sandbox.process import Receiver, Sandbox

logger.disable("tolov")


@pytest.fixture
def gateway(sandbox: Sandbox, receiver: Receiver) -> OctoGateway:
    gateway = OctoGateway(
        octo_shop_id=Settings.octo_shop_id,
        octo_secret=Settings.octo_secret,
        notify_url=receiver.url,
        is_test_mode=True,
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
