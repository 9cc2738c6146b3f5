"""The calendar file of a booking: stable bytes, one UID, versions that only grow."""

import datetime as dt

import pytest
from icalendar import Calendar

from bookings import ics
from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from tests.support import factories

NOW = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
pytestmark = pytest.mark.django_db


def event_of(content: bytes):
    return Calendar.from_ical(content).walk("VEVENT")[0]


@pytest.fixture
def booking():
    venue = factories.venue(name="Grand, Hôtel", email="desk@hotel.example")
    return factories.booking(room=factories.free_room(venue=venue, name="Blue; Room"), nights=2, now=NOW)


def test_build_confirmed_booking_tells_where_and_when(booking, settings):
    content = ics.build(booking)

    event = event_of(content)
    assert event["uid"] == f"{booking.reference}@127.0.0.1"
    assert event.decoded("dtstart") == booking.starts_at
    assert event.decoded("dtend") == booking.ends_at
    assert b"DTSTART:20270311T140000Z\r\n" in content
    assert event["summary"] == "Blue; Room, Grand, Hôtel"
    assert event["location"] == "Grand, Hôtel, 1 Rue de la Paix, Paris, France"
    assert event["url"] == f"{settings.SITE_URL}/bookings/{booking.reference}/"
    assert event["organizer"] == "mailto:desk@hotel.example"
    assert (event["status"], event["sequence"]) == ("CONFIRMED", 1)
    assert Calendar.from_ical(content)["method"] == "PUBLISH"
    assert booking.secret.encode() not in content


def test_lines_end_in_crlf_and_are_folded(booking):
    content = ics.build(booking)

    lines = content.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(len(line) for line in lines) <= 75


def test_build_twice_gives_the_same_bytes(booking):
    first = ics.build(booking)
    bookings.announce(booking_id=booking.pk, notice="remind_guest", now=NOW + dt.timedelta(days=9))
    booking.refresh_from_db()

    assert ics.build(booking) == first


def test_cancellation_is_a_newer_version_of_the_same_event(booking):
    first = event_of(ics.build(booking))
    later = NOW + dt.timedelta(hours=1)
    booking = bookings.cancel(booking_id=booking.pk, actor=guest_actor(), now=later)

    second = event_of(ics.build(booking, ics.CANCEL))

    assert second["uid"] == first["uid"]
    assert (second["status"], second["sequence"]) == ("CANCELLED", 2)
    assert second.decoded("dtstamp") == later > first.decoded("dtstamp")


def test_request_is_tentative(booking):
    request = factories.booking(now=NOW)

    event = event_of(ics.build(request))

    assert (event["status"], event["sequence"]) == ("TENTATIVE", 0)


@pytest.mark.parametrize("typed", ["A\r\nATTENDEE:mailto:x@evil.example", "A\nEND:VEVENT", 'A";X=1:"'])
def test_names_cannot_add_lines(typed):
    venue = factories.venue(name=typed)
    booking = factories.booking(room=factories.free_room(venue=venue, name=typed), now=NOW)

    content = ics.build(booking).replace(b"\r\n ", b"")

    assert content.count(b"\r\nEND:VEVENT\r\n") == 1
    assert b"\r\nATTENDEE" not in content


def test_mail_part_is_named_and_typed(booking):
    part = ics.mail_part(booking, ics.CANCEL)

    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == "CANCEL"
    assert part.get_filename() == f"roomhold-{booking.reference}.ics"
    assert part.get_payload(decode=True) == ics.build(booking, ics.CANCEL)
