"""From test to live: refused by name while anything of test mode is open, at each of the two times it is asked."""

import pytest
from django.core.management import CommandError, call_command

from payments.models import Payment, PaymentSettings, Payout, ProviderAccount
from payments.payouts import services as payouts
from payments.providers.base import Misconfigured
from payments.providers.registry import choose_provider, provider_for
from tests.payments import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_stripe(settings):
    """No provider to ask, unless a test names one."""
    settings.STRIPE_SECRET_KEY, settings.OCTO_TEST = "", True


def go_live(capsys) -> str:
    call_command("go_live")
    return capsys.readouterr().out


def refused(capsys) -> str:
    with pytest.raises(CommandError, match="Not yet"):
        call_command("go_live")
    return capsys.readouterr().out


def test_with_test_keys_and_nothing_open_it_says_what_comes_next(capsys):
    books.captured(books.booking(status="COMPLETED"))

    assert "Now put the live keys in" in go_live(capsys)


def test_with_live_keys_and_nothing_open_the_site_is_live(capsys, settings):
    books.captured(books.booking(status="COMPLETED"))
    settings.OCTO_TEST = False

    assert "This site is live" in go_live(capsys)


@pytest.mark.parametrize("is_octo_test", [True, False])
@pytest.mark.parametrize("status", ["CREATED", "AUTHORIZED"])
def test_open_test_payment_is_named_and_stays_as_it_is(capsys, settings, status, is_octo_test):
    settings.OCTO_TEST = is_octo_test
    payment = Payment.objects.create(
        booking=books.booking(), provider="stripe", n=1, status=status, is_two_stage=True, currency="EUR",
        amount_minor=100,
    )  # fmt: skip

    assert f"1 open test payments: {payment}." in refused(capsys)
    assert Payment.objects.get().status == status


def test_stay_to_come_that_test_money_paid_is_named(capsys):
    booking = books.booking(days_ago=-3)
    books.captured(booking)

    assert f"1 stays to come that test money paid: {booking.reference}." in refused(capsys)


def test_live_payment_and_stay_are_no_obstacle(capsys, settings):
    settings.OCTO_TEST = False
    books.captured(books.booking(days_ago=-3), is_live=True)

    assert "This site is live" in go_live(capsys)


def test_test_payout_under_way_is_named(capsys):
    books.captured(books.booking(venue=books.payable_venue(), status="COMPLETED"))
    payouts.begin_run()
    payouts.continue_run()

    assert f"1 test payouts under way: {Payout.objects.get().key}." in refused(capsys)


def test_payout_run_under_way_is_named(capsys):
    begun = payouts.begin_run()

    assert f"1 payout runs under way: {begun}." in refused(capsys)


def test_keys_a_provider_refuses_are_told(capsys, settings, sandbox):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_test_", sandbox.base

    assert "Stripe did not take the keys" in refused(capsys)


class TestOwnShopOfAnotherMode:
    @pytest.fixture
    def venue(self, settings):
        settings.OCTO_TEST = False
        venue = books.payable_venue(settings={"provider": "octo"})
        account = ProviderAccount.objects.create(
            venue=venue, shop_id=77, secret="s", unique_key="k", is_test=True
        )
        PaymentSettings.objects.update(octo_account=account)
        return venue

    def test_is_named_with_the_live_keys_in(self, capsys, venue):
        assert f"1 venues whose own shop was entered in test mode: {venue.name}." in refused(capsys)

    def test_takes_no_payment_on_a_live_site(self, venue):
        with pytest.raises(Misconfigured, match="entered in test mode"):
            choose_provider(venue.pk)


def test_test_payment_is_never_asked_for_with_a_live_key(settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_IS_LIVE = "sk_live_of_no_worth", True
    payment = books.captured(books.booking(), is_live=False)

    with pytest.raises(Misconfigured, match="begun in test mode"):
        provider_for(payment)
