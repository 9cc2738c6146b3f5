"""Payouts in the admin: what hosts and staff see, the run, bank files, marking."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from core.money import format_minor
from payments.models import LedgerTransaction, Payout, PayoutRun
from payments.payouts import services as payouts
from payments.payouts.balance import owed_by_venue
from tests.payments import books
from tests.support import factories
from tests.support.invariants import check_books

pytestmark = pytest.mark.django_db


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def venue():
    return books.payable_venue(name="Hotel Aral")


@pytest.fixture
def staff():
    return logged_in(factories.staff())


@pytest.fixture
def host(venue):
    return logged_in(factories.host(venue=venue))


@pytest.fixture
def payout(venue) -> Payout:
    books.captured(books.booking(venue=venue))
    payouts.begin_run()
    payouts.continue_run()
    return Payout.objects.get()


def url(name: str, *args) -> str:
    return reverse(f"admin:payments_{name}", args=args)


def act(client: Client, action: str, *chosen: Payout, **more: str):
    data = {"action": action, "_selected_action": [payout.pk for payout in chosen], **more}
    return client.post(url("payout_changelist"), data, follow=True)


def text(answer) -> str:
    return answer.content.decode()


# --- earnings and statements ------------------------------------------------------------------------------------


def test_host_of_one_venue_comes_to_its_earnings(host, venue, payout):
    answer = host.get(url("payout_earnings"), follow=True)

    assert answer.redirect_chain[-1][0] == url("payout_earnings_of", venue.pk)
    assert "€90.00" in text(answer)
    assert "Hotel Aral" in text(answer)


def test_list_of_venues_says_what_each_is_owed_and_adds_it_up(staff, venue):
    other = books.payable_venue(name="Hotel Kaspi")
    books.captured(books.booking(venue=venue))
    books.captured(books.booking(venue=other))
    books.captured(books.booking(venue=other))
    factories.venue(name="Hotel Nothing")

    page = text(staff.get(url("payout_earnings")))

    [(currency, owed)] = owed_by_venue([venue.pk])[venue.pk]
    assert [format_minor(times * owed, currency) in page for times in (1, 2, 3)] == [True] * 3
    assert "Hotel Nothing" in page


def test_earnings_say_why_a_balance_waits(host, venue):
    venue.payment_settings.bank_account = ""
    venue.payment_settings.save()
    books.captured(books.booking(venue=venue))

    assert "This waits. Bank details" in text(host.get(url("payout_earnings_of", venue.pk)))


@pytest.mark.parametrize("page", ["payout_earnings_of", "payout_statement"])
def test_pages_of_another_venue_are_not_found(host, page):
    other = books.payable_venue()

    assert host.get(url(page, other.pk)).status_code == 404


def test_clerk_sees_no_earnings(venue):
    clerk = logged_in(factories.host(venue=venue, role="clerk"))

    assert clerk.get(url("payout_earnings")).status_code == 403
    assert clerk.get(url("payout_statement", venue.pk)).status_code == 403


def test_statement_page_shows_lines_and_sums(host, venue, payout):
    booking = payout.lines.get().booking

    page = text(host.get(url("payout_statement", venue.pk)))

    for expected in (booking.reference, "€100.00", "€10.00", "€90.00", payout.key, "Closing balance"):
        assert expected in page


def test_statement_downloads_as_csv_and_pdf(host, venue, payout):
    table = host.get(url("payout_statement", venue.pk), {"form": "csv"})
    paper = host.get(url("payout_statement", venue.pk), {"form": "pdf"})

    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["what"] for row in rows] == ["Opening balance", "Booking", "Paid out", "Closing balance"]
    assert table["Content-Disposition"].startswith(f'attachment; filename="statement-{venue.slug}-')
    assert paper["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-99"}, {"first": "2026-03-31", "last": "2026-03-01"},
        {"first": "1900-01-01", "last": "2030-01-01"},
        {"currency": "<b>"}, {"form": "exe"}, {"first": "9999-12-31", "last": "9999-12-31"}, {"month": "0001-01"},
    ],
)  # fmt: skip
def test_statement_of_a_senseless_period_is_a_page_not_an_error(host, venue, query):
    assert host.get(url("payout_statement", venue.pk), query).status_code == 200


# --- the run ------------------------------------------------------------------------------------------------------


def test_staff_preview_a_run_and_begin_it(staff, venue):
    books.captured(books.booking(venue=venue))
    poor = books.payable_venue(name="No Details", settings={"bank_account": ""})
    books.captured(books.booking(venue=poor))

    preview = text(staff.get(url("payout_new_run")))
    answer = staff.post(url("payout_new_run"))

    assert "1 payout would be made" in preview
    assert "Bank details or Stripe account missing" in preview
    run = PayoutRun.objects.get()
    assert answer["Location"] == url("payoutrun_change", run.pk)
    assert run.started_by is not None
    payouts.continue_run()
    page = text(staff.get(answer["Location"]))
    assert "No Details" in page
    assert "Done" in page


def test_second_run_is_refused_with_a_word(staff):
    payouts.begin_run()

    answer = staff.post(url("payout_new_run"), follow=True)

    assert "A payout run is under way. Nothing was begun." in text(answer)
    assert PayoutRun.objects.count() == 1


def test_host_can_neither_begin_a_run_nor_export_nor_mark(host, payout):
    assert host.get(url("payout_new_run")).status_code == 403
    assert host.post(url("payout_new_run")).status_code == 403
    for action in ("export_xml", "export_csv", "mark_paid", "mark_failed", "mark_returned"):
        act(host, action, payout, confirmed="yes", reason="mine")
    assert host.get(url("payout_file", "RH-1", "xml")).status_code == 403

    payout.refresh_from_db()
    assert payout.status == "ready"
    assert PayoutRun.objects.count() == 1


# --- files and marks ----------------------------------------------------------------------------------------------


def test_staff_download_the_banks_file_once_and_again(staff, payout, settings):
    settings.PAYOUT_ACCOUNT_HOLDER, settings.PAYOUT_ACCOUNT = "Roomhold", "DE89370400440532013000"

    first = act(staff, "export_xml", payout)
    second = act(staff, "export_xml", payout)
    payout.refresh_from_db()
    again = staff.get(url("payout_file", payout.provider_ref, "xml"))

    assert first["Content-Type"] == "application/xml"
    assert "None of these payouts waits for a bank file. Nothing was changed." in text(second)
    assert again.content == first.content
    assert payout.status == "sending"
    assert (
        LogEntry.objects.filter(
            object_id=str(payout.pk), change_message__contains=payout.provider_ref
        ).count()
        == 1
    )


def test_file_that_cannot_be_made_says_why(staff, payout):
    answer = act(staff, "export_xml", payout)

    assert "PAYOUT_ACCOUNT_HOLDER" in text(answer)
    payout.refresh_from_db()
    assert payout.status == "ready"


def test_marking_asks_first_then_marks_once_and_notes_who(staff, payout):
    asked = act(staff, "mark_paid", payout)
    done = act(staff, "mark_paid", payout, confirmed="yes")
    twice = act(staff, "mark_paid", payout, confirmed="yes")

    assert "Mark as paid?" in text(asked)
    assert "1 payout marked as paid." in text(done)
    assert "This payout is paid already. Nothing was changed." in text(twice)
    assert LedgerTransaction.objects.filter(payout=payout, kind="payout_paid").count() == 1
    entry = LogEntry.objects.get(object_id=str(payout.pk), content_type__model="payout")
    assert entry.change_message == "Paid."
    check_books()


def test_marking_as_failed_needs_a_reason_the_venue_can_read(staff, host, payout, venue):
    without = act(staff, "mark_failed", payout, confirmed="yes", reason=" ")
    act(staff, "mark_failed", payout, confirmed="yes", reason="Account closed")

    assert "This field is required" in text(without)
    payout.refresh_from_db()
    assert (payout.status, payout.error) == ("failed", "Account closed")
    assert "Account closed" in text(host.get(url("payout_earnings_of", venue.pk)))
    check_books()


def test_payouts_movements_are_in_the_ledgers_list_for_host_and_staff(host, staff, payout):
    for client in (host, staff):
        page = text(client.get(url("ledgertransaction_changelist"), {"kind": "payout"}))
        assert f"payout:{payout.pk}" in page

    stranger = logged_in(factories.host(venue=factories.venue()))
    assert f"payout:{payout.pk}" not in text(stranger.get(url("ledgertransaction_changelist")))
