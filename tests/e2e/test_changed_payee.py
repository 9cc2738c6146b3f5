"""A changed payee in a browser: an owner proves who they are, everybody is told, and payouts wait for a week."""

import re

import pytest
from playwright.sync_api import expect

from payments.models import PayeeChange, PaymentSettings, Payout, PayoutRun
from rooms.models import Venue, VenueMember
from tests.e2e.people import Host
from tests.flows.journey import wait_for
from tests.payments import books
from tests.support import factories

NEW_ACCOUNT = "DE75512108001245126199"


@pytest.fixture
def earned(journey) -> Venue:
    """The journey's venue has an account and money to come."""
    venue = journey.room.venue
    PaymentSettings.objects.create(venue=venue, **books.BANK)
    books.captured(books.booking(room=journey.room, total_minor=40_000))
    return venue


def settings_page(venue: Venue) -> str:
    return f"/admin/payments/venuepayments/{venue.pk}/change/"


def run_payouts() -> PayoutRun:
    from payments.payouts import services as payouts

    run = payouts.begin_run()
    wait_for(lambda: PayoutRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists())
    return run


def test_manager_finds_the_payee_shut(enter, earned):
    manager = factories.host(venue=earned, role=VenueMember.Role.MANAGER)
    host = enter(Host)
    host.log_in(manager.email)

    host.open(settings_page(earned))

    host.sees("Only an owner of the venue changes where its money goes.")
    expect(host.page.get_by_label("Bank account")).to_be_disabled()


def test_owner_changes_the_payee_all_are_told_and_payouts_wait_a_week(enter, earned, journey):
    host, staff = enter(Host), enter(Host)
    host.log_in()
    host.open(settings_page(earned))
    expect(host.page.get_by_label("Bank account")).to_be_disabled()
    host.click("Confirm that it is you", "link")
    host.confirm_password()
    host.page.get_by_label("Account holder").fill("Mill GmbH")
    host.page.get_by_label("Bank account").fill(NEW_ACCOUNT)
    host.page.get_by_label("Bank code").fill("SOGEDEFF")
    host.click("Save and continue editing")
    host.sees(re.compile("→ bank …6199"))
    host.checks("host-payee-changed", full=True, guest_page=False)
    assert PayeeChange.objects.get(venue=earned).changed_by == journey.host

    host.open_mail(f"Where the money of {earned.name} goes was changed", to=journey.host.email)
    staff.log_in(factories.staff(name="Sam Staff").email)
    staff.sees(re.compile("→ bank …6199"))
    staff.open("/admin/payments/payout/new-run/")
    staff.sees("Where the money goes was changed a short time ago")
    staff.checks("payout-preview-payee-changed", guest_page=False)
    run_payouts()
    assert not Payout.objects.filter(venue=earned).exists()

    journey.advance(days=7, minutes=1)
    run_payouts()
    payout = Payout.objects.get(venue=earned)
    assert (payout.destination, payout.amount_minor) == ("6199", 36_000)
