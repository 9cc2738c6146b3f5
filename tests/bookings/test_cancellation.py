"""What a guest who cancels gets back: by status and policy, on pages and over the API, and what the verb then does."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from bookings import cancellation
from bookings.actors import guest_actor, member_actor
from bookings.cancellation import terms_of
from bookings.errors import InvalidTransition
from bookings.lifecycle import services as booking_services
from bookings.models import Booking
from core import clock
from rooms.pricing.policies import READY_MADE
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _surroundings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


def room_with(policy: str, **fields):
    room = factories.room(price_minor=9_000, **fields)
    room.policy = factories.policy(venue=room.venue, name=policy, tiers=READY_MADE[policy])
    room.save()
    return room


def held(room, **more) -> Booking:
    booking = factories.booking(room=room, nights=2, **more)
    return booking_services.authorize(booking_id=booking.pk, held_until=clock.now() + dt.timedelta(days=7))


def confirmed(room, **more) -> Booking:
    booking = held(room, **more)
    booking_services.approve(booking_id=booking.pk, actor=member_actor(factories.host(venue=room.venue)))
    return booking_services.confirm(booking_id=booking.pk, paid_at=clock.now())


def before(booking: Booking, **span: float) -> dt.datetime:
    return booking.starts_at - dt.timedelta(**span)


def knows(client, booking: Booking):
    assert client.get(booking.secret_path).status_code == 302
    return client


# --- terms ----------------------------------------------------------------------------------------------------


def test_terms_of_a_confirmed_booking_follow_its_policy_to_the_hour():
    booking = confirmed(room_with("Flexible"))

    found = [terms_of(booking, before(booking, hours=hours)) for hours in (25, 24, 5, 4, 3)]

    assert [(terms.back_minor, terms.fee_minor) for terms in found] == [
        (18_000, 0), (18_000, 0), (9_000, 9_000), (9_000, 9_000), (0, 18_000),
    ]  # fmt: skip
    assert [terms.next_change for terms in found] == [
        before(booking, hours=24), before(booking, hours=24), before(booking, hours=4), before(booking, hours=4), None,
    ]  # fmt: skip
    assert [len(terms.ahead) for terms in found] == [3, 3, 2, 2, 1]


def test_terms_before_the_hosts_yes_are_free_whatever_the_policy():
    room = room_with("Non-refundable")
    unpaid, asked = factories.booking(room=room, days_ahead=30), held(room)

    assert terms_of(asked, clock.now()).is_free_now
    assert (terms_of(asked, clock.now()).back_minor, terms_of(asked, clock.now()).fee_minor) == (18_000, 0)
    assert (terms_of(unpaid, clock.now()).back_minor, terms_of(unpaid, clock.now()).fee_minor) == (0, 0)


def test_terms_of_an_appointment_held_to_its_end_count_the_hold():
    room = room_with("Moderate", kind="expert")
    booking = held(room, days_ahead=3)

    terms = terms_of(booking, before(booking, hours=30))

    assert (booking.status, terms.is_free_now) == ("CONFIRMED", False)
    assert (terms.back_minor, terms.fee_minor) == (9_000, 9_000)


def test_terms_of_a_booking_that_has_ended_are_none():
    booking = booking_services.cancel(booking_id=confirmed(room_with("Strict")).pk, actor=guest_actor())

    assert terms_of(booking, clock.now()) is None


def test_terms_count_what_the_booking_costs_now_after_a_goodwill_refund():
    booking = confirmed(room_with("Flexible"))
    booking.due_minor = 10_001

    terms = terms_of(booking, before(booking, hours=5))

    assert (terms.back_minor, terms.fee_minor) == (5_001, 5_000)


@pytest.mark.parametrize("policy", list(READY_MADE))
@pytest.mark.parametrize("hours", [200, 168, 167, 49, 48, 47, 25, 24, 23, 5, 4, 3, 1])
def test_cancel_keeps_exactly_what_the_terms_said(policy, hours):
    booking = confirmed(room_with(policy))
    now = before(booking, hours=hours)
    said = terms_of(booking, now)

    cancelled = booking_services.cancel(booking_id=booking.pk, actor=guest_actor(), now=now)

    assert cancelled.due_minor == said.fee_minor
    assert said.back_minor + said.fee_minor == 18_000


def test_cancel_by_the_host_gives_everything_back_whatever_the_policy():
    booking = confirmed(room_with("Non-refundable"))
    host = member_actor(factories.host(venue=booking.venue))

    assert booking_services.cancel(booking_id=booking.pk, actor=host).due_minor == 0


@given(
    total=st.integers(0, 10**9),
    tiers=st.lists(
        st.fixed_dictionaries({"hours": st.integers(0, 300), "percent": st.integers(0, 100)}),
        max_size=5,
        unique_by=lambda tier: tier["hours"],
    ),
    hours=st.integers(-10, 400),
)
def test_fee_is_never_negative_nor_more_than_the_total_even_for_odd_tiers(total, tiers, hours):
    starts_at = dt.datetime(2027, 10, 31, 2, 30, tzinfo=dt.UTC)

    fee = cancellation.guest_fee_minor(
        total_minor=total,
        policy={"tiers": tiers},
        starts_at=starts_at,
        now=starts_at - dt.timedelta(hours=hours),
    )

    assert 0 <= fee <= total


# --- frozen ---------------------------------------------------------------------------------------------------


def test_policy_changed_after_booking_does_not_touch_the_booking():
    room = room_with("Flexible")
    booking = confirmed(room)
    room.policy.tiers = READY_MADE["Non-refundable"]
    room.policy.save()
    booking.refresh_from_db()

    assert booking.policy == {"name": "Flexible", "tiers": READY_MADE["Flexible"]}
    assert terms_of(booking, before(booking, hours=24)).back_minor == 18_000


# --- pages ----------------------------------------------------------------------------------------------------


def local(moment: dt.datetime, booking: Booking) -> str:
    return f"{moment.astimezone(booking.venue.zone):%b} {moment.astimezone(booking.venue.zone).day},"


def test_booking_page_names_instants_and_amounts_of_a_cancellation(client):
    booking = confirmed(room_with("Moderate"))

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    for part in (
        "If you cancel",
        "(Moderate)",
        "€180.00</strong> comes back to your card",
        "€90.00",
        "nothing",
    ):
        assert part in page, part
    assert local(before(booking, hours=48), booking) in page
    assert local(before(booking, hours=24), booking) in page


def test_booking_page_before_the_yes_says_it_is_free(client):
    booking = held(room_with("Strict"))

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    assert "Free until the host says yes:" in page
    assert "the hold of €180.00 is released" in page


def test_booking_page_of_a_free_booking_has_no_table(client):
    booking = factories.booking(room=factories.free_room())

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    assert "If you cancel" not in page
    assert "€0.00" not in page


def test_cancel_page_says_the_exact_amount_and_when_it_falls(client):
    booking = confirmed(room_with("Flexible"), days_ahead=2)

    page = text(knows(client, booking).get(reverse("bookings:cancel", args=[booking.reference])))

    assert "€180.00 goes back to your card." in page
    assert "This amount counts until" in page
    assert local(before(booking, hours=24), booking) in page
    assert 'name="expected_fee_minor" value="0"' in page


def test_cancel_page_when_nothing_comes_back_says_so(client):
    booking = confirmed(room_with("Non-refundable"))

    page = text(knows(client, booking).get(reverse("bookings:cancel", args=[booking.reference])))

    assert "€180.00 is kept by the cancellation policy." in page
    assert "at any time" in page
    assert "This amount counts until" not in page


def test_cancel_sent_after_a_step_has_passed_asks_again_and_cancels_nothing(client):
    booking = confirmed(room_with("Non-refundable"))
    url = reverse("bookings:cancel", args=[booking.reference])

    response = knows(client, booking).post(url, {"expected_fee_minor": 0, "reason": ""})

    booking.refresh_from_db()
    assert (response.status_code, booking.status) == (409, "CONFIRMED")
    assert "What is kept has changed" in text(response)


def test_list_offers_to_pay_only_what_waits_for_a_payment(client, django_assert_num_queries):
    user = factories.user()
    due = factories.booking(room=room_with("Flexible"), user=user)
    held(room_with("Flexible"), user=user)
    client.force_login(user)

    page = text(client.get("/bookings/?tab=awaiting"))

    assert page.count("Pay now") == 1
    assert f'action="{reverse("payments:pay", args=[due.reference])}"' in page


def test_list_costs_the_same_for_one_booking_to_pay_and_three(client, django_assert_num_queries):
    user = factories.user()
    client.force_login(user)
    counts = []
    for bookings in (1, 2):
        for _n in range(bookings):
            factories.booking(room=factories.room(), user=user)
        with django_assert_num_queries(5) as captured:
            client.get("/bookings/?tab=awaiting")
        counts.append(len(captured))

    assert counts == [5, 5]


def test_list_says_free_where_nothing_is_paid(client):
    user = factories.user()
    factories.booking(room=factories.free_room(), user=user)
    client.force_login(user)

    page = text(client.get("/bookings/"))

    assert "Free</p>" in page
    assert "€0.00" not in page


def test_book_page_tells_what_comes_back_before_paying(client):
    room = room_with("Strict")
    stay = factories.stay(room, days_ahead=30, units=2)
    dates = [moment.astimezone(room.venue.zone).date() for moment in (stay.starts_at, stay.ends_at)]
    choice = {"check_in": dates[0].isoformat(), "check_out": dates[1].isoformat(), "party_size": 2}

    for path in (
        room.get_absolute_url(),
        f"{room.get_absolute_url()}book/",
        f"{room.get_absolute_url()}quote/",
    ):
        page = text(client.get(path, choice))
        for part in (
            "If you cancel",
            "(Strict)",
            "€180.00",
            "€90.00",
            "Free until the host says yes. After that:",
        ):
            assert part in page, (path, part)


def test_book_page_of_an_appointment_far_ahead_says_it_is_charged_today(client):
    room = room_with("Flexible", kind="expert")
    near, far = (factories.stay(room, days_ahead=days) for days in (3, 20))

    pages = [
        text(client.get(f"{room.get_absolute_url()}book/", {"start": stay.starts_at.isoformat(), "party_size": 1}))
        for stay in (near, far)
    ]  # fmt: skip

    assert "Held today, not taken" in pages[0]
    assert "Charged today" not in pages[0]
    assert "Charged today" in pages[1]
    assert "further ahead than a card can be held" in pages[1]
    assert "Held today" not in pages[1]
    assert "What is it about?" in pages[1]


# --- the API --------------------------------------------------------------------------------------------------


def test_api_booking_says_what_comes_back_now_and_when_it_falls(client):
    booking = confirmed(room_with("Flexible"))

    answer = client.get(
        f"/api/v1/bookings/{booking.reference}", headers={"Authorization": f"Booking {booking.secret}"}
    ).json()

    zone = booking.venue.zone
    assert answer["cancellation"] == {
        "refund_now_minor": 18_000,
        "fee_now_minor": 0,
        "is_free_now": False,
        "next_change_at": before(booking, hours=24).astimezone(zone).isoformat(),
        "schedule": [
            {
                "until": before(booking, hours=24).astimezone(zone).isoformat(),
                "percent": 100,
                "refund_minor": 18_000,
            },
            {
                "until": before(booking, hours=4).astimezone(zone).isoformat(),
                "percent": 50,
                "refund_minor": 9_000,
            },
            {"until": None, "percent": 0, "refund_minor": 0},
        ],
    }
    assert (answer["approval"], answer["capture"]) == ("after_payment", "on_confirmation")


def test_api_quote_says_what_comes_back_and_whether_it_is_held_or_charged(client):
    room = room_with("Non-refundable", kind="expert")
    start = factories.stay(room, days_ahead=20).starts_at
    end = start + dt.timedelta(hours=1)
    body = {"room": room.path, "start": start.isoformat(), "end": end.isoformat(), "party_size": 1}

    answer = client.post("/api/v1/quotes", body, content_type="application/json").json()

    assert (answer["held_today_minor"], answer["charged_today_minor"], answer["capture"]) == (
        0, 9_000, "on_confirmation",
    )  # fmt: skip
    assert answer["cancellation"] == {
        "policy": "Non-refundable",
        "rules": ["No refund."],
        "schedule": [{"until": None, "percent": 0, "refund_minor": 0}],
    }


# --- after the end --------------------------------------------------------------------------------------------


def over(**fields) -> tuple[Booking, dt.datetime]:
    """A confirmed booking that nothing was paid for, and the instant it ended."""
    booking = factories.booking(room=factories.free_room(**fields), nights=2)
    assert booking.status == "CONFIRMED"
    return booking, booking.ends_at


def test_guest_cancels_nothing_from_the_end_on():
    booking, end = over()

    with pytest.raises(InvalidTransition) as caught:
        booking_services.cancel(booking_id=booking.pk, actor=guest_actor(), now=end)

    booking.refresh_from_db()
    assert caught.value.message == "This booking is over; it cannot be cancelled now."
    assert (booking.status, booking.version, terms_of(booking, end)) == ("CONFIRMED", 1, None)


def test_guest_cancels_up_to_the_end_and_the_host_after_it():
    early, end = over()
    late, _end = over()

    booking_services.cancel(booking_id=early.pk, actor=guest_actor(), now=end - dt.timedelta(seconds=1))
    booking_services.cancel(
        booking_id=late.pk,
        actor=member_actor(factories.host(venue=late.venue)),
        now=end + dt.timedelta(days=1),
    )

    assert set(Booking.objects.values_list("status", flat=True)) == {"CANCELLED"}


def test_pages_and_api_offer_no_cancelling_after_the_end(client, monkeypatch):
    booking, end = over()
    client.get(booking.secret_path)
    address = reverse("bookings:cancel", args=[booking.reference])
    before = text(client.get(booking.get_absolute_url()))
    monkeypatch.setattr(clock, "now", lambda: end + dt.timedelta(hours=3))

    page = text(client.get(booking.get_absolute_url()))
    answers = [client.get(address, follow=True), client.post(address, {"expected_fee_minor": 0}, follow=True)]
    api = [
        client.post(
            f"/api/v1/bookings/{booking.reference}/cancel", {"dry_run": dry_run}, content_type="application/json",
            headers={"Authorization": f"Booking {booking.secret}"},
        )
        for dry_run in (True, False)
    ]  # fmt: skip

    assert ("Cancel the booking" in before, "Cancel the booking" in page) == (True, False)
    assert all("This booking is over." in text(answer) for answer in answers)
    assert [(answer.status_code, answer.json()["code"]) for answer in api] == [
        (409, "invalid_transition")
    ] * 2
    booking.refresh_from_db()
    assert (booking.status, booking.version) == ("CONFIRMED", 1)
