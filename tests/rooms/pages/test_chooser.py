"""A room's page keeps what is chosen in its address, and its calendar goes where there is something to choose."""

import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from rooms.availability import occupancy
from rooms.pages import chooser
from tests.support import factories
from tests.support.pages import ahead, nights, text

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 30, 9, tzinfo=dt.UTC)


def firsts(shown: dict) -> list[str]:
    return [month.first.isoformat() for month in shown["months"]]


def fill(room, start: dt.datetime, end: dt.datetime) -> None:
    occupancy.claim(room_id=room.pk, period=DateTimeTZRange(start, end, "[)"), kind="blackout")


# --- which months ------------------------------------------------------------------------------------------


def test_months_begin_with_the_present_one_while_it_has_free_days():
    shown = chooser.months({}, factories.room(), NOW)

    assert firsts(shown) == ["2026-11-01", "2026-12-01"]
    assert shown["months"][0].is_nearly_over
    assert not shown["months"][1].is_nearly_over
    assert (shown["previous_month"], shown["next_month"]) == (None, dt.date(2026, 12, 1))


def test_months_begin_where_free_days_are():
    room = factories.room()
    fill(room, NOW - dt.timedelta(days=1), dt.datetime(2027, 1, 20, tzinfo=dt.UTC))

    assert firsts(chooser.months({}, room, NOW)) == ["2027-01-01", "2027-02-01"]


def test_months_of_a_room_without_free_days_begin_with_the_present_one():
    room = factories.room()
    fill(room, NOW - dt.timedelta(days=1), dt.datetime(2028, 1, 1, tzinfo=dt.UTC))

    assert firsts(chooser.months({}, room, NOW)) == ["2026-11-01", "2026-12-01"]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({"month": "2027-02"}, "2027-02-01"),
        ({"day": "2027-02-09"}, "2027-02-01"),
        ({"month": "2027-03", "day": "2027-02-09"}, "2027-03-01"),
        ({"month": "2020-01"}, "2026-11-01"),
        ({"month": "2027-13"}, "2026-11-01"),
        ({"day": "soon"}, "2026-11-01"),
        ({"month": "2040-01"}, "2027-11-01"),
    ],
)
def test_months_follow_the_month_or_the_day_asked(asked, first):
    assert firsts(chooser.months(asked, factories.room(kind="conference"), NOW))[0] == first


def test_last_bookable_month_stands_alone():
    shown = chooser.months({"month": "2027-11"}, factories.room(), NOW)

    assert firsts(shown) == ["2027-11-01"]
    assert shown["next_month"] is None


# --- the page ----------------------------------------------------------------------------------------------


def test_room_page_of_a_day_shows_its_month_and_its_times(client):
    room = factories.room(kind="conference")

    response = client.get(room.get_absolute_url(), {"day": ahead(70)})

    assert response.context["months"][0].first.isoformat() == f"{ahead(70)[:7]}-01"
    assert response.context["day"].isoformat() == ahead(70)


def test_room_page_shows_the_price_of_each_free_night(client):
    room = factories.room(price_minor=18_900)
    factories.price_rule(room=room, price_minor=21_750, weekdays=[4, 5])

    page = text(client.get(room.get_absolute_url()))

    assert '<span class="cost" aria-hidden="true">€189</span>' in page
    assert '<span class="cost" aria-hidden="true">€217.50</span>' in page


@pytest.mark.parametrize(
    ("kind", "button"),
    [("hotel", "Choose dates"), ("conference", "Choose a time"), ("workshop", "Choose a session")],
)
def test_room_page_before_a_choice_says_what_comes_next(client, kind, button):
    room = factories.room(kind=kind, capacity=9)
    if kind == "workshop":
        factories.session(room=room)

    page = text(client.get(room.get_absolute_url()))

    assert f"</svg>{button}</a>" in page
    assert "Check availability" in page
    assert ("Seats (up to 9)" if kind == "workshop" else "Guests (up to 9)") in page


def test_room_page_marks_the_field_that_was_refused(client):
    room = factories.room(kind="conference", capacity=10)
    start = f"{ahead(10)}T10:00"

    page = text(client.get(room.get_absolute_url(), {"start": start, "hours": "2", "party_size": "25"}))
    part = text(
        client.get(f"{room.get_absolute_url()}quote/", {"start": start, "hours": "2", "party_size": "25"})
    )

    assert 'name="party_size" value="25"' in page
    field = page[page.index('name="party_size"') :]
    assert 'aria-invalid="true"' in field[: field.index(">")]
    assert 'data-invalid="party_size "' in part


def test_room_page_keeps_party_and_hours_without_a_time(client):
    room = factories.room(kind="conference", capacity=10)

    form = client.get(room.get_absolute_url(), {"hours": "3", "party_size": "7"}).context["choice"]

    assert (form["hours"].value(), form["party_size"].value()) == (3, 7)


def test_calendar_links_keep_what_is_chosen(client):
    room = factories.room()

    page = text(client.get(room.get_absolute_url(), nights(party_size="2")))

    kept = f"?check_in={ahead(10)}&amp;check_out={ahead(12)}&amp;party_size=2&amp;month="
    assert f'href="{kept}' in page


# --- parts put the choice into the address -----------------------------------------------------------------


def part(client, room, name: str, query: dict, at: str = "", **headers) -> str:
    """Ask for a part of the page as the page does; return the address it is to show."""
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver{room.get_absolute_url()}{at}",
        **headers,
    }
    return client.get(f"{room.get_absolute_url()}{name}/", query, headers=headers).headers["HX-Replace-Url"]


def test_quote_puts_the_choice_into_the_address(client):
    room = factories.room()
    query = nights(party_size="2", strange="x")

    address = part(client, room, "quote", query)

    assert address == f"{room.get_absolute_url()}?check_in={ahead(10)}&check_out={ahead(12)}&party_size=2"
    assert client.get(address).context["offer"].quote.total_minor == 20_000


def test_quote_of_a_session_puts_it_into_the_address(client):
    session = factories.session(room=factories.room(kind="workshop"))

    address = part(client, session.room, "quote", {"session": session.pk, "party_size": "2"})

    assert address.endswith(f"?session={session.pk}&party_size=2")


def test_slots_put_the_day_into_the_address_and_drop_the_time(client):
    room = factories.room(kind="conference")
    at = f"?start={ahead(5)}T10:00&hours=2&party_size=2"

    assert part(client, room, "slots", {"date": ahead(9)}, at) == (
        f"{room.get_absolute_url()}?hours=2&party_size=2&day={ahead(9)}"
    )


def test_slots_of_the_day_field_bring_the_calendar_along(client):
    room = factories.room(kind="conference")
    asked = {"HX-Request": "true", "HX-Trigger": "day-form"}

    page = text(client.get(f"{room.get_absolute_url()}slots/", {"day": ahead(70)}, headers=asked))

    assert '<div id="calendar" hx-swap-oob="true">' in page
    assert f'date={ahead(70)}"' in page


def test_calendar_puts_the_month_into_the_address_and_keeps_the_choice(client):
    room = factories.room()
    at = f"?check_in={ahead(5)}&check_out={ahead(6)}&month=2020-01"

    address = part(client, room, "calendar", {"month": ahead(70)[:7]}, at)

    assert address == (
        f"{room.get_absolute_url()}?check_in={ahead(5)}&check_out={ahead(6)}&month={ahead(70)[:7]}"
    )


@pytest.mark.parametrize("at", ["?check_in=%00%0d%0aX: y", "?%ff", "#x", "?" + "a=1&" * 500])
def test_part_takes_any_address_around_it(client, at):
    room = factories.room()

    address = part(client, room, "calendar", {"month": ahead(70)[:7]}, at)

    assert address.startswith(room.get_absolute_url())
    assert "\r" not in address
    assert "\n" not in address
