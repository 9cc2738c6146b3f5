"""Cancelling with each ready-made policy: the page names the amount, the card gets exactly that back."""

import datetime as dt
import re

import pytest

from tests.e2e.people import SCREENS, Guest
from tests.flows.journey import wait_for

# policy, hours before the start, what comes back of €200.00
CASES = [
    ("Flexible", 30, 20_000),
    ("Flexible", 20, 10_000),
    ("Moderate", 30, 10_000),
    ("Strict", 24 * 8, 20_000),
    ("Non-refundable", 24 * 9, 0),
]


def booked(guest: Guest) -> None:
    guest.book()
    guest.pay_and_return()
    guest.journey.approve()
    guest.heads("You're booked")


@pytest.mark.parametrize(("policy", "hours", "back_minor"), CASES)
def test_cancelled_booking_gives_back_what_its_page_said(guest, journey, policy, hours, back_minor):
    journey.give_policy(policy)
    booked(guest)
    journey.advance_to(journey.booking.starts_at - dt.timedelta(hours=hours))
    guest.page.reload()
    guest.sees("If you cancel")
    guest.click("Cancel the booking", "link")
    guest.heads("Cancel this booking?")
    guest.sees(f"€{back_minor // 100}.00 goes back to your card." if back_minor else "€200.00 is kept")
    guest.checks(f"cancel-{policy.lower()}-{hours}h", full=True)
    guest.click("Cancel the booking")

    guest.heads("This booking is cancelled")
    wait_for(lambda: journey.at_provider()["refunded_minor"] == back_minor)
    assert journey.booking.due_minor == 20_000 - back_minor
    guest.checks(f"cancelled-{policy.lower()}-{hours}h", full=True)


@pytest.mark.parametrize("screen", SCREENS)
def test_cancel_is_found_before_the_history_and_steps_end_in_it(enter, journey, screen):
    journey.give_policy("Moderate")
    guest = enter(Guest, **SCREENS[screen])
    booked(guest)
    guest.checks("booking-with-refunds", full=True)
    cancel, history = (
        guest.page.get_by_role(role, name=name).bounding_box()["y"]
        for role, name in (("link", "Cancel the booking"), ("heading", "What happened"))
    )
    if guest.is_on_phone:
        assert cancel < history
    guest.click("Cancel the booking", "link")
    guest.heads("Cancel this booking?")
    guest.checks("cancel-page", full=True)
    guest.click("Cancel the booking")
    guest.heads("This booking is cancelled")

    stages = guest.page.locator(".steps li").all_inner_texts()
    assert [re.sub(r"\s+", " ", stage).split(",")[0].strip() for stage in stages][-1] == "Cancelled"
