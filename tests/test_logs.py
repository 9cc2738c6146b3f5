"""Logs: the milestones of a booking, and what must never be in them."""

import logging

import pytest
import structlog

from bookings.lifecycle.outbox import deliver_receipt
from bookings.models import EventReceipt
from core.security.logs import configure, mask
from notifications import services as notifications
from payments import tasks
from payments.models import WebhookEvent
from payments.webhooks import services as webhooks
from tests.payments.conftest import Journey, sandbox, sandbox_process  # noqa: F401 - fixtures

MILESTONES = [
    "booking_moved", "creating_payment_session", "payment_session_created", "payment_authorized",
    "booking_approved", "payment_captured", "mail_sent",
]  # fmt: skip


@pytest.fixture
def journey(sandbox, caplog):  # noqa: F811
    caplog.set_level(logging.INFO)
    return Journey(sandbox)


def check_logged(caplog, journey: Journey, milestones: list[str]) -> None:
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    for milestone in milestones:
        mine = [line for line in logged if line["event"] == milestone]
        assert mine, milestone
        assert mine[0]["booking"] == journey.booking.reference


def send_mails() -> None:
    for receipt in EventReceipt.objects.filter(done_at=None, subscriber="notifications"):
        deliver_receipt(receipt.pk)
    for delivery_id in notifications.due_deliveries(50):
        notifications.deliver(delivery_id)


def test_milestones_of_a_booking_are_logged_with_its_reference(journey, caplog):
    journey.authorize()
    journey.approve()
    journey.work()
    tasks.sweep_unpaid()
    send_mails()

    check_logged(caplog, journey, MILESTONES)


def test_milestones_of_a_declined_booking_are_logged_with_its_reference(journey, caplog):
    journey.authorize()
    journey.decline()
    journey.work()

    check_logged(caplog, journey, ["booking_declined", "payment_closed"])


def test_milestones_of_a_message_of_the_provider_are_logged(journey, caplog):
    journey.pay()
    session = {"id": journey.payment.session_ref, "object": "checkout.session"}
    kind = "checkout.session.completed"

    webhooks.receive(
        provider="stripe", event={"id": "evt_1", "type": kind, "livemode": False, "data": {"object": session}}
    )
    webhooks.process(WebhookEvent.objects.get().pk)

    check_logged(caplog, journey, ["webhook_processing", "payment_authorized"])
    received = [line for line in caplog.records if "webhook_received" in str(line.msg)]
    assert [record.msg["type"] for record in received] == [kind]


@pytest.mark.parametrize(
    "secret",
    [
        "4242424242424242", "4242 4242 4242 4242", "4000-0566-5566-5556", "sk_test_51abcDEF", "whsec_9f8e7d",
        "Bearer rh_abcdefghijklmnop", "Booking 0123456789abcdef0123456789abcdef", "pi_3abc_secret_xyz",
    ],
)  # fmt: skip
def test_secret_and_card_like_texts_are_masked(secret):
    assert secret not in mask(f"before {secret} after")


@pytest.mark.parametrize(
    "text", ["in 0.009912345678912345s", "2027-03-01T12:00:00Z", "RH7KQ2M9XC", "pi_3abcDEF"]
)
def test_harmless_texts_stay(text):
    assert mask(text) == text


def test_line_of_a_secret_key_is_masked_in_what_is_written(capfd):
    root = logging.getLogger()
    before = root.handlers, root.level
    configure("json")
    try:
        structlog.get_logger("test").warning(
            "trouble", token="rh_plain", card="4242", note="4242424242424242"
        )
    finally:
        root.handlers, root.level = before[0], before[1]

    written = capfd.readouterr().err
    assert "rh_plain" not in written
    assert "4242" not in written
    assert '"event": "trouble"' in written
    assert written.count("\n") == 1


def test_newline_in_a_value_does_not_forge_a_line(capfd):
    root = logging.getLogger()
    before = root.handlers, root.level
    configure("json")
    try:
        structlog.get_logger("test").warning("trouble", name='x\n{"event": "forged"}\x1b[31m')
    finally:
        root.handlers, root.level = before[0], before[1]

    written = capfd.readouterr().err
    assert written.count("\n") == 1
    assert "\x1b" not in written
