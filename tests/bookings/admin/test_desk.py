"""The booking desk: dashboard, list, several decisions at once, their cost and words."""

import datetime as dt

import pytest
from django.urls import reverse

from bookings.actors import member_actor
from bookings.lifecycle import services as booking_services
from bookings.models import Booking
from bookings.phrases import host as host_phrases
from core import clock
from rooms.models import Room
from tests.bookings.admin.walking import actor_of, fresh, page, text
from tests.support import factories
from tests.support.admin_pages import logged_in, queries
from tests.support.admin_world import payment_of, request_of

pytestmark = pytest.mark.django_db

MOST_QUERIES = 13
INDEX = "/admin/"
LIST = "/admin/bookings/booking/"


def confirmed(request_, host) -> Booking:
    booking_services.approve(booking_id=request_.pk, actor=member_actor(host))
    return booking_services.confirm(booking_id=request_.pk, paid_at=clock.now())


# --- many at once ---------------------------------------------------------------------------------------------


def choose(client, bookings, **more) -> object:
    data = {
        "action": "approve_selected",
        "_selected_action": [booking.pk for booking in bookings],
        "index": "0",
    }
    return client.post(LIST, data | more)


def test_bulk_approve_first_lists_each_consequence(client, host, room, request_):
    decided = request_of(room, days_ahead=20)
    booking_services.decline(booking_id=decided.pk, actor=actor_of(host), reason="Full")

    response = choose(client, [request_, decided])

    body = text(response)
    assert "$420.00 will be charged to the guest's card now." in body
    assert "Already declined by Mara Host on" in body
    assert body.count('name="_selected_action"') == 1
    assert fresh(request_).decision == ""


def test_bulk_approve_confirmed_decides_each_and_lists_each_result(client, host, room, request_):
    late = request_of(room, days_ahead=20)
    Booking.objects.filter(pk=late.pk).update(decide_by=clock.now() - dt.timedelta(minutes=1))
    data = {"action": "approve_selected", "_selected_action": [request_.pk, late.pk], "confirmed": "yes"}

    body = text(client.post(LIST, data))

    assert "1 of 2 approved" in body
    assert "$420.00 is being charged" in body
    assert "The time to answer ended on" in body
    assert (fresh(request_).decision, fresh(late).decision) == ("approved", "")


def test_bulk_approve_of_nothing_open_offers_no_button(client, room):
    response = choose(client, [factories.booking(room=room)])

    assert "None of these can be approved" in text(response)
    assert '<button class="rh-button rh-button-main"' not in response.content.decode()


# --- list and dashboard ---------------------------------------------------------------------------------------


def test_list_puts_the_most_urgent_request_first(client, host, room):
    now = clock.now()
    calm = request_of(room, days_ahead=10)
    urgent = request_of(room, days_ahead=20)
    Booking.objects.filter(pk=urgent.pk).update(decide_by=now + dt.timedelta(hours=1, minutes=5))
    decided = request_of(room, days_ahead=30)
    booking_services.approve(booking_id=decided.pk, actor=actor_of(host))
    unpaid = factories.booking(room=room, days_ahead=40)

    rows = list(client.get(LIST).context["cl"].result_list)

    assert rows == [urgent, calm, unpaid, decided]


def test_list_finds_by_reference_name_and_mail(client, room, request_):
    request_of(room, days_ahead=20, guest=factories.guest_details(name="Other"))

    for term in (request_.reference, request_.reference.lower(), "elin", "elin@example"):
        assert list(client.get(LIST, {"q": term}).context["cl"].result_list) == [request_]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"desk": "undecided"}, 1), ({"desk": "capturing"}, 0), ({"status__exact": "PENDING_PAYMENT"}, 1),
        ({"starts_at_from": "2020-01-01", "starts_at_to": "2020-12-31"}, 0), ({"starts_at_from": "2020-01-01"}, 2),
        ({"starts_at_from": "no date"}, 2), ({"starts_at_to": "9999-12-31"}, 2), ({"q": "\x00"}, None),
        ({"p": "99"}, 2), ({"o": "x.y"}, 2),
    ],
    ids=str,
)  # fmt: skip
def test_list_filters(query, found, client, room, request_):
    factories.booking(room=room, days_ahead=30)

    response = client.get(LIST, query)

    if found is None:
        assert response.status_code == 400
    else:
        assert response.context["cl"].result_count == found


def test_list_by_day_counts_days_at_the_venue(client, venue, room):
    venue.time_zone = "Pacific/Auckland"
    venue.save()
    booking = request_of(factories.room(venue=venue, price_minor=100))
    starts = dt.datetime(2027, 5, 1, 20, tzinfo=dt.UTC)
    Booking.objects.filter(pk=booking.pk).update(starts_at=starts, ends_at=starts + dt.timedelta(days=1))

    def found(day: str) -> int:
        return client.get(LIST, {"starts_at_from": day, "starts_at_to": day}).context["cl"].result_count

    assert (found("2027-05-01"), found("2027-05-02"), found("2027-05-03")) == (0, 1, 0)


def test_list_of_staff_filters_by_venue_a_host_of_one_has_no_such_filter(client, room, request_):
    factories.room()
    staff = logged_in(factories.staff())

    for_staff = {spec.title for spec in staff.get(LIST).context["cl"].filter_specs}
    for_host = {spec.title for spec in client.get(LIST).context["cl"].filter_specs}

    assert for_staff - for_host == {"venue"}


def test_dashboard_shows_requests_arrivals_and_money_held(client, host, room, request_):
    arriving = confirmed(
        request_of(room, days_ahead=30, guest=factories.guest_details(name="Arriving Guest")), host
    )
    Booking.objects.filter(pk=arriving.pk).update(starts_at=clock.now())

    body = text(client.get(INDEX))

    assert "Elin Guest" in body
    assert "Arriving Guest" in body
    assert "$420.00 on 1 booking" in body.replace("</b> <small>", " ")
    assert "23 h 59 min left" in body


def test_dashboard_live_part_is_a_fragment_of_the_same(client, request_):
    body = text(client.get(reverse("admin:bookings_booking_desk")))

    assert "Elin Guest" in body
    assert "<html" not in body


def test_dashboard_listens_to_own_venues_only(client, host, venue):
    factories.venue(slug="strange-house")

    body = client.get(INDEX).content.decode()

    assert f'data-live-channel="private-venue-{venue.slug}"' in body


def test_dashboard_empty_says_so(client):
    body = text(client.get(INDEX))

    assert "No request is waiting." in body
    assert "Nobody arrives today." in body


def test_badge_says_demo_only_where_a_sandbox_is(client, settings):
    assert client.get(INDEX).context["environment"] is None

    settings.SANDBOX_URL = "http://127.0.0.1:8001"

    assert client.get(INDEX).context["environment"] == ["Demo", "primary"]


def test_sidebar_counts_undecided_requests(client, room, request_):
    request_of(room, days_ahead=20)

    badge = client.get(LIST).context["sidebar_navigation"][0]["items"][0]

    assert (badge["title"], badge["badge"]) == ("Requests", "2")


# --- cost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [INDEX, LIST])
def test_lists_cost_the_same_for_one_row_and_three(address, client, room):
    request_of(room, days_ahead=10)
    one = queries(client, address)
    for days in (20, 30):
        request_of(room, days_ahead=days)

    assert queries(client, address) == one <= MOST_QUERIES


def test_page_costs_the_same_after_more_happened(client, host, request_):
    payment_of(request_)
    before = queries(client, page(request_))
    confirmed(request_, host)

    assert queries(client, page(request_)) == before <= MOST_QUERIES


# --- words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (dt.timedelta(days=2, hours=3, minutes=4), "2 d 3 h"), (dt.timedelta(hours=5, minutes=12), "5 h 12 min"),
        (dt.timedelta(minutes=40), "40 min"), (dt.timedelta(seconds=30), "less than a minute"),
    ],
)  # fmt: skip
def test_write_span_uses_the_two_largest_units(span, words):
    assert host_phrases.write_span(span) == words


def test_write_stay_by_the_hour_over_the_clock_change_is_wall_time():
    room = factories.room(kind=Room.Kind.CONFERENCE, price_minor=0)
    booking = Booking(
        room=room, time_zone="Europe/Paris",
        starts_at=dt.datetime(2027, 3, 28, 0, 30, tzinfo=dt.UTC), ends_at=dt.datetime(2027, 3, 28, 2, tzinfo=dt.UTC),
    )  # fmt: skip

    assert host_phrases.write_stay(booking) == "Mar 28, 2027, 01:30–04:00"
    assert host_phrases.write_length(booking) == "1 h 30 min"
