"""How a room is sold: when its money is taken, what a short hold forbids, and what the preview says of each way."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from rooms import sales_modes
from rooms.admin import mode_preview
from rooms.availability.stays import stay_of_hours, stay_of_nights
from rooms.models import Room
from rooms.pricing.quotes import quote
from tests.support.factories import unsaved_room

NOW = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
WEEK = 7 * 24 * 60
REACH = dt.timedelta(days=6, hours=12)  # what a hold of 7 days leaves after the 12 h of reserve
TICK = dt.timedelta(microseconds=1)
EVERY_WAY = [(approval, capture) for approval in Room.Approval for capture in Room.Capture]


def afterwards(hold_limit_minutes: int = WEEK, **fields) -> Room:
    """A room that charges after the visit."""
    venue = {"hold_limit_minutes": hold_limit_minutes}
    return unsaved_room(kind="expert", capture="after_completion", venue=venue, **fields)


@pytest.mark.parametrize(
    ("end", "capture"),
    [
        (NOW + REACH - TICK, "after_completion"),
        (NOW + REACH, "after_completion"),
        (NOW + REACH + TICK, "on_confirmation"),
        (NOW + dt.timedelta(days=60), "on_confirmation"),
    ],
)
def test_capture_turns_to_confirmation_where_a_hold_would_end_within_12_hours_of_the_visit(end, capture):
    assert sales_modes.capture_for(afterwards(), end, NOW) == capture
    assert sales_modes.is_too_far_to_hold(afterwards(), end, NOW) is (capture == "on_confirmation")


def test_capture_of_a_room_charged_at_confirmation_stays_so():
    room = unsaved_room(kind="hotel")

    assert sales_modes.capture_for(room, NOW + dt.timedelta(hours=1), NOW) == "on_confirmation"
    assert not sales_modes.is_too_far_to_hold(room, NOW + dt.timedelta(days=300), NOW)


def test_capture_with_a_half_hour_hold_is_always_at_confirmation():
    assert sales_modes.capture_for(afterwards(30), NOW + dt.timedelta(minutes=1), NOW) == "on_confirmation"


@given(
    hold=st.integers(0, 60 * 24 * 60),
    ahead=st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=60)),
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]),
)
def test_whatever_is_held_ends_twelve_hours_before_its_hold(hold, ahead, zone):
    end = (NOW + ahead).astimezone(ZoneInfo(zone))

    if sales_modes.capture_for(afterwards(hold), end, NOW) == "after_completion":
        assert end.astimezone(dt.UTC) + sales_modes.HOLD_RESERVE <= NOW + dt.timedelta(minutes=hold)


@pytest.mark.parametrize(
    ("approval", "days_ahead", "held", "charged"),
    [
        ("none", 2, 8_000, 0),
        ("none", 20, 0, 8_000),
        ("after_payment", 2, 8_000, 0),
        ("after_payment", 20, 8_000, 0),
        ("before_payment", 2, 0, 0),
        ("before_payment", 20, 0, 0),
    ],
)
def test_quote_says_what_is_held_and_what_is_charged_today(approval, days_ahead, held, charged):
    room = afterwards(approval=approval, price_minor=8_000)
    start = NOW + dt.timedelta(days=days_ahead)

    price = quote(room, stay_of_hours(room, start, start + dt.timedelta(hours=1)), 1, now=NOW)

    assert (price.held_today_minor, price.charged_today_minor) == (held, charged)
    assert price.capture == ("after_completion" if days_ahead == 2 else "on_confirmation")


def test_quote_of_a_hotel_three_months_ahead_is_still_held():
    room = unsaved_room(price_minor=12_000)
    stay = stay_of_nights(room, dt.date(2027, 6, 1), dt.date(2027, 6, 3))

    price = quote(room, stay, 2, now=NOW)

    assert (price.held_today_minor, price.charged_today_minor, price.capture) == (
        24_000,
        0,
        "on_confirmation",
    )


@pytest.mark.parametrize(("approval", "capture"), EVERY_WAY)
def test_short_hold_refuses_only_what_holds_first(approval, capture):
    room = unsaved_room(venue={"hold_limit_minutes": 30})

    refused = sales_modes.refusals(room.venue, approval, capture)

    assert bool(refused) is sales_modes.holds_first(approval, capture)
    assert ("approval" in refused) is (approval == "after_payment")
    assert ("capture" in refused) is (capture == "after_completion")


# --- the preview ----------------------------------------------------------------------------------------------


def walk(room: Room, approval: str, capture: str) -> mode_preview.Walk:
    return next(
        walk for walk in mode_preview.walks(room) if (walk.approval, walk.capture) == (approval, capture)
    )


@pytest.mark.parametrize(
    ("approval", "capture", "who", "money"),
    [
        ("after_payment", "on_confirmation", ["Guest", "Host", "Roomhold"], ["held", "held", "good"]),
        ("after_payment", "after_completion", ["Guest", "Host", "Roomhold", "Host", "Roomhold"],
         ["held", "held", "held", "held", "good"]),
        ("before_payment", "on_confirmation", ["Guest", "Host", "Guest"], ["quiet", "quiet", "good"]),
        ("before_payment", "after_completion", ["Guest", "Host", "Guest", "Host", "Roomhold"],
         ["quiet", "quiet", "held", "held", "good"]),
        ("none", "on_confirmation", ["Guest"], ["good"]),
        ("none", "after_completion", ["Guest", "Host", "Roomhold"], ["held", "held", "good"]),
    ],
)  # fmt: skip
def test_preview_names_who_acts_and_where_the_money_is(approval, capture, who, money):
    found = walk(unsaved_room(kind="expert"), approval, capture)

    assert [stage.who for stage in found.stages] == who
    assert [stage.tone for stage in found.stages] == money
    assert found.refusals == []


def test_preview_covers_every_combination_once():
    walks = mode_preview.walks(unsaved_room())

    assert sorted((walk.approval, walk.capture) for walk in walks) == sorted(EVERY_WAY)


def test_preview_says_amount_deadline_and_hold_limit_of_the_venue():
    room = afterwards(2 * WEEK, approval="after_payment", price_minor=8_000)
    room.venue.answer_hours = 6

    found = walk(room, "after_payment", "after_completion")

    assert found.stages[0].money == "€80.00 held"
    assert found.stages[1].when == "6 hours, by the start at the latest"
    assert any(
        "later than 13 days 12 hours after booking is charged at confirmation" in note for note in found.notes
    )


def test_preview_of_a_short_hold_says_why_not_instead():
    found = walk(unsaved_room(venue={"hold_limit_minutes": 30}), "none", "after_completion")

    assert found.refusals == [
        "This venue's payment provider holds money for 30 minutes only; holding first needs at least 1 day."
    ]


@pytest.mark.parametrize(
    ("fields", "money"),
    [
        ({"price_minor": 0}, "Nothing to pay"),
        ({"venue": {"takes_online_payment": False}}, "€100.00 paid at the venue"),
    ],
)
def test_preview_where_nothing_is_paid_online_moves_no_money(fields, money):
    room = unsaved_room(**fields)

    for approval, capture in EVERY_WAY:
        found = walk(room, approval, capture)
        assert found.stages[-1].money == money
        assert not any("held" in stage.money for stage in found.stages)


def test_preview_of_a_room_not_saved_yet_speaks_of_the_price():
    assert mode_preview.walks(Room())[0].stages[0].money == "The price held"


@pytest.mark.parametrize(
    ("approval", "price_minor", "is_online", "host_reads", "guest_reads"),
    [
        ("after_payment", 10_000, True, "Hold, then answer", "Held, not taken."),
        ("before_payment", 10_000, True, "Answer, then payment", "Ask first, pay after."),
        ("none", 10_000, True, "Booked and paid at once", "Instant."),
        ("after_payment", 10_000, False, "Answer first, paid at the venue", "Paid at the venue."),
        ("none", 10_000, False, "Booked at once, paid at the venue", "Paid at the venue."),
        ("after_payment", 0, True, "Answer first, nothing to pay", "The host answers your request."),
        ("none", 0, True, "Booked at once, nothing to pay", "Your booking is confirmed at once."),
    ],
)
def test_host_reads_of_a_room_what_its_guests_read(approval, price_minor, is_online, host_reads, guest_reads):
    venue = {"takes_online_payment": is_online}
    room = unsaved_room(approval=approval, price_minor=price_minor, venue=venue)

    promise = render_to_string("components/promise.html", {"room": room})

    assert sales_modes.way_name(room) == host_reads
    assert guest_reads in promise
    assert ("Held" in promise) == ("Hold" in host_reads)
