"""How hosts choose a way to sell and a cancellation policy in the admin, and what the guest then reads."""

import pytest
from playwright.sync_api import Locator, expect

from rooms.models import CancellationPolicy, Room
from tests.e2e.people import SCREENS, Guest, Host

PREVIEWS = {
    ("after_payment", "on_confirmation"): "Hold, then answer",
    ("after_payment", "after_completion"): "Hold, answer, charged afterwards",
    ("before_payment", "on_confirmation"): "Answer, then payment",
    ("before_payment", "after_completion"): "Answer, hold, charged afterwards",
    ("none", "on_confirmation"): "Booked and paid at once",
    ("none", "after_completion"): "Booked at once, charged afterwards",
}


def radio(host: Host, name: str, value: str) -> Locator:
    return host.page.locator(f"input[name={name}][value={value}]")


def chooses(host: Host, approval: str, capture: str) -> None:
    for name, value in (("approval", approval), ("capture", capture)):
        host.press(radio(host, name, value))


@pytest.mark.parametrize("screen", SCREENS)
def test_host_chooses_how_a_room_is_sold_and_sees_each_way_step_by_step(enter, journey, screen):
    room = journey.sell("expert", price_minor=8_000)
    journey.give_policy("Flexible")
    host = enter(Host, **SCREENS[screen])
    host.log_in()
    host.open(f"/admin/rooms/room/{room.pk}/change/")
    for (approval, capture), name in PREVIEWS.items():
        chooses(host, approval, capture)
        shown = host.page.locator(".rh-way").filter(visible=True)
        expect(shown).to_have_count(1)
        expect(shown.locator("h3")).to_have_text(name)
        shown.scroll_into_view_if_needed()
        host.checks(f"host-way-{approval}-{capture}".replace("_", "-"), guest_page=False)
    chooses(host, "after_payment", "after_completion")
    host.sees("€80.00 held")
    host.click("Save", "button")

    host.sees("was changed successfully")
    room.refresh_from_db()
    assert (room.approval, room.capture) == (Room.Approval.AFTER_PAYMENT, Room.Capture.AFTER_COMPLETION)
    host.checks("host-rooms-ways", guest_page=False)


def test_provider_with_a_short_hold_greys_out_what_holds_first_and_says_why(enter, journey):
    room = journey.sell("conference")
    room.venue.hold_limit_minutes = 30
    room.venue.save()
    host = enter(Host)
    host.log_in()
    host.open(f"/admin/rooms/room/{room.pk}/change/")

    expect(radio(host, "approval", "after_payment")).to_be_disabled()
    expect(radio(host, "capture", "after_completion")).to_be_disabled()
    radio(host, "capture", "after_completion").scroll_into_view_if_needed()
    host.sees(
        "This venue's payment provider holds money for 30 minutes only; holding first needs at least 1 day."
    )
    host.checks("host-way-short-hold", guest_page=False)


@pytest.mark.parametrize("screen", SCREENS)
def test_host_writes_a_policy_in_rows_and_the_guest_reads_it_with_dates(enter, journey, screen):
    journey.give_policy("Strict")
    host, guest = enter(Host, **SCREENS[screen]), enter(Guest, **SCREENS[screen])
    host.log_in()
    host.open("/admin/rooms/cancellationpolicy/add/")
    host.page.locator("select[name=venue]").select_option(str(journey.room.venue_id))
    host.page.get_by_label("Name").fill("House rule")
    for n, (hours, percent) in enumerate(((72, 100), (24, 150)), 1):
        host.page.get_by_label(f"Row {n}: hours before the start").fill(str(hours))
        host.page.get_by_label(f"Row {n}: per cent that comes back").fill(str(percent))
    host.click("Save and continue editing")
    host.sees("Row 2, per cent: Ensure this value is less than or equal to 100.")
    host.page.get_by_label("Row 2: per cent that comes back").fill("30")
    host.click("Save and continue editing")
    host.sees("30% refund until 24 hours before the start.")
    host.sees("€60.00")
    host.checks("host-policy", guest_page=False, full=True)
    journey.room.policy = CancellationPolicy.objects.get(name="House rule", venue=journey.room.venue)
    journey.room.save()

    guest.open(f"{journey.room.get_absolute_url()}?{guest.choice(days_ahead=20)}")
    guest.sees("If you cancel")
    guest.sees("(House rule)")
    guest.sees("€60.00")
    guest.checks("room-refunds", full=True)
