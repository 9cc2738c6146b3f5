"""Sums of lists of money in the admin: of what is filtered, by currency, test money apart, at one query a list."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from payments.credits import services as credits
from payments.models import (
    Credit,
    CreditUse,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Payout,
    PayoutRun,
    Refund,
    VenuePayments,
)
from tests.support import factories
from tests.support.admin_pages import logged_in, queries, text_of, url
from tests.support.admin_world import payment_of, request_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return logged_in(factories.staff())


def paid(currency: str, taken_minor: int, *, mark: str, venue=None, **fields) -> Payment:
    venue = venue or factories.venue(currency=currency)
    booking = request_of(factories.room(venue=venue))
    return payment_of(
        booking, mark=mark, status="CAPTURED", currency=currency, captured_minor=taken_minor, **fields
    )


def sums(client: Client, address: str) -> list[tuple[str, bool, int]]:
    return [(one.currency, one.is_test, one.amount_minor) for one in client.get(address).context["sums"]]


def a_run(days_ago: int = 0) -> PayoutRun:
    at = clock.now() - dt.timedelta(days=days_ago)
    return PayoutRun.objects.create(cutoff_at=at, finished_at=at)


def payout(run: PayoutRun, amount_minor: int, currency: str = "EUR", status: str = "paid") -> Payout:
    return Payout.objects.create(
        run=run, venue=factories.venue(), currency=currency, amount_minor=amount_minor, method="bank",
        key=f"payout-{Payout.objects.count()}", status=status,
    )  # fmt: skip


def credit(booking, amount_minor: int, currency: str = "EUR") -> Credit:
    return Credit.objects.create(
        code=f"CODE-{Credit.objects.count()}", booking=booking, guest_email="a@example.org", currency=currency,
        amount_minor=amount_minor, reason="Goodwill",
    )  # fmt: skip


# --- above a list ---------------------------------------------------------------------------------------------


def test_payments_are_added_up_by_currency(staff):
    paid("EUR", 10_000, mark="a")
    paid("EUR", 2_050, mark="b")
    paid("USD", 700, mark="c")

    address = url(Payment, "changelist")

    assert sums(staff, address) == [("EUR", False, 12_050), ("USD", False, 700)]
    page = text_of(staff.get(address))
    assert "€120.50" in page
    assert "$7.00" in page


def test_sums_are_of_what_the_filters_leave(staff):
    mine = paid("EUR", 10_000, mark="a")
    paid("EUR", 2_050, mark="b")

    assert sums(staff, f"{url(Payment, 'changelist')}?q={mine.booking.reference}") == [("EUR", False, 10_000)]


def test_sums_are_of_all_pages_of_a_list(staff, monkeypatch):
    for mark in "abc":
        paid("EUR", 100, mark=mark)
    monkeypatch.setattr("accounts.admin_tools.base.CarefulAdmin.list_per_page", 2)

    assert sums(staff, url(Payment, "changelist")) == [("EUR", False, 300)]


def test_host_reads_the_sums_of_own_venues_alone():
    mine = paid("EUR", 10_000, mark="a")
    paid("EUR", 2_050, mark="b")

    host = logged_in(factories.host(venue=mine.booking.venue))

    assert sums(host, url(Payment, "changelist")) == [("EUR", False, 10_000)]


def test_real_and_test_money_are_never_added_up_together(staff, settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_IS_LIVE = "sk_live_of_no_worth", True
    paid("EUR", 10_000, mark="a", is_live=True)
    paid("EUR", 2_050, mark="b", is_live=False)

    assert sums(staff, url(Payment, "changelist")) == [("EUR", False, 10_000), ("EUR", True, 2_050)]
    assert "Taken, test money" in text_of(staff.get(url(Payment, "changelist")))


def test_failed_refund_is_listed_and_not_added_up(staff):
    payment = paid("EUR", 10_000, mark="a")
    for n, status in enumerate(("succeeded", "pending", "failed")):
        Refund.objects.create(
            payment=payment, provider_ref=f"re_{n}", amount_minor=10 ** (n + 2), status=status
        )

    assert sums(staff, url(Refund, "changelist")) == [("EUR", False, 1_100)]


def test_credits_are_added_up_by_what_is_left_of_them(staff):
    booking = request_of(factories.room())
    spent, whole = credit(booking, 5_000), credit(booking, 700)
    use = CreditUse.objects.create(credit=spent, amount_minor=3_000, payment=payment_of(booking, mark="x"))
    Refund.objects.create(
        payment=use.payment, provider_ref="re_back", amount_minor=1_000, channel="credit", status="succeeded"
    )

    assert [credits.left_minor(one) for one in (spent, whole)] == [3_000, 700]
    assert {one.pk: one.left_now for one in credits.with_left(Credit.objects.all())} == {
        spent.pk: 3_000, whole.pk: 700,
    }  # fmt: skip
    assert sums(staff, url(Credit, "changelist")) == [("EUR", False, 3_700)]


def test_payouts_given_up_are_listed_and_not_added_up(staff):
    run = a_run()
    for amount, status in ((100, "paid"), (2_000, "sending"), (30_000, "failed"), (400_000, "returned")):
        payout(run, amount, status=status)

    assert sums(staff, url(Payout, "changelist")) == [("EUR", False, 2_100)]


def test_list_without_money_has_no_sums(staff):
    assert sums(staff, url(Payment, "changelist")) == []
    assert "rh-sums" not in text_of(staff.get(url(Payment, "changelist")))


# --- beside each row ------------------------------------------------------------------------------------------


def test_each_payout_run_tells_what_it_paid_in_the_list_and_on_its_page(staff):
    first, second = (a_run(days_ago=n) for n in range(2))
    payout(first, 100)
    payout(first, 2_000)
    payout(first, 700, currency="USD")
    payout(first, 999_999, status="failed")

    listed = staff.get(url(PayoutRun, "changelist")).context["cl"].result_list

    assert {run.pk: run.known_sums for run in listed} == {
        first.pk: [("EUR", 2_100), ("USD", 700)], second.pk: [],
    }  # fmt: skip
    assert "€21.00 · $7.00" in text_of(staff.get(url(PayoutRun, "change", first.pk)))


def test_list_of_venues_tells_what_each_is_owed(staff):
    payment = paid("EUR", 10_000, mark="a")
    movement = LedgerTransaction.objects.create(
        key="capture:a", kind="capture", booking=payment.booking, payment=payment, currency="EUR"
    )
    for account, amount in (("venue", -9_000), ("clearing", 9_000)):
        LedgerEntry.objects.create(
            transaction=movement, account=account, venue=payment.booking.venue, currency="EUR",
            amount_minor=amount,
        )  # fmt: skip

    page = staff.get(url(VenuePayments, "changelist"))

    assert [venue.known_sums for venue in page.context["cl"].result_list] == [[("EUR", 9_000)]]
    assert "€90.00" in text_of(page)


# --- cost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["payment", "refund", "credit", "payout", "payoutrun", "venuepayments", "dispute"]
)
def test_lists_with_sums_cost_the_same_for_one_row_and_three(staff, name):
    def more(mark: str) -> None:
        payment = paid("EUR", 100, mark=mark)
        Refund.objects.create(payment=payment, provider_ref=f"re_{mark}", amount_minor=10)
        payout(a_run(), 100)
        credit(payment.booking, 100)

    address = reverse(f"admin:payments_{name}_changelist")
    more("a")
    once = queries(staff, address)
    more("b")
    more("c")

    assert queries(staff, address) == once
