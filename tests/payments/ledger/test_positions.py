import pytest

from payments.ledger.positions import where
from payments.models import LedgerEntry, Payout
from payments.payouts import services as payouts
from tests.payments import books
from tests.support import factories

pytestmark = pytest.mark.django_db


def told(booking) -> dict[str, int]:
    now = where(booking)
    return {place.label: place.amount_minor for place in (*now.lies, *now.belongs)}


def test_booking_without_money_has_none_anywhere():
    now = where(books.booking())

    assert (now.lies, now.belongs, now.movements) == ([], [], [])


def test_money_taken_lies_at_the_provider_and_is_owed_to_the_venue():
    booking = books.booking(total_minor=10_000, tax_minor=1_000)
    books.captured(booking, fee_minor=320)

    assert told(booking) == {
        "At the provider": 9_680, "Owed to the venue": 8_100, "Platform fee": 900, "Tax": 1_000,
        "Processing fees, borne by the platform": 320,
    }  # fmt: skip


def test_money_refunded_and_disputed_is_told():
    booking = books.booking()
    payment = books.captured(booking)
    books.refunded(payment, 4_000)
    books.disputed(payment, 6_000)

    assert told(booking) == {
        "Disputed, taken back by the guest's bank": 6_000, "Owed to the venue": 5_400, "Platform fee": 600,
        "Given back to the guest": 4_000,
    }  # fmt: skip


def test_payout_is_followed_from_owed_over_its_way_to_paid_and_back():
    booking = books.booking(venue=books.payable_venue())
    books.captured(booking)
    payouts.begin_run()
    payouts.continue_run()
    payout = Payout.objects.get()

    under_way = told(booking)
    payouts.close(payout.pk, "paid")
    paid = told(booking)
    payouts.close(payout.pk, "returned")

    assert under_way["On its way to the venue"] == 9_000
    assert paid["Paid out to the venue"] == 9_000
    assert "Owed to the venue" not in paid
    assert told(booking)["Owed to the venue"] == 9_000


def test_movements_are_listed_whole_on_the_bookings_page(client):
    booking = books.booking()
    books.captured(booking)
    client.force_login(factories.host(venue=booking.venue))

    page = client.get(f"/admin/bookings/booking/{booking.pk}/change/").content.decode()

    assert "Where the money is now" in page
    assert page.count("<tbody>") >= 2
    assert LedgerEntry.objects.filter(transaction__booking=booking).count() == 7
