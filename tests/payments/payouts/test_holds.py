"""Why a venue as a whole is not paid: not approved, suspended, its first weeks; preview, run and pages agree."""

import datetime as dt

import pytest

from core import clock
from payments.models import PayeeChange, Payout, PayoutSkip
from payments.payouts import bank_export, transfers
from payments.payouts import services as payouts
from payments.payouts.due import preview
from payments.payouts.holds import Hold, hold_of
from rooms.models import Venue
from tests.payments import books
from tests.support import factories
from tests.support.admin_pages import logged_in, text_of

pytestmark = pytest.mark.django_db

Reason = PayoutSkip.Reason
DAY = dt.timedelta(days=1)


@pytest.fixture
def now() -> dt.datetime:
    return clock.now()


def earning(now: dt.datetime, *, captured_days_ago: float = 3, **fields) -> Venue:
    """A venue with bank details that is due 90.00 of a payment taken some days ago."""
    venue = books.payable_venue(**fields)
    payment = books.captured(books.booking(venue=venue))
    payment.captured_at = now - captured_days_ago * DAY
    payment.save(update_fields=["captured_at"])
    return venue


def run() -> None:
    payouts.begin_run()
    payouts.continue_run()


@pytest.mark.parametrize(
    ("status", "reason"),
    [("draft", "not_approved"), ("waiting", "not_approved"), ("suspended", "suspended")],
)
def test_venue_not_approved_or_suspended_is_not_paid_and_preview_says_so(now, status, reason):
    venue = earning(now, status=status)

    [seen] = preview(now)
    run()

    skip = PayoutSkip.objects.get()
    assert (seen.reason, seen.amount_minor) == (reason, 9_000)
    assert (skip.venue, skip.reason, skip.amount_minor) == (venue, reason, 9_000)
    assert not Payout.objects.exists()


def test_first_payout_waits_fourteen_days_after_the_first_capture(now, settings):
    venue = earning(now, captured_days_ago=3, approved_at=now - 5 * DAY)

    assert settings.FIRST_PAYOUT_DELAY_DAYS == 14
    assert hold_of(venue, now) == Hold(Reason.FIRST_PAYOUT, now + 11 * DAY)
    assert hold_of(venue, now + 11 * DAY) is None
    run()

    assert PayoutSkip.objects.get().reason == "first_payout"


def test_venue_that_was_paid_before_does_not_wait_as_for_its_first_payout(now):
    venue = earning(now, captured_days_ago=15, approved_at=now - 20 * DAY)
    run()
    Payout.objects.get()
    venue.bookings.first().payments.update(captured_at=now)

    assert hold_of(venue, now) is None


def test_venue_from_before_approvals_keeps_its_payouts(now):
    earning(now, captured_days_ago=0.1)

    run()

    assert Payout.objects.get().amount_minor == 9_000


def test_change_of_payee_holds_payouts_seven_days_and_says_until_when(now, settings):
    venue = earning(now)
    host = factories.host(venue=venue)
    PayeeChange.objects.create(venue=venue, changed_by=host, changed_at=now - DAY, fields=["Bank account"])

    [seen] = preview(now)
    run()
    page = text_of(logged_in(host).get(f"/admin/payments/payout/earnings/{venue.pk}/"))

    assert settings.PAYEE_CHANGE_HOLD_DAYS == 7
    assert (seen.reason, seen.until) == ("payee_changed", now + 6 * DAY)
    assert PayoutSkip.objects.get().reason == "payee_changed"
    assert "Where the money goes was changed a short time ago: payouts wait until" in page
    assert hold_of(venue, now + 6 * DAY) is None


def test_holds_of_many_venues_take_as_many_queries_as_of_one(now, django_assert_num_queries):
    for _ in range(3):
        earning(now, approved_at=now)

    with django_assert_num_queries(6):
        assert len(list(preview(now))) == 3


def test_payout_ready_when_its_venue_is_suspended_stays_out_of_files_and_transfers(now, settings):
    settings.PAYOUT_ACCOUNT_HOLDER, settings.PAYOUT_ACCOUNT = "Roomhold", "DE89370400440532013000"
    banked = earning(now)
    carded = earning(now, settings={"payout_method": "stripe", "stripe_account_ref": "acct_1A2b3C4d5E6f"})
    run()
    Venue.objects.filter(pk__in=[banked.pk, carded.pk]).update(status="suspended")

    with pytest.raises(payouts.PayoutError, match="None"):
        bank_export.export(Payout.objects.values_list("pk", flat=True), form="csv", by=None)

    assert not transfers.to_send().exists()
    assert set(Payout.objects.values_list("status", flat=True)) == {"ready"}
    Venue.objects.update(status="approved")
    assert transfers.to_send().count() == 1
