"""Octo in the browser: a host chooses it, a guest pays in so'm on its page, and what is cancelled comes back."""

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import ApiToken, User
from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments.models import PaymentSettings, ProviderAccount
from rooms.models import Room
from tests.e2e.people import SCREENS, Guest, Host, Scene
from tests.flows.journey import wait_for
from tests.support import factories

UZCARD, DECLINED, CODE = "8600 0000 0000 0007", "4000 0000 0000 0002", "111111"
TOTAL = 80_000_000


@pytest.fixture
def tashkent(journey: Scene) -> Scene:
    """The journey's room is a conference room in Tashkent, 800,000 so'm an hour; its host says yes first."""
    venue = factories.venue(
        name="Dom Chorsu", city="Tashkent", country="UZ", time_zone="Asia/Tashkent", currency="UZS"
    )
    journey.room.venue = venue
    journey.sell("conference", price_minor=TOTAL)
    journey.host = factories.host(venue=venue)
    journey.token = ApiToken.issue(user=journey.host, name="desk")[1]
    return journey


@pytest.fixture
def with_octo(tashkent: Scene) -> Scene:
    PaymentSettings.objects.create(venue=tashkent.room.venue, provider="octo")
    tashkent.room.venue.hold_limit_minutes = 30
    tashkent.room.venue.save()
    return tashkent


def at_octo(journey: Scene) -> list[dict[str, Any]]:
    rows = journey.control("books")["octo"]["payments"]
    return [row for row in rows if row["reference"] == journey.reference]


def asks(guest: Guest) -> None:
    guest.choose_time(days_ahead=5)
    guest.fill_in()
    guest.click("Send request")
    guest.heads("Awaiting the host")
    guest.take_note()


def goes_to_octo(guest: Guest) -> None:
    guest.heads("The host said yes: your turn to pay")
    guest.click("Pay 800,000 UZS")
    guest.heads("Pay by card")


def types_card(guest: Guest, number: str) -> None:
    guest.page.get_by_label("Card number").fill(number)
    guest.page.get_by_label("Expiry").fill("12 / 40")
    if not number.startswith("8600"):
        guest.page.get_by_label("CVC").fill("123")


def types_code(guest: Guest) -> None:
    guest.heads("Enter the code")
    guest.page.get_by_role("textbox", name="Code").fill(CODE)
    guest.click("Confirm")


def settings_page(journey: Scene) -> str:
    return reverse("admin:payments_venuepayments_change", args=[journey.room.venue_id])


@pytest.mark.parametrize("screen", SCREENS)
def test_guest_pays_with_uzcard_after_the_hosts_yes_and_gets_it_back_when_the_host_cancels(
    enter, with_octo, screen
):
    journey = with_octo
    guest, host = enter(Guest, **SCREENS[screen]), enter(Host, **SCREENS[screen])
    asks(guest)
    host.log_in()
    host.open_request(guest.name)
    host.approve()
    host.sees_state("Awaiting payment")

    goes_to_octo(guest)
    types_card(guest, UZCARD)
    guest.checks("octo-pay-page", guest_page=False)
    guest.click(re.compile("^Pay "))
    types_code(guest)
    guest.heads("You're booked")
    assert "octo_status=succeeded" in guest.page.url
    guest.checks("octo-paid")
    guest.click("See your booking", "link")
    guest.sees("800,000 UZS is paid.")
    guest.checks("octo-booking-confirmed", full=True)
    host.sees_state("Confirmed")
    (theirs,) = at_octo(journey)
    assert (theirs["status"], theirs["captured_minor"], theirs["currency"]) == ("succeeded", TOTAL, "UZS")

    host.click("Cancel the booking", "link")
    host.fill_in_reason("The lights of the room failed.")
    host.click("Cancel the booking")
    host.sees_state("Cancelled")
    wait_for(lambda: at_octo(journey)[0]["refunded_minor"] == TOTAL)
    wait_for(lambda: journey.payment.refunds.filter(status="succeeded").exists())


def test_declined_card_is_told_and_another_one_pays(guest, with_octo):
    journey = with_octo
    asks(guest)
    journey.approve()
    goes_to_octo(guest)
    types_card(guest, DECLINED)
    guest.click(re.compile("^Pay "))

    guest.heads("That did not work")
    guest.sees("The payment was not made. Please try again, or use another card.")
    guest.checks("octo-declined")
    guest.click("Try again")
    guest.heads("Pay by card")
    types_card(guest, UZCARD)
    guest.click(re.compile("^Pay "))
    types_code(guest)
    guest.heads("You're booked")
    journey.reach(Status.CONFIRMED)
    assert [row["status"] for row in at_octo(journey)] == ["canceled", "succeeded"]


def test_demos_venue_in_tashkent_is_paid_with_octo(demo, guest, journey):
    journey.room = Room.objects.select_related("venue").get(name="Vector", venue__city="Tashkent")
    asks(guest)
    staff = User.objects.get(email="staff@demo.test")
    bookings.approve(booking_id=journey.booking.pk, actor=member_actor(staff))
    guest.page.reload()
    guest.heads("The host said yes: your turn to pay")
    guest.click(re.compile("^Pay 134,400 UZS"))
    guest.heads("Pay by card")
    types_card(guest, UZCARD)
    guest.click(re.compile("^Pay "))
    types_code(guest)

    guest.heads("You're booked")
    assert [row["captured_minor"] for row in at_octo(journey)] == [13_440_000]


@pytest.mark.parametrize("screen", SCREENS)
def test_host_enters_a_shop_tries_its_keys_and_never_sees_them_again(enter, tashkent, screen):
    journey, host = tashkent, enter(Host, **SCREENS[screen])
    shop = {"shop_id": 4711, "secret": "secret-canary-one", "unique_key": "unique-canary-two"}
    journey.control("octo/shops", shop)
    host.log_in()
    host.open(settings_page(journey))
    expect(host.page.get_by_label("Account holder")).to_be_disabled()
    host.click("Confirm that it is you", "link")
    host.confirm_password()
    host.page.get_by_label("Octo: Uzcard").check()
    host.page.get_by_label("Octo shop id").fill("4711")
    host.page.get_by_label("Octo secret").fill(shop["secret"])
    host.page.get_by_label("Octo unique key").fill(shop["unique_key"])
    host.page.get_by_label("Account holder").fill("Dom Chorsu MChJ")
    host.page.get_by_label("Bank account").fill("20208 000 9 00123456 001")
    host.page.get_by_label("Bank code").fill("00014")
    host.click("Save and continue editing")
    host.sees("Kept: ***-one")
    host.checks("host-payment-settings", full=True, guest_page=False)
    assert not re.search("secret-canary|unique-canary|20208000900123456001", host.page.content())

    host.click("Try the saved keys")
    host.sees("Octo knows this shop and its secret.")
    account = ProviderAccount.objects.get(venue=journey.room.venue)
    assert (account.secret, account.is_test) == (shop["secret"], True)
    expect(host.page.get_by_label("Octo secret")).to_have_value("")


def test_octo_is_refused_by_the_name_of_the_room_that_holds_money_first(enter, tashkent):
    journey, host = tashkent, enter(Host)
    factories.room(venue=journey.room.venue, name="Silk Suite")
    host.log_in()
    host.open(settings_page(journey))
    host.page.get_by_label("Octo: Uzcard").check()
    host.click("Save and continue editing")

    host.sees(re.compile("These rooms hold it first: Silk Suite"))
    host.checks("host-payment-settings-refused", guest_page=False)
    assert not PaymentSettings.objects.filter(venue=journey.room.venue).exists()
