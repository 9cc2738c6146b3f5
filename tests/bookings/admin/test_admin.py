"""A booking's page in the admin, and decisions with their confirm step."""

import datetime as dt

import pytest
from django.urls import reverse

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock, dates
from tests.bookings.admin.walking import actor_of, fresh, page, text
from tests.support import factories
from tests.support.admin_pages import logged_in, told
from tests.support.admin_world import request_of

pytestmark = pytest.mark.django_db

MOST_QUERIES = 13
INDEX = "/admin/"
LIST = "/admin/bookings/booking/"


# --- a request's page -----------------------------------------------------------------------------------------


def test_page_undecided_shows_facts_and_both_buttons(client, request_):
    body = text(client.get(page(request_)))

    for fact in (
        "Elin Guest",
        "elin@example.org",
        "Canal view",
        "2 nights",
        "2 guests",
        "$420.00",
        "To decide",
    ):
        assert fact in body
    assert f'href="{page(request_, "approve")}"' in body
    assert f'href="{page(request_, "decline")}"' in body
    assert "15:00" in body
    assert "Paris time, CE" in body


def test_page_shows_history_with_actors(client, host, request_):
    bookings.decline(booking_id=request_.pk, actor=actor_of(host), reason="We are full.")

    body = text(client.get(page(request_)))

    for moment in ("Room kept", "$420.00 held", "The host said no", "We are full.", "Mara Host"):
        assert moment in body


def test_page_is_no_form_for_anybody(request_):
    for user in (factories.staff(), factories.user(is_staff=True, is_superuser=True)):
        client = logged_in(user)
        assert client.post(page(request_), {"status": "CONFIRMED"}).status_code == 405
        assert client.get(reverse("admin:bookings_booking_add")).status_code == 403
        assert client.post(page(request_, "delete"), {"post": "yes"}).status_code == 403
    assert fresh(request_).status == Status.PENDING_APPROVAL


def test_page_garbage_id_is_404(client):
    for garbage in ("0", "999999", "abc", "1'", "%00", "99999999999999999999"):
        assert client.get(f"{LIST}{garbage}/change/").status_code == 404


def test_page_capturing_says_so_and_polls_fast(client, host, request_):
    bookings.approve(booking_id=request_.pk, actor=actor_of(host))

    body = client.get(page(request_)).content.decode()

    assert "Capturing…" in body
    assert 'data-live-poll="2"' in body
    assert page(request_, "approve") not in body


def test_live_after_capture_shows_confirmed_and_stops_polling(client, host, request_):
    bookings.approve(booking_id=request_.pk, actor=actor_of(host))
    bookings.confirm(booking_id=request_.pk, paid_at=clock.now())

    body = client.get(page(request_, "live")).content.decode()

    assert "Confirmed" in body
    assert "data-live-poll" not in body
    assert "<html" not in body


def test_scripts_in_names_stay_text(client, room):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    room.name = room.venue.name = evil[:100]
    room.save()
    room.venue.save()
    guest = factories.guest_details(name=evil, phone="javascript:alert(1)")
    booking = request_of(room, guest=guest, message=evil)

    pages = [
        page(booking),
        page(booking, "live"),
        page(booking, "approve"),
        page(booking, "decline"),
        LIST,
        INDEX,
    ]
    for address in pages:
        body = client.get(address).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert "&lt;script&gt;alert(1)" in body


# --- approve --------------------------------------------------------------------------------------------------


def test_approve_get_only_asks(client, request_):
    response = client.get(page(request_, "approve"))

    assert response.status_code == 200
    assert "$420.00 will be charged to the guest's card now." in text(response)
    assert fresh(request_).decision == ""


def test_approve_asks_with_what_the_host_earns(client, request_):
    asked = text(client.get(page(request_, "approve")))

    # 10 % of $420.00, which has no tax, is the platform's.
    assert "−$42.00" in asked
    assert "You receive" in asked
    assert "$378.00" in asked
    assert "You receive" not in text(client.get(page(request_, "decline")))


def test_approve_post_decides_and_returns_to_the_page(client, host, request_):
    response = client.post(page(request_, "approve"), follow=True)

    booking = fresh(request_)
    assert (booking.decision, booking.decision_made_by, booking.status) == (
        "approved",
        host,
        "PENDING_APPROVAL",
    )
    assert booking.events.latest("version").actor_kind == "host"
    assert response.redirect_chain == [(page(request_), 302)]
    assert told(response) == ["Approved. $420.00 is being charged; the booking turns to Confirmed by itself."]
    assert "Capturing…" in text(response)


def test_approve_by_staff_is_recorded_as_staff(request_):
    staff = factories.staff()

    logged_in(staff).post(page(request_, "approve"))

    event = fresh(request_).events.latest("version")
    assert (event.actor_kind, event.actor) == ("staff", staff)


def test_approve_by_clerk_decides(room, request_):
    clerk = factories.host(venue=room.venue, role="clerk")

    logged_in(clerk).post(page(request_, "approve"))

    assert fresh(request_).decision_made_by == clerk


def test_approve_twice_answers_with_the_first(client, request_):
    client.post(page(request_, "approve"))

    response = client.post(page(request_, "approve"), follow=True)

    assert told(response)[-1].startswith("Already approved by Mara Host on ")
    assert fresh(request_).version == 3


def test_approve_declined_says_who_and_when(client, room, request_):
    clerk = factories.host(venue=room.venue, role="clerk", name="Tom Clerk")
    now = clock.now()
    bookings.decline(booking_id=request_.pk, actor=actor_of(clerk), reason="Full", now=now)

    response = client.post(page(request_, "approve"), follow=True)

    when = dates.staff_moment_in_zone(now, "Europe/Paris")
    assert told(response) == [f"Already declined by Tom Clerk on {when}. Nothing was changed."]
    assert fresh(request_).status == Status.DECLINED


def test_approve_overdue_is_refused_and_said(client, request_):
    Booking.objects.filter(pk=request_.pk).update(decide_by=clock.now() - dt.timedelta(minutes=1))

    response = client.post(page(request_, "approve"), follow=True)

    assert told(response)[0].startswith("The time to answer ended on ")
    assert fresh(request_).decision == ""
    assert page(request_, "approve") not in response.content.decode()


@pytest.mark.parametrize("verb", ["approve", "decline", "complete"])
def test_decision_in_wrong_state_is_refused_and_said(verb, client, room):
    booking = factories.booking(room=room)

    asked = client.get(page(booking, verb), follow=True)
    done = client.post(page(booking, verb), {"reason": "No"}, follow=True)

    assert told(asked)
    assert told(done)
    assert (fresh(booking).status, fresh(booking).version) == (Status.PENDING_PAYMENT, 1)


def test_decision_by_other_methods_is_405(client, request_):
    for method in (client.put, client.patch, client.delete):
        assert method(page(request_, "approve")).status_code == 405


@pytest.mark.parametrize(
    ("kind", "fields", "consequence"),
    [
        ("conference", {}, "The guest is asked to pay $60.00. Nothing is charged until the guest does."),
        (
            "conference",
            {"price_minor": 0},
            "There is nothing to pay: the booking is confirmed at once.",
        ),
    ],
)
def test_approve_confirm_page_says_what_happens_to_the_money(kind, fields, consequence, client, venue):
    room = factories.room(venue=venue, kind=kind, **{"price_minor": 6_000, **fields})
    booking = factories.booking(room=room)

    assert consequence in text(client.get(page(booking, "approve")))


def test_approve_where_guests_pay_at_the_venue_says_so(client, venue):
    venue.takes_online_payment = False
    venue.save()
    booking = factories.booking(room=factories.room(venue=venue, price_minor=10_000))

    body = text(client.get(page(booking, "approve")))

    assert "$100.00 is paid at the venue; nothing is charged here." in body


# --- decline, cancel, complete --------------------------------------------------------------------------------


def test_decline_confirm_page_says_the_hold_is_released(client, request_):
    body = text(client.get(page(request_, "decline")))

    assert "The hold of $420.00 will be released; nothing is charged." in body


def test_decline_without_reason_keeps_the_request(client, request_):
    response = client.post(page(request_, "decline"), {"reason": "  "})

    assert response.status_code == 422
    assert "This field is required." in text(response)
    assert fresh(request_).decision == ""


@pytest.mark.parametrize("reason", ["x" * 501, "a\x00b"])
def test_decline_with_bad_reason_is_refused_by_the_field(reason, client, request_):
    response = client.post(page(request_, "decline"), {"reason": reason})

    assert response.status_code == 422
    assert response.context["form"].errors["reason"]
    assert fresh(request_).decision == ""


def test_decline_with_reason_closes_the_request(client, request_):
    response = client.post(page(request_, "decline"), {"reason": "Burst pipe"}, follow=True)

    booking = fresh(request_)
    assert (booking.status, booking.decision_reason, booking.due_minor) == (Status.DECLINED, "Burst pipe", 0)
    assert told(response) == ["Declined. The hold of $420.00 will be released; nothing is charged."]


def confirmed(request_, host) -> Booking:
    bookings.approve(booking_id=request_.pk, actor=member_actor(host))
    return bookings.confirm(booking_id=request_.pk, paid_at=clock.now())


def test_cancel_confirmed_returns_all_of_it(client, host, request_):
    confirmed(request_, host)

    asked = client.get(page(request_, "cancel"))
    done = client.post(page(request_, "cancel"), {"reason": "Burst pipe"}, follow=True)

    assert "$420.00 will be returned to the guest's card, in full." in text(asked)
    assert told(done) == ["Cancelled. $420.00 will be returned to the guest's card, in full."]
    assert (fresh(request_).status, fresh(request_).due_minor) == (Status.CANCELLED, 0)


def test_cancel_of_an_undecided_request_is_not_offered(client, request_):
    response = client.get(page(request_, "cancel"), follow=True)

    assert told(response) == ["This request waits for an answer: approve or decline it."]
    assert page(request_, "cancel") not in response.content.decode()


def test_complete_is_offered_once_the_stay_began(client, host, request_):
    booking = confirmed(request_, host)
    assert page(booking, "complete") not in client.get(page(booking)).content.decode()
    past = clock.now() - dt.timedelta(hours=3)
    Booking.objects.filter(pk=booking.pk).update(starts_at=past)

    assert page(booking, "complete") in client.get(page(booking)).content.decode()
    client.post(page(booking, "complete"))

    assert fresh(booking).status == Status.COMPLETED
