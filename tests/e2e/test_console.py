"""Staff at work on the money: messages that wait, differences with the provider, the page of figures."""

import re

import pytest
from playwright.sync_api import expect

from payments.models import Drift, Payment, WebhookEvent
from tests.e2e.people import DESKTOP, PHONE, Host
from tests.flows.journey import wait_for
from tests.support import factories

SCREENS = pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture
def confirmed(journey):
    """A booking paid and confirmed, all done."""
    journey.book()
    journey.pay()
    journey.come_back()
    journey.approve()
    journey.reach("CONFIRMED")
    journey.wait_quiet()
    return journey


def staff_of(enter, screen: dict) -> Host:
    staff = enter(Host, **screen)
    staff.log_in(email=factories.staff(name="Sam Staff").email)
    return staff


@SCREENS
def test_parked_message_is_read_and_processed_again(screen, confirmed, enter):
    event = WebhookEvent.objects.filter(payment=confirmed.payment, outcome="processed").latest("pk")
    WebhookEvent.objects.filter(pk=event.pk).update(
        outcome="parked", note="the provider did not answer, 20 times"
    )
    staff = staff_of(enter, screen)

    staff.open("/admin/payments/webhookevent/")
    staff.sees("Webhook events" if screen is DESKTOP else event.type)
    staff.checks("console", guest_page=False)
    staff.open("/admin/payments/webhookevent/parked/")
    staff.sees("the provider did not answer, 20 times")
    staff.checks("console-parked", guest_page=False)
    staff.open(f"/admin/payments/webhookevent/{event.pk}/change/")
    staff.sees("Message, personal data hidden")
    assert confirmed.booking.guest_email not in staff.page.content()
    staff.checks("console-message", full=True, guest_page=False)
    staff.open("/admin/payments/webhookevent/parked/")
    row = staff.page.get_by_role("listitem").filter(has_text=event.event_id)
    staff.press(row.get_by_role("button", name="Process again"))

    staff.sees(re.compile(r"Processed\."))
    event.refresh_from_db()
    assert event.outcome == "processed"
    assert confirmed.payment.captured_minor == confirmed.booking.total_minor


@SCREENS
def test_difference_is_found_shown_and_mended_by_one_button(screen, confirmed, enter):
    payment = confirmed.payment
    Payment.objects.filter(pk=payment.pk).update(captured_minor=5_000)
    staff = staff_of(enter, screen)

    staff.open("/admin/payments/reconciliationrun/compare/")
    staff.click("Compare now")
    staff.sees("Begun; reload in a minute")
    drift = wait_for(
        lambda: Drift.objects.filter(payment=payment, kind="amount", state="open").first(), seconds=60
    )
    staff.open("/admin/payments/drift/?state__exact=open")
    staff.checks("differences", guest_page=False)
    staff.open(f"/admin/payments/drift/{drift.pk}/change/")
    staff.sees("taken €50.00")
    staff.checks("difference", full=True, guest_page=False)
    staff.click("Take over the provider's figures")

    staff.sees("The provider's figures were taken over.")
    expect(staff.page.locator(".rh-pill").first).to_have_text("Mended")
    assert confirmed.payment.captured_minor == confirmed.booking.total_minor


@SCREENS
def test_page_of_figures_fits_the_screen(screen, confirmed, enter):
    staff = staff_of(enter, screen)

    staff.open("/admin/money/")
    staff.sees("Authorizations that succeed")
    staff.checks("money", full=True, guest_page=False)
    staff.click("90 days", "link")

    expect(staff.page.get_by_role("link", name="90 days")).to_have_attribute("aria-current", "page")
