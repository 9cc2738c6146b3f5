"""Paying on our own page with Stripe's elements, for a deployment that prefers them to the hosted page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, expect

from payments.phrases import DECLINE_MESSAGES
from tests.e2e.people import PHONE, Guest

VISA, POOR, ASKS_BACK = "4242424242424242", "4000000000009995", "4000000000003220"


@pytest.fixture
def embedded(journey, stack) -> Iterator[None]:
    """The site as deployed with the card form on its own page."""
    stack.extra["STRIPE_EMBEDDED"] = "true"
    stack.restart("web", "worker")
    yield
    del stack.extra["STRIPE_EMBEDDED"]
    stack.restart("web", "worker")


def fields(guest: Guest) -> FrameLocator:
    return guest.page.frame_locator("iframe[title='Secure payment input frame']")


def fill_in(guest: Guest, card: str) -> None:
    frame = fields(guest)
    frame.get_by_label("Card number").fill(card)
    frame.get_by_label("Expiration date").fill("12/34")
    frame.get_by_label("Security code").fill("123")
    guest.click("Place the hold of")


def open_card_form(guest: Guest) -> None:
    guest.choose()
    guest.fill_in()
    guest.click("Continue to payment")
    guest.heads("Place the hold")
    guest.take_note()
    expect(fields(guest).get_by_label("Card number")).to_be_visible()


def test_card_on_our_own_page_is_refused_then_held(guest, journey, embedded):
    # The refusal is a 402, which the browser writes down.
    guest.expects(r"/v1/payment_intents/[^/]+/confirm")
    open_card_form(guest)
    fill_in(guest, POOR)
    guest.sees(DECLINE_MESSAGES["insufficient_funds"])
    guest.checks("card-form")

    fill_in(guest, VISA)

    guest.heads("Your money is held, not taken")
    assert journey.at_provider()["status"] == "requires_capture"
    assert journey.payment.status == "AUTHORIZED"
    assert journey.payment.session_ref.startswith("pi_")


@pytest.mark.parametrize("wallet", ["Apple Pay", "Google Pay"])
def test_wallet_on_our_own_page_holds_the_money(guest, journey, embedded, wallet):
    open_card_form(guest)
    page = fields(guest).locator("html")
    assert page.evaluate("node => node.style.getPropertyValue('--color-primary')") == "#1976d2"
    expect(page).to_have_css("font-family", "Roboto, sans-serif")
    fields(guest).get_by_role("radio", name=wallet).check()
    guest.click("Place the hold of")

    guest.heads("Your money is held, not taken")
    assert journey.at_provider()["status"] == "requires_capture"


def test_bank_that_asks_back_on_our_own_page_on_a_phone_holds_the_money(enter, journey, embedded):
    guest = enter(Guest, **PHONE)
    open_card_form(guest)
    guest.checks("card-form")
    fill_in(guest, ASKS_BACK)
    guest.click("Complete")

    guest.heads("Your money is held, not taken")
    assert journey.at_provider()["status"] == "requires_capture"
