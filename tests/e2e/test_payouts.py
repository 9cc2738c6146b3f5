"""Paying venues: staff look first, begin the run, take the bank's file and mark what was paid; hosts see it all."""

import re

import pytest
from playwright.sync_api import expect

from payments.models import PaymentSettings, Payout, PayoutRun
from rooms.models import Venue
from tests.e2e.people import PHONE, Host
from tests.flows.journey import wait_for
from tests.payments import books
from tests.support import factories


@pytest.fixture
def earned(journey) -> Venue:
    """The journey's venue has bank details, and bookings of last week with a refund, a dispute and a fee."""
    venue = journey.room.venue
    PaymentSettings.objects.create(venue=venue, processing_fee_bearer="host", **books.BANK)
    for total in (42_000, 18_500, 23_000):
        books.captured(
            books.booking(room=journey.room, total_minor=total, tax_minor=total // 20), fee_minor=600
        )
    books.refunded(books.captured(books.booking(room=journey.room, total_minor=30_000)), 15_000)
    books.disputed(books.captured(books.booking(room=journey.room, total_minor=12_000)), 12_000)
    books.captured(books.booking(room=journey.room, total_minor=26_000, days_ago=-4))
    return venue


def log_in_staff(enter) -> Host:
    staff = enter(Host)
    staff.log_in(factories.staff(name="Sam Staff").email)
    return staff


def test_staff_pay_venues_and_the_host_follows_it_to_the_statement(enter, earned):
    staff, venue = log_in_staff(enter), earned
    poor = books.payable_venue(name="House without a bank", settings={"bank_account": ""})
    books.captured(books.booking(venue=poor))

    staff.open("/admin/payments/payout/new-run/")
    staff.sees(venue.name)
    staff.sees("Bank details or Stripe account missing")
    staff.checks("payout-preview", guest_page=False)
    staff.click("Begin the run")
    staff.sees("The run has begun")
    wait_for(lambda: not PayoutRun.objects.filter(finished_at=None).exists())
    staff.page.reload()
    staff.sees("House without a bank")
    staff.checks("payout-run", guest_page=False)

    payout = Payout.objects.get(venue=venue)
    staff.open(f"/admin/payments/payout/?q={payout.key}")
    staff.page.locator("input[name=_selected_action]").check()
    staff.page.locator("select[name=action]").select_option("export_xml")
    with staff.page.expect_download() as download:
        staff.page.locator("button[name=index]").first.click()
    assert re.fullmatch(r"RH-TEST-\d{14}-[0-9a-f]{6}\.xml", download.value.suggested_filename)
    payout.refresh_from_db()
    assert payout.status == "sending"

    staff.open(f"/admin/payments/payout/?q={payout.key}")
    staff.checks("payouts", guest_page=False)
    staff.page.locator("input[name=_selected_action]").check()
    staff.page.locator("select[name=action]").select_option("mark_paid")
    staff.page.locator("button[name=index]").first.click()
    staff.sees("The bank has carried these out.")
    staff.checks("payout-mark", guest_page=False)
    staff.click("Mark as paid")
    staff.sees("1 payout marked as paid.")
    payout.refresh_from_db()
    assert payout.status == "paid"


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
def test_host_sees_earnings_and_statement(enter, earned, journey, screen):
    from payments.payouts import services as payouts

    run = payouts.begin_run()
    wait_for(lambda: PayoutRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists())
    host = enter(Host, **screen)
    host.log_in()

    host.open("/admin/payments/payout/earnings/")
    host.sees("On its way")
    host.sees("Frozen by disputes")
    host.checks("earnings", guest_page=False)
    host.open(f"/admin/payments/payout/statement/{earned.pk}/")
    host.sees("Closing balance")
    host.checks("statement", guest_page=False)
    with host.page.expect_download() as download:
        host.click("PDF", "link")
    assert download.value.suggested_filename.startswith(f"statement-{earned.slug}-")


def test_booking_page_says_where_the_money_is(host, earned, journey):
    booking = earned.bookings.filter(payments__refunds__isnull=False).get()
    host.log_in()

    host.open(f"/admin/bookings/booking/{booking.pk}/change/")
    host.sees("Where the money is now")
    host.press(host.page.get_by_text(re.compile("Ledger, ")))

    expect(host.page.get_by_role("region", name="Ledger")).to_contain_text("Platform fee")
    books.refunded(booking.payments.get(), 1_234)
    host.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    host.sees("€12.34")  # the page has followed, and what was unfolded stays unfolded
    expect(host.page.get_by_role("region", name="Ledger")).to_contain_text("Platform fee")
    host.checks("host-money", full=True, guest_page=False)
