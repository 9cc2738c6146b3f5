"""A deadline is one instant: on the booking's page, in the API and in the mails that name it."""

import datetime as dt
import re

import pytest

from bookings.models import Booking
from notifications.mail import render
from notifications.mail.catalog import MESSAGES
from rooms.models import Room
from tests.api.callers import as_guest_of
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db

DEADLINE = re.compile(r'class="deadline">.*?<time datetime="([^"]+)"')


def to_pay() -> Booking:
    return factories.booking(room=factories.room(approval=Room.Approval.NONE))


def to_answer() -> Booking:
    return factories.booking(room=factories.room(approval=Room.Approval.BEFORE_PAYMENT))


# What is told of which booking: the column, the guest's mail and the host's, as far as they name it.
CASES = [
    (to_pay, "payment_due_at", "pay_by", ["received"]),
    (to_answer, "decide_by", "decide_by", ["requested", "host_request"]),
]


@pytest.mark.parametrize(("made", "column", "fact", "mails"), CASES, ids=[case[0].__name__ for case in CASES])
def test_deadline_is_the_same_on_page_in_the_api_and_in_mails(client, made, column, fact, mails):
    booking = made()
    instant: dt.datetime = getattr(booking, column)
    client.get(booking.secret_path)

    page = text(client.get(booking.get_absolute_url()))
    answer = as_guest_of(booking).get(f"bookings/{booking.reference}").json()

    [shown] = {dt.datetime.fromisoformat(told) for told in DEADLINE.findall(page)}
    assert shown == instant.replace(microsecond=0)
    assert dt.datetime.fromisoformat(answer[column]) == instant
    event = booking.events.latest("version")
    for name in mails:
        is_for_guest = not name.startswith("host")
        facts = render.facts_of(booking, event, is_for_guest=is_for_guest)
        assert facts[fact] in render.write(MESSAGES[name], booking, event).text
