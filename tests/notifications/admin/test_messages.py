"""Messages in the admin, and sending one again."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from notifications.admin import messages as notifications_admin
from notifications.models import Delivery
from tests.support import factories
from tests.support.admin_world import request_of

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/delivery/"


@pytest.fixture
def room():
    return factories.room()


@pytest.fixture
def delivery(room):
    return sent(request_of(room))


@pytest.fixture
def client(room):
    return logged_in(factories.host(venue=room.venue))


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(booking, **fields) -> Delivery:
    defaults = {
        "channel": "email", "recipient": "elin@example.org", "message": "received", "state": "sent",
        "sent_at": clock.now(), "message_id": "<1@x>", "attempts": 1,
    }  # fmt: skip
    return Delivery.objects.create(event=booking.events.first(), **{**defaults, **fields})


def send_again(client, *deliveries):
    ids = [delivery.pk for delivery in deliveries]
    return client.post(LIST, {"action": "send_again", "_selected_action": ids, "index": "0"}, follow=True)


def test_send_again_queues_the_message_as_a_new_mail(client, delivery):
    response = send_again(client, delivery)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.sent_at) == ("queued", 0, None)
    assert delivery.message_id != "<1@x>"
    assert "1 queued to be sent again." in response.content.decode()


def test_send_again_of_a_strange_venues_message_does_nothing(client):
    strange = sent(request_of(factories.room()))

    send_again(client, strange)

    strange.refresh_from_db()
    assert strange.state == "sent"


def test_send_again_of_too_many_sends_none(client, room, delivery, monkeypatch):
    monkeypatch.setattr(notifications_admin, "MOST_AT_ONCE", 1)
    other = sent(request_of(room, days_ahead=20))

    response = send_again(client, delivery, other)

    assert "nothing was sent" in response.content.decode()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_list_finds_by_address_and_booking(client, delivery):
    for term in ("elin@example", delivery.event.booking.reference):
        assert client.get(LIST, {"q": term}).context["cl"].result_count == 1


def test_script_in_an_address_stays_text(client, room):
    sent(request_of(room, days_ahead=20), recipient="<script>alert(1)</script>@x.org")

    assert "<script>alert" not in client.get(LIST).content.decode()


def test_list_costs_the_same_for_one_row_and_three(client, room, delivery):
    def queries() -> int:
        client.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    one = queries()
    for days in (20, 30):
        sent(request_of(room, days_ahead=days))

    assert queries() == one <= 12
