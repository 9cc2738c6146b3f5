"""A new host in a browser: from opening a venue over the checklist and staff's yes to a sale and the first payout."""

import re

from playwright.sync_api import expect

from accounts.models import User
from core import clock
from payments.models import Payout, PayoutRun
from payments.payouts import due as payout_due
from payments.payouts import services as payouts
from rooms.models import Venue
from tests.e2e.people import Guest, Host, Scene, photograph_of
from tests.flows.journey import wait_for
from tests.payments import books
from tests.support import factories

VENUE = "Venue at the Mill"


def opens_a_venue(host: Host, user: User) -> Venue:
    host.open("/account/login/?next=/host/")
    host.fill_in_login(user.email, factories.PASSWORD)
    for name, typed in {
        "name": VENUE, "description": "Nine rooms over the mill race.", "address": "2 Quai du Moulin", "city": "Paris",
    }.items():  # fmt: skip
        host.page.locator(f"#id_{name}").fill(typed)
    host.page.get_by_label("Country").select_option("FR")
    host.page.get_by_label("Time zone").fill("Europe/Paris")
    host.page.get_by_label("Currency").select_option("EUR")
    host.click("Open my venue")
    host.sees("Guests find nothing of it yet, and no payout is made.")
    expect(host.page.locator(".rh-pill.rh-held")).to_have_count(4)
    host.checks("host-checklist", full=True, guest_page=False)
    return Venue.objects.get(name=VENUE)


def says_who_stands_behind_it(host: Host) -> None:
    host.page.get_by_label("Legal form").select_option("company")
    host.page.get_by_label("Legal name").fill("Moulin SARL")
    host.page.get_by_label("Registration number").fill("123 456 789")
    host.page.get_by_label("Registered address").fill("2 Quai du Moulin, Paris")
    host.page.get_by_label("Responsible person").fill("Lea Meunier")
    host.click("Save")
    host.sees("Saved.")
    expect(host.page.locator(".rh-pill.rh-held")).to_have_count(2)


def says_where_the_money_goes(host: Host, venue: Venue) -> None:
    host.open(f"/admin/payments/venuepayments/{venue.pk}/change/")
    host.click("Confirm that it is you", "link")
    host.confirm_password()
    host.page.get_by_label("Account holder").fill("Moulin SARL")
    host.page.get_by_label("Bank account").fill(books.BANK["bank_account"])
    host.page.get_by_label("Bank code").fill(books.BANK["bank_code"])
    host.click("Save and continue editing")
    host.sees("was changed successfully")


def offers_a_first_room(host: Host) -> None:
    host.open("/admin/rooms/room/add/")
    host.page.locator("select[name=kind]").select_option("hotel")
    for name, typed in {
        "name": "Miller's Double", "description": "Over the water.", "capacity": "2", "price": "120"
    }.items():  # fmt: skip
        host.page.locator(f"#id_{name}").fill(typed)
    host.press(host.page.get_by_role("button", name="Save", exact=True))
    host.sees("Below stands what it needs before guests can find it.")
    picture = {"name": "mill.jpg", "mimeType": "image/jpeg", "buffer": photograph_of("bedroom")}
    host.click("Room photos", "link")
    host.press(host.page.get_by_text("Add another Room photo"))
    host.page.locator("input[name=photos-0-image]").set_input_files(picture)
    host.page.locator("input[name=photos-0-alt]").fill("A bed by the window")
    host.click("General", "link")
    host.page.locator("input[name=offered]").check(force=True)
    host.press(host.page.get_by_role("button", name="Save", exact=True))
    host.sees("was changed successfully")


def log_in_staff(enter) -> Host:
    staff = enter(Host)
    staff.log_in(factories.staff(name="Sam Staff").email)
    return staff


def reason_to_wait(venue: Venue) -> str:
    """Why the venue would not be paid now, by the preview of a run."""
    return next(due.reason for due in payout_due.preview(clock.now()) if due.venue_id == venue.pk)


def test_new_host_is_approved_sells_and_is_paid_for_the_first_time(enter, guest: Guest, journey: Scene):
    host, user = enter(Host), factories.user(name="Lea Meunier")

    venue = opens_a_venue(host, user)
    says_who_stands_behind_it(host)
    says_where_the_money_goes(host, venue)
    offers_a_first_room(host)
    guest.expects("status of 404")
    guest.open(venue.rooms.get().get_absolute_url())
    guest.heads("This door leads nowhere")

    host.open(f"/admin/rooms/venue/{venue.pk}/approval/")
    host.click("Ask for approval")
    host.sees("Staff look at your venue now.")
    staff = log_in_staff(enter)
    staff.click(re.compile(VENUE), "link")
    staff.click("Approve")
    staff.sees("Approved: it sells from now on.")
    staff.checks("staff-approved-venue", full=True, guest_page=False)

    journey.room, journey.host = venue.rooms.get(), user
    guest.book(nights=1)
    guest.pay_and_return()
    host.open("/admin/")
    host.open_request(guest.name)
    host.approve()
    host.sees_state("Confirmed")
    journey.reach("CONFIRMED")

    journey.advance(days=13)
    wait_for(lambda: journey.booking.status == "COMPLETED")
    assert reason_to_wait(venue) == "first_payout"
    journey.advance(days=2)
    run = payouts.begin_run()
    wait_for(lambda: PayoutRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists())
    payout = Payout.objects.get(venue=venue)
    assert (payout.amount_minor, payout.currency) == (10_800, "EUR")
    host = enter(Host)
    host.log_in(user.email)
    host.open("/admin/payments/payout/earnings/")
    host.sees("€108.00")
