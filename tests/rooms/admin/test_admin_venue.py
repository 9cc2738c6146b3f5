"""What belongs to a venue as a whole: its page and team, policies, closed dates."""

import datetime as dt

import pytest

from rooms.models import Blackout, CancellationPolicy, Occupancy, Room, Venue, VenueMember
from tests.support import factories
from tests.support.admin_pages import errors, filled, logged_in, queries, text_of, told, url
from tests.support.pages import ahead

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


# --- venue ----------------------------------------------------------------------------------------------------


def test_venue_manager_sets_answer_hours_and_times(client, venue):
    address = url(Venue, "change", venue.pk)
    data = filled(client.get(address)) | {"answer_hours": "6", "check_in_time": "16:30"}

    assert client.post(address, data).status_code == 302

    venue.refresh_from_db()
    assert (venue.answer_hours, venue.check_in_time) == (6, dt.time(16, 30))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("answer_hours", "0"),
        ("answer_hours", "145"),
        ("time_zone", "Mars/Olympus"),
        ("country", "XX"),
        ("name", ""),
    ],
)
def test_venue_bad_value_is_said_by_the_field(field, value, client, venue):
    address = url(Venue, "change", venue.pk)

    response = client.post(address, filled(client.get(address)) | {field: value})

    assert response.status_code == 200
    assert errors(response)[field]
    assert Venue.objects.get(pk=venue.pk).answer_hours == 24


def test_venue_host_posts_what_the_platform_sets_and_it_is_ignored(client, venue):
    address = url(Venue, "change", venue.pk)
    forged = {
        "platform_fee_percent": "0", "hold_limit_minutes": "999999", "currency": "UZS", "slug": "mine",
        "takes_online_payment": "",
    }  # fmt: skip

    client.post(address, filled(client.get(address)) | forged)

    fresh = Venue.objects.get(pk=venue.pk)
    for name in forged:
        assert getattr(fresh, name) == getattr(venue, name)


def test_venue_owner_sees_the_team_and_cannot_change_it(venue):
    owner = factories.host(venue=venue)
    clerk = factories.host(venue=venue, role="clerk", name="Tom Clerk")
    client, address = logged_in(owner), url(Venue, "change", venue.pk)
    page = client.get(address)
    membership = VenueMember.objects.get(user=clerk)
    forged = {"members-TOTAL_FORMS": "1", "members-INITIAL_FORMS": "1", "members-0-id": membership.pk,
              "members-0-venue": venue.pk, "members-0-role": "owner"}  # fmt: skip

    client.post(address, filled(page) | forged)

    assert "Tom Clerk" in page.content.decode()
    assert "/admin/accounts/user/" not in page.content.decode()
    membership.refresh_from_db()
    assert membership.role == "clerk"


def test_venue_staff_adds_a_member_who_may_then_enter(venue):
    newcomer, address = factories.user(), url(Venue, "change", venue.pk)
    client = logged_in(factories.staff())
    data = filled(client.get(address)) | {
        "members-TOTAL_FORMS": "1", "members-0-venue": venue.pk, "members-0-user": newcomer.pk,
        "members-0-role": "clerk",
    }  # fmt: skip

    assert client.post(address, data).status_code == 302

    assert venue.members.get().user == newcomer
    assert logged_in(newcomer).get("/admin/").status_code == 200


def test_venue_host_adds_none_and_nobody_deletes_one(client, venue):
    assert client.get(url(Venue, "add")).status_code == 403
    assert client.post(url(Venue, "delete", venue.pk), {"post": "yes"}).status_code == 403
    assert logged_in(factories.staff()).get(url(Venue, "add")).status_code == 200


# --- policy ---------------------------------------------------------------------------------------------------


def tier_rows(*rows: tuple[object, object]) -> dict[str, object]:
    """Rows of hours and per cent as the policy's form sends them."""
    return {
        f"tiers_{name}_{n}": value
        for n, row in enumerate(rows, 1)
        for name, value in zip(("hours", "percent"), row, strict=True)
    }


def test_policy_rows_become_tiers_most_hours_first(client, venue):
    data = {"venue": venue.pk, "name": "Own", **tier_rows((24, 50), ("", ""), (48, 100))}

    assert client.post(url(CancellationPolicy, "add"), data).status_code == 302

    assert CancellationPolicy.objects.get().tiers == [
        {"hours": 48, "percent": 100},
        {"hours": 24, "percent": 50},
    ]


def test_policy_saved_is_shown_in_rows_words_and_an_example(client, venue):
    policy = factories.policy(
        venue=venue, tiers=[{"hours": 48, "percent": 100}, {"hours": 24, "percent": 50}]
    )

    response = client.get(url(CancellationPolicy, "change", policy.pk))

    page = response.content.decode()
    boxes = response.context["adminform"].form["tiers"].subwidgets[0].data["subwidgets"]
    assert [box["value"] for box in boxes[:5]] == ["48", "100", "24", "50", None]
    assert 'name="tiers_percent_2" value="50"' in page
    for part in ("50% refund until 24 hours before the start.", "An example: €200.00", "€100.00", "nothing"):
        assert part in page


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(48, "")], "Row 1: fill in both the hours and the per cent."),
        ([("", 50)], "Row 1: fill in both the hours and the per cent."),
        ([(48, 101)], "Row 1, per cent: Ensure this value is less than or equal to 100."),
        ([(48, 100), (-1, 50)], "Row 2, hours: Ensure this value is greater than or equal to 0."),
        ([(48, 100), (48, 50)], "Each number of hours once."),
        ([(48, 50), (24, 100)], "Who cancels later cannot get more back."),
        ([("x", "y")], "Row 1, hours: Enter a whole number."),
        ([(9_999_999, 1)], "Row 1, hours: Ensure this value is less than or equal to 8760."),
        ([("1.5", 1)], "Row 1, hours: Enter a whole number."),
        ([("9" * 5000, 1)], "Row 1, hours: Enter a whole number."),
    ],
)
def test_policy_bad_rows_are_refused_by_the_field(rows, message, client, venue):
    data = {"venue": venue.pk, "name": "Odd", **tier_rows(*rows)}

    response = client.post(url(CancellationPolicy, "add"), data)

    assert errors(response)["tiers"] == [message]
    assert not CancellationPolicy.objects.exists()


def test_venue_added_by_staff_starts_with_the_ready_made_policies(venue):
    staff = logged_in(factories.staff())
    data = filled(staff.get(url(Venue, "add"))) | {
        "name": "New house", "slug": "new-house", "address": "1 Quay", "city": "Paris", "country": "FR",
        "time_zone": "Europe/Paris", "currency": "EUR", "answer_hours": "24", "check_in_time": "15:00",
        "check_out_time": "11:00", "tax_percent": "0",
    }  # fmt: skip

    assert staff.post(url(Venue, "add"), data).status_code == 302

    names = CancellationPolicy.objects.filter(venue__slug="new-house").values_list("name", flat=True)
    assert sorted(names) == ["Flexible", "Moderate", "Non-refundable", "Strict"]


# --- closed dates ---------------------------------------------------------------------------------------------


def closing(of, **fields) -> dict:
    return {
        "rooms": of.pk if of else [],
        "years": "1",
        "first_date": "2027-06-01",
        "last_date": "2027-06-03",
        "note": "Painters",
        **fields,
    }


def test_closing_dates_occupies_the_room_in_its_zone(client, room):
    response = client.post(url(Blackout, "add"), closing(room), follow=True)

    blackout = Blackout.objects.get()
    assert (blackout.kind, blackout.note) == ("blackout", "Painters")
    assert blackout.period.lower == dt.datetime(2027, 6, 1, 13, tzinfo=dt.UTC)
    assert blackout.period.upper == dt.datetime(2027, 6, 4, 9, tzinfo=dt.UTC)
    assert "Jun 1, 2027, 15:00 – Jun 4, 2027, 11:00" in response.content.decode()


def test_closing_dates_of_a_booking_is_refused_by_the_field(client, room):
    booking = factories.booking(room=room, days_ahead=10)
    date = ahead(10)

    response = client.post(url(Blackout, "add"), closing(room, first_date=date, last_date=date))

    message = str(errors(response)["first_date"])
    assert "Nothing is closed: bookings lie in these dates." in message
    assert f"Canal view: {booking.reference} (" in message
    assert f"/admin/bookings/bulkcancellation/close/{room.pk}/?first={date}&amp;last={date}" in message
    assert not Blackout.objects.filter(kind="blackout").exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"last_date": "2027-05-01"}, "last_date"), ({"first_date": "1027-06-01"}, "last_date"),
        ({"years": "11"}, "years"),
        ({"rooms": []}, "venue"),
        ({"first_date": "9999-12-31", "last_date": "9999-12-31"}, "first_date"), ({"rooms": "0"}, "rooms"),
        ({"note": "x" * 201}, "note"), ({"first_date": "2027-02-30"}, "first_date"), ({"note": "a\x00"}, "note"),
    ],
    ids=str,
)  # fmt: skip
def test_closing_bad_dates_is_refused_by_the_field(fields, field, client, room):
    response = client.post(url(Blackout, "add"), closing(room, **fields))

    assert errors(response)[field]
    assert not Occupancy.objects.exists()


def test_closed_dates_reopen_by_delete_and_bookings_occupancy_is_out_of_reach(client, room):
    client.post(url(Blackout, "add"), closing(room))
    booking = factories.booking(room=room)
    taken = Occupancy.objects.get(reference=booking.reference)

    assert client.post(url(Blackout, "delete", taken.pk), {"post": "yes"}).status_code == 404
    assert (
        client.post(
            url(Blackout, "delete", Blackout.objects.get(kind="blackout").pk), {"post": "yes"}
        ).status_code
        == 302
    )

    assert list(Occupancy.objects.all()) == [taken]


def test_closing_a_venue_every_year_closes_all_its_rooms_and_opens_them_together(client, venue, room):
    attic = factories.room(venue=venue, name="Attic")
    whole = closing(room, rooms=[], venue=venue.pk, years="2")

    done = client.post(url(Blackout, "add"), whole, follow=True)

    rows = Blackout.objects.filter(kind="blackout").order_by("period", "room_id")
    assert [(row.room, row.period.lower.year) for row in rows] == [
        (room, 2027), (attic, 2027), (room, 2028), (attic, 2028),
    ]  # fmt: skip
    assert "2 rooms are closed on Jun 1 – Jun 3, 2027, every year up to 2028." in told(done)
    reopen = url(Blackout, "reopen", rows[0].pk)
    assert "Attic, Canal view" in text_of(client.get(reopen))
    assert Blackout.objects.filter(kind="blackout").count() == 4
    client.post(reopen)
    assert Blackout.objects.filter(kind="blackout").count() == 0


def test_closing_rooms_of_two_venues_or_a_strangers_is_refused(client, venue, room):
    other = factories.room()

    response = client.post(url(Blackout, "add"), closing(room, rooms=[room.pk, other.pk]))

    assert errors(response)["rooms"]
    assert not Occupancy.objects.exists()


def test_room_added_in_the_admin_is_closed_with_its_venue(client, venue):
    client.post(url(Blackout, "add"), closing(None, rooms=[], venue=venue.pk))
    data = filled(client.get(url(Room, "add"))) | {
        "name": "Tower",
        "kind": "hotel",
        "capacity": "2",
        "price": "90",
    }

    client.post(url(Room, "add"), data)

    assert Occupancy.objects.filter(room__name="Tower", kind="blackout").count() == 1


# --- cost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Venue, Room, CancellationPolicy, Blackout])
def test_lists_cost_the_same_for_one_row_and_three(model, client, venue):
    def more(n: int) -> None:
        room = factories.room(venue=venue, policy=factories.policy(venue=venue))
        client.post(url(Blackout, "add"), closing(room))

    more(1)
    one = queries(client, url(model, "changelist"))
    more(2)
    more(3)

    assert queries(client, url(model, "changelist")) == one <= MOST_QUERIES
