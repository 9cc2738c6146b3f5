"""Prices of several currencies and units: one ranking where they compare, groups side by side where they do not."""

import datetime as dt
import random

import pytest

from core import clock
from rooms.models import Room
from rooms.pricing.compare import Group
from rooms.pricing.quotes import quote
from rooms.search.query import Page, Search, find, stay_in
from rooms.search.stay_prices import total_of_hours, total_of_nights
from tests.support import factories
from tests.support.pages import nights, text

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 30, 9, tzinfo=dt.UTC)
FRIDAY = dt.date(2026, 11, 27)
FIRST, LAST = dt.date(2026, 12, 11), dt.date(2026, 12, 13)


def names(**params) -> list[str]:
    return [room.name for room in find(Search(**params), NOW).rooms]


@pytest.fixture
def rates():
    factories.rates(FRIDAY, USD="1.25", GBP="0.80", UZS="14000")


@pytest.fixture
def rooms():
    """€100, £70 (€87.50), $120 (€96) and 260,000 UZS (€18.57) a night."""
    for name, currency, price_minor in (
        ("Euro", "EUR", 10_000),
        ("Pound", "GBP", 7_000),
        ("Dollar", "USD", 12_000),
        ("Som", "UZS", 26_000_000),
    ):
        factories.room(name=name, venue=factories.venue(currency=currency), price_minor=price_minor)


def test_find_by_price_ranks_every_currency_by_what_it_comes_to(rates, rooms):
    assert names(kind="hotel", sort="price") == ["Som", "Pound", "Dollar", "Euro"]
    assert names(kind="hotel", sort="price_desc") == ["Euro", "Dollar", "Pound", "Som"]
    assert names(kind="hotel", sort="price", currency="UZS") == ["Som", "Pound", "Dollar", "Euro"]


@pytest.mark.parametrize(
    ("limit_minor", "currency", "found"),
    [
        (9_600, "EUR", {"Som", "Pound", "Dollar"}),
        (9_599, "EUR", {"Som", "Pound"}),
        (2_322, "USD", {"Som"}),
        (2_321, "USD", set()),
        (140_000_000, "UZS", {"Som", "Pound", "Dollar", "Euro"}),
        (139_999_999, "UZS", {"Som", "Pound", "Dollar"}),
    ],
)
def test_find_limit_asks_its_currency(rates, rooms, limit_minor, currency, found):
    assert set(names(price_max_minor=limit_minor, currency=currency)) == found


def test_find_limit_without_a_currency_is_in_the_sites_own(rates, rooms, settings):
    settings.DEFAULT_CURRENCY = "USD"

    assert set(names(price_max_minor=2_322)) == {"Som"}


def test_find_by_price_without_fresh_rates_ranks_within_each_currency(rooms):
    factories.rates(dt.date(2026, 11, 24), USD="1.25", GBP="0.80", UZS="14000")
    factories.room(name="Cheap", venue=factories.venue(currency="GBP"), price_minor=100)

    page = find(Search(kind="hotel", sort="price", currency="USD"), NOW)

    assert [room.name for room in page.rooms] == ["Dollar", "Euro", "Cheap", "Pound", "Som"]
    groups = [page.compared.group(room) for room in page.rooms]
    assert [group.currency for group in groups] == ["", "EUR", "GBP", "GBP", "UZS"]
    assert names(price_max_minor=10**9, currency="USD") == ["Dollar"]


def test_find_by_price_keeps_nights_hours_and_seats_apart(rates):
    venue = factories.venue()
    for kind, price_minor in (("hotel", 300), ("conference", 200), ("expert", 400), ("workshop", 100)):
        factories.room(name=kind, venue=venue, kind=kind, price_minor=price_minor)
    factories.room(name="hotel 2", venue=venue, price_minor=50)

    page = find(Search(sort="price"), NOW)

    assert [room.name for room in page.rooms] == ["hotel 2", "hotel", "conference", "expert", "workshop"]
    assert page.compared.group(page.rooms[0]) == Group("hotel")
    assert names(sort="price_desc")[:2] == ["hotel", "hotel 2"]


def test_find_by_price_of_dates_ranks_the_whole_stay(rates):
    dear_nights = factories.room(name="Weekend", price_minor=5_000)
    factories.price_rule(room=dear_nights, price_minor=30_000, weekdays=[4, 5])
    factories.room(name="Cleaned", price_minor=6_000, cleaning_fee_minor=9_000)
    pounds = factories.venue(currency="GBP", tax_percent=10)
    factories.room(name="Pound", venue=pounds, price_minor=7_500)  # 16,500 pence, €206.25
    stay = {"check_in": FIRST, "check_out": LAST}

    assert names(sort="price", **stay) == ["Pound", "Cleaned", "Weekend"]
    assert names(sort="price_desc", **stay) == ["Weekend", "Cleaned", "Pound"]
    assert names(sort="price") == ["Weekend", "Cleaned", "Pound"]


def test_find_by_price_of_hours_ranks_meetings_and_experts_together(rates):
    factories.room(name="Hall", kind="conference", price_minor=5_000)
    factories.room(name="Expert", kind="expert", price_minor=4_000)
    start = dt.datetime(2026, 12, 8, 10)

    assert names(sort="price", start=start, end=start + dt.timedelta(hours=2)) == ["Expert", "Hall"]


def test_find_by_price_of_dates_pages_through_every_room_once(rates):
    venue = factories.venue()
    for n in range(5):
        factories.room(name=f"{n}", venue=venue, price_minor=100)
    asked = Search(sort="price", check_in=FIRST, check_out=LAST)

    pages = [find(asked, NOW, number, size=2) for number in (1, 2, 3, 4)]

    assert [len(page.rooms) for page in pages] == [2, 2, 1, 0]
    assert [page.total for page in pages] == [5, 5, 5, 5]
    assert [page.has_next for page in pages] == [True, True, False, False]
    assert [room.name for page in pages for room in page.rooms] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("number", "total", "numbers"),
    [
        (1, 0, [1]),
        (1, 12, [1]),
        (1, 36, [1, 2, 3]),
        (5, 128, [1, None, 4, 5, 6, None, 11]),
        (3, 128, [1, 2, 3, 4, None, 11]),
        (9, 128, [1, None, 8, 9, 10, 11]),
        (40, 128, [1, None, 11]),
    ],
)
def test_page_links_to_its_neighbors_and_both_ends(number, total, numbers):
    assert Page([], number, total).numbers == numbers


def test_find_usual_order_gives_each_venue_its_turn_and_near_sizes_first():
    for _ in range(2):
        venue = factories.venue()
        for capacity in (2, 8):
            factories.room(venue=venue, name=f"{venue.name}-{capacity}", capacity=capacity)

    assert [name[-1] for name in names()] == ["2", "2", "8", "8"]
    assert [name[-1] for name in names(guests=3)] == ["8", "8"]
    assert [name[-1] for name in names(guests=1)] == ["2", "2", "8", "8"]


def _some_prices(dice: random.Random, room: Room) -> None:
    """A few rules that overlap: weekdays, seasons with open ends, discounts."""
    for _ in range(dice.choice([0, 1, 3])):
        first = dice.choice([None, FIRST + dt.timedelta(days=dice.randrange(-5, 5))])
        last = dice.choice([None, (first or FIRST) + dt.timedelta(days=dice.randrange(0, 9))])
        price = dice.choice(
            [{"price_minor": dice.randrange(20_000)}, {"discount_percent": dice.randrange(101)}]
        )
        factories.price_rule(
            room=room, first_date=first, last_date=last, weekdays=dice.sample(range(7), dice.choice([0, 0, 2, 5])),
            min_units=dice.randrange(1, 4) if "discount_percent" in price else None,
            **{"price_minor": None, **price},
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["hotel", "conference", "expert"])
def test_price_of_a_stay_in_sql_is_the_quotes(kind):
    dice = random.Random(20261130)
    zones = ["Europe/Paris", "Pacific/Kiritimati", "America/New_York"]
    venues = [factories.venue(time_zone=zone, tax_percent=dice.choice([0, 7.5])) for zone in zones]
    for _ in range(40):
        room = factories.room(
            venue=dice.choice(venues), kind=kind, price_minor=dice.randrange(20_000), max_units=60,
            cleaning_fee_minor=dice.choice([0, 1_001]), appointment_minutes=dice.choice([30, 60]),
        )  # fmt: skip
        _some_prices(dice, room)
    rooms = Room.objects.select_related("venue").prefetch_related("price_rules")

    for days, hours in ((1, 1), (2, 20), (9, 49)):
        start = dt.datetime(2026, 12, 11, 22)
        nights = total_of_nights(FIRST, FIRST + dt.timedelta(days=days))
        asked = Search(check_in=FIRST, check_out=FIRST + dt.timedelta(days=days))
        if kind != "hotel":
            end = start + dt.timedelta(hours=hours)
            nights, asked = total_of_hours(start, end), Search(start=start, end=end)
        for room in rooms.annotate(sql_minor=nights):
            assert room.sql_minor == quote(room, stay_in(room, asked), 1, now=NOW).total_minor


# --- page and API -----------------------------------------------------------------------------------------


def test_search_page_says_the_currency_and_the_day_of_the_rates(client):
    factories.rates(USD="1.25")
    factories.room(venue=factories.venue(currency="USD"), price_minor=12_000)

    page = text(client.get("/rooms/", {"sort": "price", "price_max": "96"}))

    assert "Prices are compared in EUR by rates of" in page
    assert "about €96.00" in page
    assert "up to €96.00" in page
    assert "By the night" in page


def test_search_page_limit_is_read_in_the_chosen_currency(client):
    factories.rates(UZS="14000")
    room = factories.room(price_minor=10_000)

    within = client.get("/rooms/", {"price_max": "1400000", "currency": "UZS"})
    beyond = client.get("/rooms/", {"price_max": "1399999.99", "currency": "UZS"})

    assert [item.room for item in within.context["results"].items] == [room]
    assert "up to 1,400,000 UZS" in text(within)
    assert "about 1,400,000 UZS" in text(within)
    assert beyond.context["results"].items == []


def test_search_page_without_fresh_rates_says_so_and_names_each_currency(client):
    factories.room(venue=factories.venue(currency="GBP"))

    page = text(client.get("/rooms/", {"sort": "price"}))

    assert (
        "There are no exchange rates of the last days: prices are compared within each currency, EUR first."
        in page
    )
    assert "GBP <span" in page
    assert "about €" not in page


def test_search_page_unknown_currency_is_refused_by_its_field(client):
    response = client.get("/rooms/", {"currency": "XXX"})

    assert list(response.context["form"].errors) == ["currency"]
    assert response.context["results"] is None
    assert client.get("/rooms/", {"currency": "EUR"}).context["results"] is not None


def test_search_page_tells_the_total_and_links_numbered_pages(client):
    venue = factories.venue()
    for _ in range(25):
        factories.room(venue=venue)

    page = text(client.get("/rooms/", {"page": "2"}))

    assert "25 rooms, page 2 of 3" in page
    assert 'rel="prev" href="/rooms/?page=1"' in page
    assert 'href="/rooms/?page=2" aria-current="page"' in page
    assert 'rel="next" href="/rooms/?page=3"' in page
    assert "Best match:" in page


def test_rooms_api_compares_in_the_currency_asked(client):
    factories.rates(USD="1.25")
    dollars = factories.room(venue=factories.venue(currency="USD"), price_minor=12_000)
    euros = factories.room(price_minor=10_000)
    today = clock.now().date().isoformat()

    def asked(**query) -> dict:
        return client.get("/api/v1/rooms", query).json()

    ranked = asked(sort="price_desc", currency="USD")
    assert [item["path"] for item in ranked["items"]] == [euros.path, dollars.path]
    assert ranked["compared"] == {"currency": "USD", "rates_as_of": today}
    assert [item["path"] for item in asked(price_max_minor=12_499, currency="USD")["items"]] == [dollars.path]
    assert [item["path"] for item in asked(price_max="96.00")["items"]] == [dollars.path]
    assert (asked()["total"], asked()["compared"]) == (2, None)
    assert (ranked["items"][1]["price_minor"], ranked["items"][1]["currency"]) == (12_000, "USD")


@pytest.mark.parametrize(
    ("query", "field"), [({"currency": "XXX"}, "currency"), ({"price_max": "1.234"}, "price_max")]
)
def test_rooms_api_refuses_a_limit_it_cannot_read(client, query, field):
    response = client.get("/api/v1/rooms", query)

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_search_page_by_price_of_dates_asks_as_many_queries_for_one_room_as_for_three(
    client, django_assert_num_queries
):
    for rooms in (1, 2):
        for _ in range(rooms):
            factories.photo(room=factories.room())
        with django_assert_num_queries(5):
            client.get("/rooms/", nights(kind="hotel", sort="price"))
