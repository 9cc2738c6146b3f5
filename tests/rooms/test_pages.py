"""Home and room pages: what they show, what they refuse, and how much they ask the database."""

import datetime as dt
import re

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from core import clock
from rooms.models import Room
from rooms.pricing.policies import READY_MADE
from tests.support import factories
from tests.support.pages import ahead, nights, text

pytestmark = pytest.mark.django_db

LONG = "x" * 1_000_000


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


# --- home -----------------------------------------------------------------------------------------------------


def test_home_shows_cities_rooms_and_the_promise(client):
    room = factories.room(venue=factories.venue(city="Lisbon"))
    factories.photo(room=room)

    response = client.get("/")

    assert response.status_code == 200
    assert "held, not taken" in text(response)
    assert "?city=Lisbon" in text(response)
    assert room.get_absolute_url() in text(response)


def test_home_without_any_room_still_opens(client):
    assert client.get("/").status_code == 200


def test_home_asks_the_same_queries_for_one_city_and_for_three(client, django_assert_num_queries):
    counts = []
    for cities in (("Lisbon",), ("Berlin", "Vienna")):
        for city in cities:
            factories.photo(room=factories.room(venue=factories.venue(city=city)))
        with django_assert_num_queries(3) as captured:
            client.get("/")
        counts.append(len(captured))

    assert counts == [3, 3]


def test_home_post_is_refused(client):
    assert client.post("/").status_code == 405


# --- a room ---------------------------------------------------------------------------------------------------


def test_room_page_shows_facts_calendar_and_promise(client):
    room = factories.room(amenities=["sea_view"], policy=None)
    factories.photo(room=room, alt="The window seat")

    page = text(client.get(room.get_absolute_url()))

    for part in ("Sea view", "The window seat", "Held, not taken.", "Paris time", "When it is free"):
        assert part in page


def test_room_page_with_dates_shows_the_price_line_by_line(client):
    room = factories.room(price_minor=12_000, cleaning_fee_minor=2_500)

    response = client.get(room.get_absolute_url(), nights(party_size=2))

    assert response.context["offer"].quote.total_minor == 26_500
    for part in ("2 nights at €120.00", "€265.00", "Held today, not taken"):
        assert part in text(response)


def test_room_page_with_taken_dates_offers_others(client):
    room = factories.room()
    factories.booking(room=room, days_ahead=10, nights=2)

    response = client.get(room.get_absolute_url(), nights(party_size=2))

    assert not response.context["offer"].is_free
    assert "Taken at that time." in text(response)
    assert f"check_in={ahead(12)}&amp;check_out={ahead(14)}" in text(response)


@pytest.mark.parametrize("page", ["", "calendar/", "slots/", "quote/", "book/"])
def test_room_that_is_hidden_is_not_found(client, page):
    room = factories.room(is_published=False)

    assert client.get(room.get_absolute_url() + page).status_code == 404


@pytest.mark.parametrize("kind", list(Room.Kind))
def test_room_page_of_every_kind_stays_within_twelve_queries(client, django_assert_max_num_queries, kind):
    room = factories.room(kind=kind, policy=None)
    factories.photo(room=room)
    if kind == Room.Kind.WORKSHOP:
        for n in range(3):
            factories.session(room=room, starts_at=clock.now() + dt.timedelta(days=n + 1))
    choice = nights(party_size=1) if kind == Room.Kind.HOTEL else {"party_size": 1}

    with django_assert_max_num_queries(12):
        assert client.get(room.get_absolute_url(), choice).status_code == 200


def test_quote_partial_is_the_price_alone(client):
    room = factories.room(price_minor=12_000)

    page = text(client.get(f"{room.get_absolute_url()}quote/", nights(party_size=2)))

    assert "€240.00" in page
    assert "<html" not in page


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (nights(12, 10), "Check-out must be after check-in."),
        (nights(-3, -1), "This is in the past."),
        (nights(10, 12, party_size=9), "At most 2 guests fit here."),
        (nights(10, 12, party_size=0), "At least 1."),
        (nights(10, 90), "At most 30 nights."),
        (nights(400, 402), "This can be booked up to"),
        ({"check_in": "9999-12-31", "check_out": "9999-12-31"}, "Choose a date nearer to today."),
        ({"check_in": ahead(3)}, "Choose a check-out date."),
        ({"check_in": "\0", "check_out": LONG}, "This is not a date."),
    ],
)
def test_quote_partial_says_what_is_wrong_with_nights(client, choice, message):
    room = factories.room()

    response = client.get(f"{room.get_absolute_url()}quote/", {"party_size": 1, **choice})

    assert response.status_code == 200
    assert message in text(response)


@pytest.mark.parametrize(
    ("start", "more", "message"),
    [
        ("2027-03-28T02:30", {"hours": 1}, "2:30 AM does not exist on Sunday, March 28, 2027"),
        ("2027-03-29T10:00", {"hours": 0}, "At least 1."),
        ("2027-03-29T10:00", {"end": "2027-03-29T09:00"}, "The end must be after the start."),
        ("2027-03-29T05:00", {"hours": 1}, "Open 8:00 AM – 8:00 PM on Mondays."),
        ("2027-03-29T10:10", {"hours": 1}, "Start on the hour or half hour."),
        ("0001-01-01T00:00+14:00", {"hours": 1}, "Choose a date nearer to today."),
        ("9999-12-31T23:00", {"hours": 300}, "Choose a date nearer to today."),
        ("noon", {"hours": 1}, "This is not a time."),
        (LONG, {"hours": 1}, "Choose when to start."),
    ],
)
def test_quote_partial_says_what_is_wrong_with_hours(client, start, more, message):
    room = factories.room(kind="conference", booking_window_days=2000)

    response = client.get(f"{room.get_absolute_url()}quote/", {"start": start, "party_size": 1, **more})

    assert response.status_code == 200
    assert message in text(response)


def test_quote_of_hours_counts_real_time_over_a_clock_change(client):
    room = factories.room(kind="conference", booking_window_days=2000, price_minor=5_000)
    room.opening_hours.all().delete()

    choice = {"start": "2027-03-28T01:00", "hours": 2, "party_size": 1}
    response = client.get(f"{room.get_absolute_url()}quote/", choice)

    offer = response.context["offer"]
    assert offer.stay.ends_at - offer.stay.starts_at == dt.timedelta(hours=2)
    assert offer.quote.total_minor == 10_000


@pytest.mark.parametrize("number", ["0", "-1", "7" * 30, "x", "\0"])
def test_quote_of_an_unknown_session_asks_to_choose_one(client, number):
    room = factories.room(kind="workshop")

    response = client.get(f"{room.get_absolute_url()}quote/", {"session": number, "party_size": 1})

    assert response.status_code == 200
    assert response.context["choice"].errors


@pytest.mark.parametrize("month", ["2027-03", "2027-99", "0000-00", "9999-12", "x", "\0", ""])
def test_calendar_partial_opens_for_any_month(client, month):
    room = factories.room()

    response = client.get(f"{room.get_absolute_url()}calendar/", {"month": month})

    assert response.status_code == 200
    assert "data-calendar" in text(response)


def test_calendar_partial_marks_taken_nights(client):
    room = factories.room()
    booking = factories.booking(room=room, days_ahead=40, nights=1)
    night = booking.starts_at.astimezone(room.venue.zone).date()

    page = text(client.get(f"{room.get_absolute_url()}calendar/", {"month": f"{night:%Y-%m}"}))

    assert f'data-date="{night}" data-state="taken"' in page


@pytest.mark.parametrize("date", ["", "x", "9999-12-31", "0001-01-01", "\0"])
def test_slots_partial_opens_for_any_day(client, date):
    room = factories.room(kind="expert")

    assert client.get(f"{room.get_absolute_url()}slots/", {"date": date}).status_code == 200


def test_slots_partial_leaves_taken_times_unchoosable(client):
    room = factories.room(kind="conference")
    booking = factories.booking(room=room, days_ahead=10)
    local = booking.starts_at.astimezone(room.venue.zone)

    page = text(client.get(f"{room.get_absolute_url()}slots/", {"date": local.date().isoformat()}))

    assert f'value="{local.isoformat()}"' not in page
    assert page.count('type="radio"') == 11


# --- around the pages -----------------------------------------------------------------------------------------


def test_pages_bear_the_policy_that_allows_no_foreign_script(client):
    policy = client.get("/").headers["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_pages_hold_no_inline_style_or_script(client):
    room = factories.room()
    factories.photo(room=room)

    for url in ("/", "/rooms/", room.get_absolute_url(), reverse("account_login")):
        page = text(client.get(url))
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert " onclick=" not in page


def test_unknown_address_shows_our_page(client):
    response = client.get("/no/such/door/")

    assert response.status_code == 404
    assert "This door leads nowhere" in text(response)


@pytest.mark.parametrize("page", ["400.html", "500.html"])
def test_error_page_needs_neither_request_nor_database(page, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "Roomhold" in render_to_string(page)


def test_healthz_tells_database_and_redis(client):
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (
        200,
        {"ok": True, "database": True, "redis": True, "sweeps": False},
    )


def test_healthz_without_redis_is_still_well(client, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}

    response = client.get("/healthz")

    assert (response.status_code, response.json()["redis"]) == (200, False)


# --- the bar at the foot of a phone's screen ------------------------------------------------------------------


def bar(page: str) -> str:
    return page[page.index('id="book-bar"') :].split("</div>")[0]


def test_room_page_bar_asks_for_dates_and_goes_on_once_they_are_chosen(client):
    room = factories.room(price_minor=12_000)

    undecided = bar(text(client.get(room.get_absolute_url())))
    chosen = bar(text(client.get(room.get_absolute_url(), nights(party_size=2))))

    assert "€120.00 a night · Choose dates" in undecided
    assert "€240.00 · Continue" in chosen
    assert f'href="{room.get_absolute_url()}book/?check_in=' in chosen


def test_quote_partial_brings_the_bar_up_to_date_for_the_script_alone(client):
    room = factories.room(price_minor=12_000)
    url = f"{room.get_absolute_url()}quote/"

    by_script = text(client.get(url, nights(party_size=2), headers={"HX-Request": "true"}))
    plain = text(client.get(url, nights(party_size=2)))

    assert 'hx-swap-oob="innerHTML:#book-bar"' in by_script
    assert "€240.00 · Continue" in by_script
    assert "book-bar" not in plain


def test_room_page_of_an_expert_names_the_length_and_when_it_is_charged(client):
    room = factories.room(kind="expert", appointment_minutes=90)

    page = text(client.get(room.get_absolute_url()))

    assert "1 hour 30 minutes" in page
    assert "Your card is charged only after the appointment took place." in page
    assert "is charged when you book." in page


def test_room_page_publishes_its_policy_by_name_and_rule(client):
    room = factories.room()
    room.policy = factories.policy(venue=room.venue, name="Moderate", tiers=READY_MADE["Moderate"])
    room.save()

    page = text(client.get(room.get_absolute_url()))

    for part in (
        "Moderate",
        "Full refund until 48 hours",
        "50% refund until 24 hours",
        "No refund after that.",
    ):
        assert part in page


def test_workshop_lists_its_sessions_under_their_months_at_the_venue(client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2027, 1, 2, 9, tzinfo=dt.UTC))
    room = factories.room(kind="workshop", venue=factories.venue(time_zone="Asia/Tashkent"))
    # 20:30 UTC on January 31 is February 1 in Tashkent.
    for starts_at in ("2027-01-05T10:00", "2027-01-12T10:00", "2027-01-31T20:30"):
        factories.session(room=room, starts_at=dt.datetime.fromisoformat(f"{starts_at}+00:00"))

    page = text(client.get(room.get_absolute_url()))

    assert re.findall(r'<p class="month">(.*?)</p>', page) == ["January 2027", "February 2027"]
