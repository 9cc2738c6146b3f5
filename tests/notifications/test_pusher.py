"""The signal to open pages, over the sandbox's real HTTP."""

import pytest
from django.db import connection

from notifications import services
from notifications.channels import pusher
from notifications.channels.base import Refused, Unavailable
from notifications.models import Delivery
from notifications.subscriber import on_booking_event

Channel, State = Delivery.Channel, Delivery.State


def signals(event) -> list[Delivery]:
    on_booking_event(event)
    return list(Delivery.objects.filter(event=event, channel=Channel.PUSHER).order_by("pk"))


def triggered(sandbox, channel: str) -> list[dict]:
    return [one for one in sandbox.control("pusher/messages")["messages"] if one["channel"] == channel]


@pytest.mark.django_db(transaction=True)
def test_event_reaches_both_channels_with_ids_and_no_more(story, sandbox):
    tale = story().authorized()

    for delivery in signals(tale.event):
        services.deliver(delivery.pk)

    booking, event = tale.booking, tale.event
    for channel in (f"private-venue-{booking.venue.slug}", f"private-booking-{booking.reference}"):
        [message] = triggered(sandbox, channel)
        assert message["event"] == "booking-updated"
        assert message["data"] == {
            "booking_id": booking.reference,
            "status": "PENDING_APPROVAL",
            "updated_at": event.created_at.isoformat(),
            "version": 2,
        }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["error_500", "error_429", "html_502", "reset"])
def test_pusher_in_trouble_is_tried_again_later(story, sandbox, fault):
    sandbox.control("faults", {"provider": "pusher", "operation": "*", "fault": fault, "times": 1})
    delivery = signals(story().event)[0]

    services.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 1)
    Delivery.objects.update(next_attempt_at=delivery.created_at)
    services._quiet_until.clear()
    services.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == State.SENT


@pytest.mark.django_db(transaction=True)
def test_pusher_gone_for_good_is_parked_after_few_tries(story, sandbox, settings):
    settings.PUSHER_PORT = 9
    delivery = signals(story().event)[0]

    for _ in range(4):
        Delivery.objects.update(next_attempt_at=delivery.created_at)
        services._quiet_until.clear()
        services.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.PARKED, 4)


def test_wrong_secret_is_unavailable(sandbox, settings):
    settings.PUSHER_SECRET = "another"

    with pytest.raises(Unavailable, match="PusherBadAuth"):
        pusher.publish("private-venue-grand", {"booking_id": "RH1"})


def test_app_id_that_is_no_number_is_refused(settings):
    settings.PUSHER_APP_ID = "my-app"

    with pytest.raises(Refused, match="Invalid app id"):
        pusher.publish("private-venue-grand", {})


@pytest.mark.parametrize(
    ("host", "port", "is_tls"), [("", 443, True), ("127.0.0.1", 8001, False), ("push.example", 443, True)]
)
def test_client_speaks_tls_unless_told_a_plain_port(settings, host, port, is_tls):
    settings.PUSHER_HOST, settings.PUSHER_PORT, settings.PUSHER_CLUSTER = host, port, "mt1"

    client = pusher._client()._pusher_client

    assert client.ssl is is_tls
    assert client.host == (host or "api-mt1.pusher.com")


def test_no_query_is_needed_to_sign(settings):
    signed = pusher.sign("private-venue-grand", "123.456")

    assert signed["auth"].startswith(f"{settings.PUSHER_KEY}:")
    assert not connection.in_atomic_block
