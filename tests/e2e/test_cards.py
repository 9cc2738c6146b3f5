"""Cards that do not work at once: refused ones, and those whose bank asks back."""

import re

import pytest

from payments.phrases import DECLINE_MESSAGES

GENERIC, POOR, OLD = "4000 0000 0000 0002", "4000 0000 0000 9995", "4000 0000 0000 0069"
LOST, STOLEN = "4000 0000 0000 9987", "4000 0000 0000 9979"
ASKS_BACK = "4000 0000 0000 3220"


def test_refused_cards_are_named_on_both_sites_and_a_good_one_pays(guest, journey):
    guest.book()
    refusals = (
        (GENERIC, "Your card was declined.", "generic_decline"),
        (POOR, "Your card has insufficient funds.", "insufficient_funds"),
        (OLD, "Your card has expired.", "expired_card"),
        (LOST, "Your card was declined.", "lost_card"),
    )
    for card, theirs, code in refusals:
        guest.pay(card)
        guest.sees(theirs)
        guest.leaves_pay_page()
        guest.heads("One step left: place the hold")
        guest.sees(DECLINE_MESSAGES[code])
        guest.click("Try again")
        guest.heads("Pay by card")

    guest.pay(STOLEN)
    guest.leaves_pay_page()
    guest.sees(DECLINE_MESSAGES["stolen_card"])
    guest.checks("booking-card-refused")
    guest.click("Try again")
    guest.pay_and_return()

    assert journey.at_provider()["status"] == "requires_capture"
    assert journey.payment.status == "AUTHORIZED"


def test_bank_that_asks_back_and_is_answered_holds_the_money(guest, journey):
    guest.book()
    guest.pay(ASKS_BACK)
    guest.heads("3-D Secure check")
    guest.click("Complete")

    guest.heads("Your money is held, not taken")
    assert journey.at_provider()["status"] == "requires_capture"


def test_bank_that_was_not_answered_lets_the_guest_try_again(guest, journey):
    guest.book()
    guest.pay(ASKS_BACK)
    guest.click("Fail")
    guest.sees(re.compile("unable to authenticate"))
    guest.leaves_pay_page()
    guest.sees(DECLINE_MESSAGES["payment_intent_authentication_failure"])
    guest.click("Try again")
    guest.pay(ASKS_BACK)
    guest.click("Complete")

    guest.heads("Your money is held, not taken")
    assert journey.payment.status == "AUTHORIZED"


@pytest.mark.parametrize("action", ["leave_page", "browser_back"])
def test_pay_page_left_unpaid_is_continued_from_the_booking(guest, action):
    guest.book()
    if action == "leave_page":
        guest.leaves_pay_page()
    else:
        guest.page.go_back()
        guest.open(guest.journey.booking.get_absolute_url())
    guest.heads("One step left: place the hold")
    guest.checks("booking-unpaid")
    guest.click("Continue your payment")
    guest.pay_and_return()
