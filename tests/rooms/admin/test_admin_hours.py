"""Opening hours in the admin: what runs past midnight is meant, or two times were swapped."""

import datetime as dt

import pytest

from rooms.models import OpeningHours, Room
from tests.support import factories
from tests.support.admin_pages import filled, inline_errors, url
from tests.support.pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(venue):
    made = factories.room(venue=venue, kind="conference")
    factories.photo(room=made)
    made.opening_hours.exclude(weekday=1).delete()
    return made


def save(client, hall, **fields):
    address = url(Room, "change", hall.pk)
    sent = filled(client.get(address)) | {f"opening_hours-0-{name}": value for name, value in fields.items()}
    return client.post(address, {name: value for name, value in sent.items() if value != ""})


def kept() -> tuple[dt.time, dt.time]:
    return OpeningHours.objects.values_list("opens", "closes").get()


@pytest.mark.parametrize(("opens", "closes"), [("18:00", "09:00"), ("09:00", "09:00")])
def test_hours_past_midnight_are_asked_for_and_then_kept_and_told(client, hall, opens, closes):
    asked = save(client, hall, opens=opens, closes=closes)
    before = kept()
    done = save(client, hall, opens=opens, closes=closes, overnight="on")
    again = save(client, hall)  # as it is now

    assert "the next day. If so, say “Until the next day”; else swap the two." in str(inline_errors(asked))
    assert before == (dt.time(8), dt.time(20))
    assert (done.status_code, again.status_code) == (302, 302)
    assert kept() == (dt.time.fromisoformat(opens), dt.time.fromisoformat(closes))
    assert "9:00 AM the next day" in text(client.get(hall.get_absolute_url()))


@pytest.mark.parametrize("closes", ["20:00", "00:00"])
def test_hours_of_one_day_are_none_until_the_next(client, hall, closes):
    refused = save(client, hall, closes=closes, overnight="on")
    done = save(client, hall, closes=closes)

    assert "These hours end on the same day." in str(inline_errors(refused))
    assert done.status_code == 302
    assert kept() == (dt.time(8), dt.time.fromisoformat(closes))
