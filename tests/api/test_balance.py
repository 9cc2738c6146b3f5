import pytest

from payments.models import Payout
from payments.payouts import services as payouts
from tests.api.callers import Api, as_user
from tests.payments import books
from tests.support import factories

pytestmark = pytest.mark.django_db


def address(venue) -> str:
    return f"venues/{venue.slug}/balance"


def test_host_sees_what_is_available_on_its_way_paid_and_pending():
    venue = books.payable_venue()
    for total in (10_000, 20_000):
        books.captured(books.booking(venue=venue, total_minor=total))
        payouts.begin_run()
        payouts.continue_run()
    payouts.close(Payout.objects.earliest("pk").pk, "paid")
    books.captured(books.booking(venue=venue, total_minor=5_000))
    books.captured(books.booking(venue=venue, total_minor=3_000, days_ago=-2))
    books.disputed(books.captured(books.booking(venue=venue, total_minor=1_000)), 1_000)

    answer = as_user(factories.host(venue=venue)).get(address(venue))

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert answer.json()["venue"] == venue.slug
    assert answer.json()["balances"] == [
        {
            "currency": "EUR", "owed_minor": 8_100, "available_minor": 4_500, "pending_minor": 2_700,
            "frozen_minor": 900, "in_transit_minor": 18_000, "paid_out_minor": 9_000,
            "own_shop_minor": 0,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_members_who_manage_and_staff_may_ask(role):
    venue = books.payable_venue()

    for user in (factories.host(venue=venue, role=role), factories.staff()):
        assert as_user(user).get(address(venue)).status_code == 200


def test_clerk_stranger_and_nobody_learn_nothing():
    venue = books.payable_venue()

    for user in (
        factories.host(venue=venue, role="clerk"),
        factories.host(venue=factories.venue()),
        factories.user(),
    ):
        assert as_user(user).get(address(venue)).status_code == 404
    assert Api().get(address(venue)).status_code == 401
