"""Every time that is shown of bookings in another season and year than now has its own zone and year."""

import datetime as dt
import html
import re
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.urls import reverse

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import dates
from rooms.availability.stays import stay_of_hours, stay_of_nights
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db

NOW = "2026-11-30T12:00:00+00:00"
# Zone, first day, last day, and what the zone is called in winter and in summer.
PLACES = {
    "Europe/Lisbon": ("Lisbon time, WET", "Lisbon time, WEST"),
    "America/Los_Angeles": ("Los Angeles time, PST", "Los Angeles time, PDT"),
    "Asia/Tashkent": ("Tashkent time", "Tashkent time"),
}
CASES = [("Europe/Lisbon", "hotel"), ("America/Los_Angeles", "conference"), ("Asia/Tashkent", "hotel")]
WINTER, SUMMER, ACROSS = (dt.date(2027, 1, 14), dt.date(2027, 7, 14), dt.date(2027, 3, 12))
ZONE_NAMED = re.compile(r"(?:Lisbon|Los Angeles|Tashkent) time(?:, [A-Z]{2,5})?")
# Leading zeros, Django's own words, zone ids and bare UTC belong to no form of ours; ISO is for machines alone.
FORBIDDEN = re.compile(
    r"\b0\d:\d\d [AP]M|\b[A-Z][a-z]{2} 0\d\b|[ap]\.m\.|noon|midnight|Europe/Lisbon|America/Los|Asia/Tash"
    r"|\d{4}-\d\d-\d\d"
)


class Times(HTMLParser):
    """Collects what the page's <time> elements say, with the instant they stand for, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._open = self._hidden = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs) -> None:
        if tag == "time":
            self._open = dict(attrs)["datetime"]
            self.found.append((self._open, ""))
        self._hidden = tag if tag in ("script", "style", "option") else self._hidden

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == "time" else self._open
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[-1] = (self._open, self.found[-1][1] + data)
        if not self._hidden:
            self.words.append(data)


def forms_of(instant: dt.datetime, zone: str) -> set[str]:
    """Every way in which a page may write an instant."""
    if len(str(instant)) == len("2027-01-14"):
        return {dates.guest_day(instant, zone), dates.full_date(instant)}
    guest = {
        form(instant, zone)
        for form in (
            dates.guest_moment,
            dates.full_moment,
            dates.guest_time,
            dates.staff_moment,
            dates.staff_time,
        )
    }
    return guest | {f"{dates.guest_date(instant, zone)}, {dates.guest_time(instant, zone)}"}


def check(page: str, zone: str, names: set[str]) -> int:
    """Assert that each time of a page is of the zone, each name of a zone one of `names`; returns how many times."""
    times = Times(page)
    for stamp, shown in times.found:
        is_date = len(stamp) == len("2027-01-14")
        instant = dt.date.fromisoformat(stamp) if is_date else dt.datetime.fromisoformat(stamp)
        if not is_date:
            assert instant.utcoffset() == instant.astimezone(ZoneInfo(zone)).utcoffset(), stamp
        assert " ".join(shown.split()) in forms_of(instant, zone), (stamp, shown)
    words = html.unescape(" ".join(times.words))
    assert set(ZONE_NAMED.findall(words)) <= names
    assert not FORBIDDEN.findall(words)
    return len(times.found)


def booked(zone: str, day: dt.date, kind: str, user) -> Booking:
    venue = factories.venue(time_zone=zone)
    room = factories.room(
        kind=kind, venue=venue, booking_window_days=600, policy=factories.policy(venue=venue)
    )
    if kind == "hotel":
        stay = stay_of_nights(room, day, day + dt.timedelta(days=3))
    else:
        stay = stay_of_hours(
            room, dt.datetime.combine(day, dt.time(9)), dt.datetime.combine(day, dt.time(11))
        )
    return factories.booking(room=room, stay=stay, user=user)


@pytest.fixture(autouse=True)
def _november(time_machine, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    time_machine.move_to(NOW, tick=False)


@pytest.mark.parametrize(("zone", "kind"), CASES)
@pytest.mark.parametrize(("day", "season"), [(WINTER, 0), (SUMMER, 1)])
def test_guest_pages_show_each_time_with_its_own_zone_and_year(client, zone, day, season, kind):
    user = factories.user()
    booking = booked(zone, day, kind, user)
    client.force_login(user)
    winter, other = PLACES[zone][0], PLACES[zone][season]
    plain = winter.split(",")[0]

    for name in ("detail", "live", "cancel"):
        page = text(client.get(reverse(f"bookings:{name}", args=[booking.reference])))
        # Deadlines lie in the present winter, the stay in its own season.
        assert check(page, zone, {winter, other, plain}) >= 2
        assert f"{other}</dd>" in page
        assert f"{day:%b} {day.day}, 2027" in page
    assert check(text(client.get(reverse("bookings:list"), {"tab": "awaiting"})), zone, set()) >= 2


@pytest.mark.parametrize("zone", sorted(PLACES))
def test_stay_over_the_change_of_clocks_names_no_single_season(client, zone):
    user = factories.user()
    booking = booked(zone, dt.date(2027, 3, 27) if zone == "Europe/Lisbon" else ACROSS, "hotel", user)
    client.force_login(user)

    page = text(client.get(booking.get_absolute_url()))

    assert f"<dt>Time zone</dt><dd>{PLACES[zone][0].split(',')[0]}</dd>" in page


@pytest.mark.parametrize(("day", "season"), [(WINTER, 0), (SUMMER, 1)])
@pytest.mark.parametrize("zone", sorted(PLACES))
def test_slots_and_form_name_the_zone_as_of_the_chosen_day(client, zone, day, season):
    booking = booked(zone, day, "conference", factories.user())
    room, name = booking.room, PLACES[zone][season]
    stay = {"start": f"{day.isoformat()}T14:00", "hours": 2, "party_size": 1}

    slots = text(
        client.get(reverse("rooms:slots", args=[room.venue.slug, room.slug]), {"date": day.isoformat()})
    )
    form = text(client.get(reverse("bookings:book", args=[room.venue.slug, room.slug]), stay))

    assert f"Start on {day:%a}, {day:%b} {day.day}, 2027" in slots
    assert f"({name})" in slots
    assert f"<dt>Time zone</dt><dd>{name}</dd>" in form
    assert f"{day:%b} {day.day}, 2027 at 2:00 PM" in form
    check(form, zone, {name, name.split(",")[0]})


@pytest.mark.parametrize(("zone", "kind"), CASES)
@pytest.mark.parametrize(("day", "season"), [(WINTER, 0), (SUMMER, 1)])
def test_admin_pages_show_each_time_with_its_own_zone_and_year(client, zone, day, season, kind):
    booking = booked(zone, day, kind, None)
    if kind == "conference":
        bookings.approve(booking_id=booking.pk, actor=member_actor(factories.host(venue=booking.venue)))
    client.force_login(factories.host(venue=booking.venue))
    names = {PLACES[zone][0], PLACES[zone][season], PLACES[zone][0].split(",")[0]}

    page = text(client.get(reverse("admin:bookings_booking_change", args=[booking.pk])))
    rows = text(client.get(reverse("admin:bookings_booking_changelist")))

    assert f"<dd>{PLACES[zone][season]}</dd>" in page
    assert f"{day:%b} {day.day}, 2027, {'15:00' if kind == 'hotel' else '09:00'}" in page
    check(page, zone, names)
    assert f"{day:%b} {day.day}" in rows
    assert "2027" in rows
    check(rows, zone, names)


@pytest.mark.parametrize(("day", "name"), [(WINTER, "Lisbon time, WET"), (SUMMER, "Lisbon time, WEST")])
def test_session_and_closed_dates_are_written_in_the_venues_time(client, day, name):
    room = factories.room(kind="workshop", venue=factories.venue(time_zone="Europe/Lisbon"))
    starts = dt.datetime.combine(day, dt.time(10), ZoneInfo("Europe/Lisbon"))
    session = factories.session(room=room, starts_at=starts)
    client.force_login(factories.host(venue=room.venue))
    closed = {
        "rooms": room.pk,
        "years": "1",
        "first_date": day + dt.timedelta(days=2),
        "last_date": day + dt.timedelta(days=3),
    }

    opened = text(client.get(reverse("admin:rooms_session_change", args=[session.pk])))
    answer = client.post(reverse("admin:rooms_blackout_add"), {**closed, "note": ""}, follow=True)

    assert str(session) == f"Session, {day:%b} {day.day}, 2027, 10:00 ({name})"
    assert f"{day:%b} {day.day}, 2027, 10:00–12:00 ({name})" in opened
    said = " ".join(map(str, answer.context["messages"]))
    first, after = f"{day:%b} {day.day + 2}, 2027, 00:00", f"{day:%b} {day.day + 4}, 2027, 00:00"
    assert f"{first} – {after} ({name})" in said
    assert f"{first} – {after} ({name})" in html.unescape(text(answer))
