"""Money lies where it was taken: what a venue's own shop took is never paid to it again, and its fee is owed."""

import pytest

from bookings.actors import CLOCK
from bookings.models import Booking
from core import clock
from payments.ledger import posting as ledger
from payments.ledger.positions import where
from payments.models import Credit, LedgerEntry, Payment, PaymentSettings, Payout, PayoutSkip, ProviderAccount
from payments.payouts import services as payouts
from payments.payouts.balance import balance_of
from payments.payouts.due import preview
from payments.reconciliation import compare_ledger
from payments.refunds import services as refund_services
from payments.statements.selectors import statement, this_month
from tests.payments import books
from tests.payments.octo_way import OctoJourney, octo_venue, own_account
from tests.support.invariants import check_books, check_quiet

TOTAL, FEE = 240_000_000, 24_000_000


def shop_of(venue) -> ProviderAccount:
    return ProviderAccount.objects.create(venue=venue, shop_id=77, secret="s", unique_key="k", is_test=True)


def taken_by_own_shop(venue, **fields):
    """A booking of 100.00 and tax of 20.00 in it, taken by the venue's own shop."""
    booking = books.booking(venue=venue, total_minor=10_000, tax_minor=2_000)
    account = ProviderAccount.objects.filter(venue=venue).first() or shop_of(venue)
    return books.captured(booking, provider="octo", account=account, **fields)


def run() -> None:
    payouts.begin_run()
    payouts.continue_run()


def balances(**filters: object) -> dict[str, int]:
    return {account: total for account, total in ledger.balances(**filters).items() if total}


def test_money_of_own_shop_through_a_run_is_not_paid_again_and_the_fee_is_owed(octo_sandbox, receiver):
    venue = octo_venue()
    own_account(venue, octo_sandbox, 77)
    PaymentSettings.objects.filter(venue=venue).update(
        account_holder="Mallory", bank_account="20208000900123456001", bank_code="00974"
    )
    journey = OctoJourney(octo_sandbox, receiver, venue=venue).paid()
    journey.advance(days=13)

    run()

    assert not Payout.objects.exists()
    assert PayoutSkip.objects.values_list("amount_minor", "reason").get() == (-FEE, "negative")
    assert balances(transaction__booking=journey.booking) == {
        "venue_shop": TOTAL, "venue": FEE - TOTAL, "platform_fee": -FEE,
    }  # fmt: skip
    (balance,) = balance_of(venue)
    assert (balance.owed_minor, balance.available_minor, balance.own_shop_minor) == (-FEE, -FEE, TOTAL)
    check_quiet(octo_sandbox)


@pytest.mark.django_db
class TestOwnShop:
    def test_payout_is_what_is_owed_less_fee_and_tax_of_the_own_shop(self):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))
        taken_by_own_shop(venue)

        run()

        payout = Payout.objects.get()
        # 90.00 of the platform's booking, less 20.00 tax and 8.00 fee of the own shop's.
        assert payout.amount_minor == 6_200
        assert sorted(payout.lines.values_list("amount_minor", flat=True)) == [-2_800, 9_000]
        assert list(preview(clock.now())) == []
        check_books()

    def test_nothing_of_it_is_in_clearing(self):
        payment = taken_by_own_shop(books.payable_venue(), fee_minor=150)

        assert balances(transaction__payment=payment) == {
            "venue_shop": 9_850, "venue": -7_050, "platform_fee": -800, "tax": -2_000,
        }  # fmt: skip
        assert not LedgerEntry.objects.filter(account__in=["clearing", "processing_fee"]).exists()
        assert -sum(ledger.balances(account__in=ledger.OWED).values()) == -2_800

    def test_refund_by_the_shop_gives_the_fee_back(self):
        payment = taken_by_own_shop(books.payable_venue())

        books.refunded(payment, 10_000)

        assert balances(transaction__payment=payment) == {}

    def test_refund_the_platform_advanced_by_hand_is_owed_whole(self):
        venue = books.payable_venue()
        payment = taken_by_own_shop(venue)

        books.refunded(payment, 10_000, channel="hand")

        assert balances(transaction__payment=payment) == {"venue_shop": 10_000, "bank": -10_000}
        (due,) = preview(clock.now())
        assert (due.amount_minor, due.reason) == (-10_000, "negative")

    def test_dispute_moves_money_in_the_venues_account(self):
        payment = taken_by_own_shop(books.payable_venue())

        dispute = books.disputed(payment, 10_000, fee_minor=500)
        while_open = balances(transaction__payment=payment)
        books.ended(dispute, "lost")

        assert (while_open["venue_shop"], while_open["disputed"]) == (-500, 10_000)
        assert balances(transaction__payment=payment) == {"venue_shop": -500, "venue": 500}

    def test_bookkeeping_finds_it_booked_to_the_platforms_clearing(self):
        payment = taken_by_own_shop(books.payable_venue())
        right = compare_ledger.differences_of(payment.pk)
        astray = books.captured(books.booking(venue=payment.booking.venue), provider="octo")
        # The row says whose account it was; the ledger was told another.
        Payment.objects.filter(pk=astray.pk).update(account=payment.account)

        assert right is None
        assert compare_ledger.differences_of(astray.pk).ours == "at another's account €100.00"

    def test_statement_tells_what_the_shop_took_and_what_stays_owed(self):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))
        taken_by_own_shop(venue)

        made = statement(venue, this_month(venue))

        assert [name for _, name in made.columns][-2:] == ["Net", "At own shop"]
        assert (made.net_minor, made.own_shop_minor, made.closing_minor) == (16_200, 10_000, 6_200)

    def test_statement_without_one_has_no_such_column(self):
        venue = books.payable_venue()
        books.captured(books.booking(venue=venue))

        assert [name for _, name in statement(venue, this_month(venue)).columns][-1] == "Net"

    def test_bookings_page_tells_it_in_plain_words(self):
        now = where(taken_by_own_shop(books.payable_venue()).booking)

        assert {place.label: place.amount_minor for place in (*now.lies, *now.belongs)} == {
            "Taken by the venue's own shop": 10_000, "Owed by the venue": 2_800, "Platform fee": 800, "Tax": 2_000,
        }  # fmt: skip


@pytest.mark.django_db
class TestCreditOfAnOwnShop:
    def as_credit(self, payment, amount_minor: int = 10_000):
        return refund_services.refund(
            booking_id=payment.booking_id, actor=CLOCK, amount_minor=amount_minor, reason="The card is closed.",
            as_credit=True,
        )  # fmt: skip

    def test_that_the_venue_cannot_cover_is_refused_and_changes_nothing(self):
        venue = books.payable_venue()
        payment = taken_by_own_shop(venue)
        # Due: 90.00 of another booking, less the 28.00 it owes of this one.
        books.captured(books.booking(venue=venue))

        with pytest.raises(
            refund_services.RefundRefused, match=r"own shop, and only €62\.00 is due"
        ) as refused:
            self.as_credit(payment)

        assert refused.value.code == "credit_not_covered"
        assert not Credit.objects.exists()
        assert not payment.refunds.exists()
        assert Booking.objects.get(pk=payment.booking_id).due_minor == 10_000

    def test_that_the_venue_covers_is_taken_off_its_next_payout(self):
        venue = books.payable_venue()
        payment = taken_by_own_shop(venue)
        books.captured(books.booking(venue=venue, total_minor=20_000))

        self.as_credit(payment)
        run()

        assert Credit.objects.get().amount_minor == 10_000
        # 180.00 of the other booking, less the whole 100.00 that the shop kept.
        assert Payout.objects.get().amount_minor == 8_000
        check_books()
