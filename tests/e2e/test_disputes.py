"""Disputes in the browser: a guest's bank takes money back, staff answer from the case's page, and the bank decides."""

import re

import pytest

from payments.models import Dispute
from tests.e2e.people import DESKTOP, PHONE, Guest, Host
from tests.flows.journey import wait_for
from tests.support import factories

FRAUDULENT, NOT_RECEIVED = "4000 0000 0000 0259", "4000 0000 0000 2685"


def disputed(guest: Guest, journey, card: str) -> Dispute:
    """A guest pays, the host says yes, and the bank disputes the charge."""
    guest.book()
    guest.pay(card)
    guest.heads("Your money is held, not taken")
    journey.approve()
    wait_for(lambda: Dispute.objects.filter(payment__booking__reference=journey.reference).exists())
    return Dispute.objects.get(payment__booking__reference=journey.reference)


def status_of(case: Dispute) -> str:
    return Dispute.objects.values_list("status", flat=True).get(pk=case.pk)


@pytest.mark.parametrize(
    ("screen", "card", "text", "ends"),
    [
        pytest.param(DESKTOP, NOT_RECEIVED, "winning_evidence", "won", id="desktop-won"),
        pytest.param(PHONE, FRAUDULENT, "losing_evidence", "lost", id="phone-lost"),
    ],
)
def test_staff_answer_a_dispute_and_the_bank_decides(enter, journey, screen, card, text, ends):
    guest, staff = enter(Guest), enter(Host, **screen)
    case = disputed(guest, journey, card)
    staff.log_in(factories.staff().email)

    staff.open(f"/admin/bookings/booking/{journey.booking.pk}/change/")
    staff.sees(re.compile("disputed: needs an answer"))
    staff.click("Open the case", "link")
    staff.sees_state("Needs an answer")
    staff.sees(re.compile(r"\d d \d+ h left"))
    staff.sees("What helps")
    staff.checks("dispute", full=True, guest_page=False)

    with staff.page.expect_download() as download:
        staff.click("Download the PDF", "link")
    assert download.value.suggested_filename == f"evidence-{journey.reference}.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF-")

    staff.page.get_by_label("Anything else").fill(text)
    staff.click("Save as a draft")
    staff.sees("Draft saved. Nothing was sent yet.")
    staff.expects("422")  # the refusal itself
    staff.click("Send the answer")
    staff.sees("Please confirm that this is the whole answer.")
    staff.page.get_by_label(re.compile("This is our whole answer")).check()
    staff.click("Send the answer")
    staff.sees("Sent. The bank decides next.")
    staff.sees_state("Under review")
    staff.checks(f"dispute-sent-{ends}", full=True, guest_page=False)

    journey.advance(seconds=5)
    wait_for(lambda: status_of(case) == ends)
    staff.page.reload()
    staff.sees_state(ends.capitalize())
    staff.checks(f"dispute-{ends}", full=True, guest_page=False)


def test_host_writes_the_answer_and_leaves_the_sending_to_staff(enter, journey):
    guest, host = enter(Guest), enter(Host)
    case = disputed(guest, journey, NOT_RECEIVED)
    host.log_in()

    host.open("/admin/payments/dispute/")
    host.click("Needs an answer", "link")
    host.page.get_by_label("Anything else").fill("We met her at the door at 18:00.")
    host.click("Save as a draft")
    host.sees("Draft saved. Nothing was sent yet.")
    host.sees("Roomhold's staff send it to the bank.")

    assert host.page.get_by_role("button", name="Send the answer").count() == 0
    case.refresh_from_db()
    assert case.evidence["uncategorized_text"] == "We met her at the door at 18:00."
    host.open("/admin/payments/dispute/")
    host.checks("disputes", guest_page=False)


def test_staff_accept_a_dispute_they_cannot_win(enter, journey):
    guest, staff = enter(Guest), enter(Host, **PHONE)
    case = disputed(guest, journey, FRAUDULENT)
    staff.log_in(factories.staff().email)

    staff.open(f"/admin/payments/dispute/{case.pk}/change/")
    staff.click("Accept the dispute…", "link")
    staff.sees("This cannot be undone.")
    staff.checks("dispute-accept", guest_page=False)
    staff.click("Accept the dispute")
    staff.sees("Accepted. The money stays with the guest.")
    staff.sees_state("Lost")
