"""Test and real money never mix: not in a balance, a payout, a statement or a figure; the database refuses it."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from bookings.actors import CLOCK
from core import clock
from core.mode import site_is_live
from payments.credits import services as credits
from payments.ledger import posting as ledger
from payments.ledger.checkpoints import take_all
from payments.models import Credit, CreditUse, LedgerTransaction, Payment, Payout, PayoutRun
from payments.monitoring import metrics
from payments.payouts import bank_export
from payments.payouts import services as payouts
from payments.payouts.balance import balance_of
from payments.payouts.due import preview
from payments.statements.selectors import statement, this_month
from tests.payments import books
from tests.support.invariants import check_books

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_IS_LIVE, settings.OCTO_TEST = (
        "sk_live_of_no_worth",
        True,
        False,
    )


def run() -> None:
    payouts.begin_run()
    payouts.continue_run()


class TestSite:
    def test_is_live_by_its_stripe_key(self, settings):
        settings.STRIPE_SECRET_KEY, settings.STRIPE_IS_LIVE = "sk_live_x", True

        assert site_is_live() is True

    def test_is_in_test_mode_by_its_stripe_key(self):
        assert site_is_live() is False

    @pytest.mark.parametrize("is_test", [True, False])
    def test_without_stripe_is_what_octo_is(self, settings, is_test):
        settings.STRIPE_SECRET_KEY, settings.OCTO_TEST = "", is_test

        assert site_is_live() is not is_test


class TestLiveSite:
    def test_pays_live_money_alone(self, live):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue), is_live=False)
        books.captured(books.booking(venue=venue, total_minor=5_000), is_live=True)

        run()

        payout = Payout.objects.get()
        assert (payout.amount_minor, payout.is_live, payout.run.is_live) == (4_500, True, True)
        assert payout.lines.count() == 1
        check_books()

    def test_pays_nothing_where_all_was_taken_in_test_mode(self, live):
        books.captured(books.booking(venue=books.payable_venue()), is_live=False)

        run()

        assert not Payout.objects.exists()
        assert list(preview(clock.now())) == []

    def test_sees_live_balances_and_statements_alone(self, live):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue), is_live=False)
        books.captured(books.booking(venue=venue, total_minor=5_000), is_live=True)

        (balance,) = balance_of(venue)
        made = statement(venue, this_month(venue))

        assert (balance.owed_minor, balance.available_minor) == (4_500, 4_500)
        assert (len(made.lines), made.net_minor, made.closing_minor) == (1, 4_500, 4_500)

    def test_sees_live_figures_alone(self, live):
        venue = books.payable_venue()
        books.refunded(books.captured(books.booking(venue=venue), is_live=False), 3_000)
        books.captured(books.booking(venue=venue, total_minor=5_000), is_live=True)

        seen = metrics.figures(clock.now() - dt.timedelta(days=1))

        assert seen.sums == [
            {
                "currency": "EUR",
                "taken_minor": 5_000,
                "own_shop_minor": 0,
                "fee_minor": 0,
                "refunded_minor": 0,
            }
        ]
        assert seen.refunded.part == 0

    def test_leaves_a_run_begun_in_test_mode_alone(self, settings, live):
        settings.STRIPE_IS_LIVE = False
        books.captured(books.booking(venue=books.payable_venue()), is_live=False)
        begun = payouts.begin_run()
        settings.STRIPE_IS_LIVE = True

        went_on = payouts.continue_run()
        live_run = payouts.begin_run()

        assert went_on is None
        assert (begun.is_live, live_run.is_live) == (False, True)
        assert not Payout.objects.exists()


def test_test_site_pays_test_money_alone():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue), is_live=True)
    books.captured(books.booking(venue=venue, total_minor=5_000), is_live=False)

    run()

    payout = Payout.objects.get()
    assert (payout.amount_minor, payout.is_live) == (4_500, False)


def test_each_mode_of_one_booking_is_shared_by_itself():
    booking = books.booking(total_minor=10_000)
    books.captured(booking, 3_333, is_live=False)
    books.captured(booking, 6_667, is_live=True)

    assert ledger.kept_minor(booking, False) == 3_333
    assert ledger.balances(is_live=True, account="platform_fee") == {"platform_fee": -667}


class TestDatabase:
    def test_refuses_a_transaction_in_another_mode_than_its_payment(self):
        payment = books.captured(books.booking())

        with pytest.raises(IntegrityError, match="never mix"), transaction.atomic():
            LedgerTransaction.objects.create(
                key="x",
                kind="capture",
                booking=payment.booking,
                payment=payment,
                currency="EUR",
                is_live=True,
            )

        assert not LedgerTransaction.objects.filter(key="x").exists()

    def test_refuses_a_transaction_in_another_mode_than_its_payout(self):
        books.captured(books.booking(venue=books.payable_venue()))
        run()

        with pytest.raises(IntegrityError, match="never mix"), transaction.atomic():
            LedgerTransaction.objects.create(
                key="x", kind="payout_paid", payout=Payout.objects.get(), currency="EUR", is_live=True
            )

        assert not LedgerTransaction.objects.filter(key="x").exists()

    def test_refuses_a_payout_in_another_mode_than_its_run(self):
        venue = books.payable_venue()
        begun = PayoutRun.objects.create(cutoff_at=clock.now(), is_live=False)

        with pytest.raises(IntegrityError, match="never mix"), transaction.atomic():
            Payout.objects.create(
                run=begun, venue=venue, currency="EUR", amount_minor=1, method="bank", key="x", is_live=True
            )

        assert not Payout.objects.exists()

    @pytest.mark.parametrize("model", [Payment, Payout, Credit])
    def test_refuses_another_mode_once_money_moved(self, model):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))
        books.credited(books.booking(venue=venue, days_ago=-5), 100)
        run()

        with pytest.raises(IntegrityError, match="never mix"), transaction.atomic():
            model.objects.update(is_live=True)

        assert not model.objects.filter(is_live=True).exists()

    def test_refuses_an_entry_in_another_mode_than_its_transaction(self, settings):
        payment = books.captured(books.booking())
        movement = LedgerTransaction.objects.create(
            key="x", kind="capture", booking=payment.booking, payment=payment, currency="EUR", is_live=False
        )

        with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            for account, amount in (("bank", 5), ("clearing", -5)):
                movement.entries.create(
                    account=account,
                    venue=payment.booking.venue,
                    currency="EUR",
                    amount_minor=amount,
                    is_live=True,
                )
            with transaction.get_connection().cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        assert not movement.entries.exists()


class TestCredit:
    def test_given_in_test_mode_is_refused_by_a_live_site(self, settings, live):
        booking = books.booking()
        settings.STRIPE_IS_LIVE = False
        credit = books.credited(booking, 5_000, code="7KQ2-M9XC-PRTV-4B6Z")
        settings.STRIPE_IS_LIVE = True
        waiting = books.booking(
            status="PENDING_PAYMENT", payment_due_at=clock.now() + dt.timedelta(hours=1), days_ago=-3
        )

        with pytest.raises(credits.CreditRefused, match="test money"):
            credits.use(booking_id=waiting.pk, code=credit.code, actor=CLOCK)

        assert not CreditUse.objects.exists()
        assert not waiting.payments.exists()

    def test_keeps_its_payments_mode(self, settings):
        payment = books.captured(books.booking(), is_live=True)
        refund = payment.refunds.create(
            amount_minor=100, channel="credit", status="succeeded", provider_ref="credit-1"
        )

        credit = credits.give(payment.booking, refund, actor=CLOCK, reason="The card is closed.")

        assert credit.is_live is True
        assert LedgerTransaction.objects.get(key=f"credit:{credit.pk}").is_live is True


@pytest.mark.django_db(transaction=True)
def test_checkpoint_keeps_modes_apart():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue), is_live=True)
    books.captured(books.booking(venue=venue, total_minor=5_000), is_live=False)

    differing = take_all()
    books.captured(books.booking(venue=venue, total_minor=1_000), is_live=True)
    (balance,) = balance_of(venue)

    assert differing == 0
    assert balance.owed_minor == 4_500


class TestBankFile:
    def test_of_test_money_says_so_in_its_name(self, settings):
        settings.PAYOUT_ACCOUNT_HOLDER, settings.PAYOUT_ACCOUNT = "Roomhold Ltd", "DE89370400440532013000"
        books.captured(books.booking(venue=books.payable_venue()))
        run()

        made = bank_export.export([Payout.objects.get().pk], form="xml", by=None)

        assert made.name.startswith("RH-TEST-")
        assert f"<MsgId>{made.message_id}</MsgId>" in made.content.decode()

    def test_of_a_live_site_never_has_test_money(self, settings):
        settings.PAYOUT_ACCOUNT_HOLDER, settings.PAYOUT_ACCOUNT = "Roomhold Ltd", "DE89370400440532013000"
        books.captured(books.booking(venue=books.payable_venue()))
        run()
        settings.STRIPE_IS_LIVE = True
        payout = Payout.objects.get()

        with pytest.raises(payouts.PayoutError, match="None of these payouts"):
            bank_export.export([payout.pk], form="xml", by=None)

        assert Payout.objects.get().status == "ready"
