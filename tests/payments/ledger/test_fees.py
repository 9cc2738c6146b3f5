"""Who gets what of a payment: the provider's fee, the platform's, the host's; up to the money in the host's bank."""

import pytest

from payments.ledger import posting as ledger
from payments.models import PaymentSettings, Payout
from payments.payouts import bank_export
from payments.payouts import services as payouts
from tests.payments import books
from tests.payments.octo_way import OctoJourney
from tests.support import factories
from tests.support.invariants import check_books, check_quiet

TOTAL = 240_000_000


def balances(journey) -> dict[str, int]:
    totals = ledger.balances(transaction__booking=journey.booking)
    return {account: amount for account, amount in totals.items() if amount}


@pytest.mark.django_db
def test_expert_session_of_an_hour_at_800_dollars_is_split_80_to_20():
    venue = factories.venue(currency="USD", platform_fee_percent="20")
    room = factories.room(venue=venue, kind="expert", price_minor=80_000, appointment_minutes=60)

    booking = factories.booking(room=room)

    assert (booking.total_minor, booking.currency) == (80_000, "USD")
    assert (booking.ends_at - booking.starts_at).total_seconds() == 60 * 60
    assert ledger.split(80_000, booking) == ledger.Split(venue_minor=64_000, fee_minor=16_000, tax_minor=0)


def test_stripes_fee_is_booked_once_however_often_it_is_looked_at(journey):
    journey.authorize()
    journey.approve()
    journey.work()

    for _ in range(3):
        journey.sync()

    assert balances(journey) == {
        "clearing": 20_000 - 610, "processing_fee": 610, "venue": -18_000, "platform_fee": -2_000,
    }  # fmt: skip
    assert journey.payment.provider_fee_minor == 610
    check_quiet(journey.sandbox)


def test_stripes_fee_is_the_hosts_where_that_was_agreed(journey):
    PaymentSettings.objects.create(venue=journey.room.venue, processing_fee_bearer="host")
    journey.authorize()
    journey.approve()
    journey.work()

    assert balances(journey) == {"clearing": 19_390, "venue": -17_390, "platform_fee": -2_000}
    check_quiet(journey.sandbox)


def test_octos_fee_is_the_per_cent_agreed_or_nothing(octo_sandbox, receiver, settings):
    without = OctoJourney(octo_sandbox, receiver).paid()
    settings.OCTO_FEE_PERCENT = "2.5"
    agreed = OctoJourney(octo_sandbox, receiver).paid()

    assert "processing_fee" not in balances(without)
    assert balances(agreed) == {
        "clearing": TOTAL - 6_000_000, "processing_fee": 6_000_000, "venue": -216_000_000, "platform_fee": -24_000_000,
    }  # fmt: skip
    assert agreed.payment.provider_fee_minor == 6_000_000
    check_books()


def test_octo_payment_goes_the_whole_way_to_the_hosts_bank(octo_sandbox, receiver):
    journey = OctoJourney(octo_sandbox, receiver).paid()
    uzbek = {"account_holder": "Aral LLC", "bank_account": "20208000900123456001", "bank_code": "00974"}
    PaymentSettings.objects.filter(venue=journey.room.venue).delete()
    PaymentSettings.objects.create(venue=journey.room.venue, provider="octo", **uzbek)
    journey.advance(days=13)

    payouts.begin_run()
    payouts.continue_run()
    payout = Payout.objects.get()
    file = bank_export.export([payout.pk], form="csv", by=None).content.decode("utf-8-sig")
    payouts.close(payout.pk, Payout.Status.PAID)

    assert (payout.amount_minor, payout.currency, payout.destination) == (216_000_000, "UZS", "6001")
    assert "Aral LLC,'20208000900123456001,'00974,2160000.00,UZS" in file
    assert ledger.balances(venue=journey.room.venue, account__in=["venue", "payout"]) == {
        "venue": 0,
        "payout": 0,
    }
    check_books()


@pytest.mark.django_db
def test_platform_keeps_its_ten_per_cent_by_itself():
    booking = books.booking(venue=books.payable_venue())
    books.captured(booking)

    payouts.begin_run()
    payouts.continue_run()

    assert Payout.objects.get().amount_minor == 9_000
    assert ledger.balances(venue=booking.venue, account="platform_fee") == {"platform_fee": -1_000}
