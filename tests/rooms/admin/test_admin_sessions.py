"""A host adds workshop sessions in the admin: one, a weekly run after a look at its dates, a copy; and changes them."""

import datetime as dt

import pytest

from bookings.actors import member_actor
from bookings.bulk import services as bulk
from core import clock
from rooms.models import Occupancy, Session
from tests.support import factories
from tests.support.admin_pages import errors, filled, logged_in, text_of, told, url

pytestmark = pytest.mark.django_db

SPRING, AUTUMN = "2027-03-28", "2027-10-31"  # when Paris moves its clocks
AT = dt.datetime(2027, 1, 5, 17, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    at = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.fixture
def studio(venue):
    return factories.room(venue=venue, name="Clay room", kind="workshop", capacity=8, price_minor=4_500)


def form(studio, **fields) -> dict[str, str]:
    return {
        "room": studio.pk, "title": "Clay for beginners", "capacity": "6", "price": "", "first_date": "2027-01-05",
        "starts": "18:30", "ends": "21:30", "last_date": "", "fold": "", "count": "", "until": "", **fields,
    }  # fmt: skip


def add(client, studio, **fields):
    return client.post(url(Session, "add"), form(studio, **fields), follow=True)


def starts() -> list[dt.datetime]:
    return list(Session.objects.order_by("starts_at").values_list("starts_at", flat=True))


# --- adding ---------------------------------------------------------------------------------------------------


def test_add_session_in_the_venue_s_time_with_a_price_of_its_own(client, studio):
    response = add(client, studio, price="60.50")

    made = Session.objects.get()
    assert (made.starts_at, made.ends_at - made.starts_at) == (AT, dt.timedelta(hours=3))
    assert (made.title, made.capacity, made.price_minor) == ("Clay for beginners", 6, 6_050)
    assert Occupancy.objects.get(session=made).kind == "session"
    assert "Jan 5, 2027, 18:30" in text_of(response)
    assert "€60.50" in text_of(response)


def test_add_session_over_midnight_ends_on_the_date_given(client, studio):
    add(client, studio, starts="22:00", ends="01:00", last_date="2027-01-06")

    made = Session.objects.get()
    assert made.ends_at - made.starts_at == dt.timedelta(hours=3)


def test_add_weekly_run_lists_its_dates_first_and_then_adds_all(client, studio):
    fields = {"first_date": "2027-03-15", "until": "2027-03-29"}

    asked = add(client, studio, **fields)
    before = Session.objects.count()
    done = add(client, studio, **fields, confirmed="yes")

    dates = ["Mar 15, 2027, 18:30", "Mar 22, 2027, 18:30", "Mar 29, 2027, 18:30"]
    assert all(date in text_of(asked) for date in dates)
    assert "Add 3 sessions" in text_of(asked)
    assert before == 0
    assert [start.hour for start in starts()] == [17, 17, 16]
    assert "3 sessions were added." in told(done)


def test_weekly_run_s_way_back_keeps_what_was_typed(client, studio):
    asked = add(client, studio, count="4", price="60")

    again = client.get(asked.context["edit_url"])

    values = filled(again)
    assert (values["title"], str(values["count"]), values["price"]) == ("Clay for beginners", "4", "60")
    assert str(values["room"]) == str(studio.pk)


def test_add_weekly_run_with_clashes_names_each_and_adds_none(client, studio):
    add(client, studio, title="Glazing", first_date="2027-01-12")
    factories.opening_hours(room=studio)
    closed = {
        "rooms": studio.pk,
        "years": "1",
        "first_date": "2027-01-26",
        "last_date": "2027-01-26",
        "note": "",
    }
    client.post("/admin/rooms/blackout/add/", closed)

    response = add(client, studio, count="4", confirmed="yes")

    message = str(errors(response)["first_date"])
    assert "Tuesday, January 12, 2027: the session “Glazing" in message
    assert "Tuesday, January 26, 2027: closed dates" in message
    assert "January 5" not in message
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"first_date": SPRING, "starts": "02:30"}, "starts", "does not exist"),
        ({"first_date": AUTUMN, "starts": "02:30"}, "fold", "comes twice"),
        ({"ends": "18:30"}, "ends", "after the start"),
        ({"first_date": "2026-11-30"}, "starts", "in the past"),
        ({"count": "3", "until": "2027-03-01"}, "until", "not both"),
        ({"until": "2027-01-01"}, "until", "Not before the first date"),
        ({"until": "2029-01-01"}, "until", "From 1 to 53 dates"),
        ({"count": "54"}, "count", "less than or equal to 53"),
        ({"capacity": "9"}, "capacity", "From 1 to 8 seats"),
        ({"title": ""}, "title", "required"),
        ({"price": "much"}, "price", ""),
        ({"first_date": "9999-12-31"}, "starts", "nearer to today"),
    ],
    ids=str,
)  # fmt: skip
def test_add_session_that_cannot_be_is_refused_by_the_field(client, studio, fields, field, words):
    response = add(client, studio, **fields)

    assert words in str(errors(response)[field])
    assert not Session.objects.exists()


def test_add_session_in_the_hour_that_comes_twice_takes_the_one_chosen(client, studio):
    add(client, studio, first_date=AUTUMN, starts="02:30", ends="05:00", fold="1")

    assert starts() == [dt.datetime(2027, 10, 31, 1, 30, tzinfo=dt.UTC)]


def test_add_session_offers_workshops_of_own_venues_alone(client, studio, room):
    strange = factories.room(kind="workshop")

    response = client.get(url(Session, "add"))
    refused = [add(client, other) for other in (strange, room)]

    assert list(response.context["adminform"].form.fields["room"].queryset) == [studio]
    assert all("valid choice" in str(errors(one)["room"]) for one in refused)
    assert not Session.objects.exists()


def test_clerk_adds_no_session(venue, studio):
    clerk = logged_in(factories.host(venue=venue, role="clerk"))

    assert clerk.get(url(Session, "add")).status_code == 403
    assert clerk.post(url(Session, "add"), form(studio)).status_code == 403
    assert clerk.post(url(Session, "add"), form(studio, count="3")).status_code == 403
    assert not Session.objects.exists()


def test_copy_fills_in_another_a_week_later(client, studio):
    add(client, studio, price="60.50")
    source = Session.objects.get()

    values: dict = filled(client.get(url(Session, "add"), {"copy": source.pk}))

    assert str(values["first_date"]) == "2027-01-12"
    assert (values["title"], values["capacity"], values["price"]) == ("Clay for beginners", 6, "60.50")


@pytest.mark.parametrize("copy", ["0", "x", "9" * 30, "²"])
def test_copy_of_no_session_is_an_empty_form(client, studio, copy):
    assert filled(client.get(url(Session, "add"), {"copy": copy})).get("title", "") == ""


def test_copy_of_a_strange_session_tells_nothing(client, studio):
    strange = factories.session(room=factories.room(kind="workshop"), title="Secret")

    assert "Secret" not in text_of(client.get(url(Session, "add"), {"copy": strange.pk}))


# --- changing -------------------------------------------------------------------------------------------------


@pytest.fixture
def session(client, studio) -> Session:
    add(client, studio)
    return Session.objects.get()


def change(client, session, **fields):
    address = url(Session, "change", session.pk)
    return client.post(address, filled(client.get(address)) | fields, follow=True)


def test_change_untouched_form_changes_nothing(client, session):
    before = Session.objects.values().get()

    change(client, session)

    assert Session.objects.values().get() == before


def test_change_time_while_nothing_is_sold_moves_session_and_claim(client, session):
    change(client, session, first_date="2027-01-06", title="Clay, second try")

    session.refresh_from_db()
    assert (session.title, session.starts_at) == ("Clay, second try", AT + dt.timedelta(days=1))
    assert Occupancy.objects.get().visit.lower == session.starts_at


def test_change_time_with_seats_taken_is_refused_with_the_way_out(client, studio, session, now):
    factories.booking(room=studio, session=session, now=now)

    response = change(client, session, starts="19:30")

    session.refresh_from_db()
    assert "cancel the session" in str(errors(response)["starts"])
    assert session.starts_at == AT


def test_change_seats_and_title_with_seats_taken_is_done(client, studio, session, now):
    factories.booking(room=studio, session=session, party_size=2, now=now)

    fewer = change(client, session, capacity="1")
    change(client, session, capacity="2", title="Clay")

    session.refresh_from_db()
    assert "2 seats are taken" in str(errors(fewer)["capacity"])
    assert (session.capacity, session.title) == (2, "Clay")


def test_change_of_a_cancelled_session_is_refused(client, studio, session, venue):
    host = member_actor(factories.host(venue=venue))
    bulk.begin(target=bulk.Target.of_session(session), actor=host, reason="Ill")

    response = change(client, session, title="Again")

    session.refresh_from_db()
    assert "copy it" in str(errors(response)["__all__"])
    assert session.title == "Clay for beginners"


def test_quicker_rival_is_named_and_what_was_typed_kept(client, studio, monkeypatch):
    """Between the form's look and the claim somebody takes the time."""
    from rooms import sessions

    real = sessions.clashes

    def late(*args, **kwargs):
        found = real(*args, **kwargs)
        monkeypatch.setattr(sessions, "clashes", real)
        add(logged_in(factories.staff()), studio, title="Quicker")
        return found

    monkeypatch.setattr(sessions, "clashes", late)
    response = add(client, studio)

    assert "Quicker" in str(errors(response)["first_date"])
    assert response.context["adminform"].form["title"].value() == "Clay for beginners"
    assert [one.title for one in Session.objects.all()] == ["Quicker"]
