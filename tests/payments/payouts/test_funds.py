"""Payouts that the balance at Stripe does not cover: they wait, staff are told, and nothing is called failed."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from core import clock
from payments import tasks
from payments.ledger import posting as ledger
from payments.models import Payout, PayoutRun
from payments.payouts import funds, transfers
from payments.payouts import services as payouts
from payments.payouts.services import PayoutError
from tests.payments.conftest import Journey
from tests.payments.paying_out import payout, theirs
from tests.support import factories
from tests.support.invariants import check_books

Status = Payout.Status


@pytest.fixture
def swept(due: Journey) -> Journey:
    """The same, at a platform whose balance Stripe has paid out to its bank: the transfer finds nothing."""
    schedule(due, "daily")
    due.advance(days=1)
    return due


def schedule(journey: Journey, interval: str) -> None:
    journey.sandbox.control("account", {"account": "platform", "schedule": interval})


def earn(journey: Journey) -> None:
    """Another guest's money arrives and stays."""
    schedule(journey, "manual")
    other = Journey(journey.sandbox)
    other.authorize()
    other.approve()
    other.work()
    journey.advance(days=3)


def later(made: Payout) -> Payout:
    tasks.sweep_payouts()
    made.refresh_from_db()
    return made


def test_payout_without_funds_waits_and_is_paid_once_there_are_some(swept):
    made = payout()
    with capture_logs() as logs:
        tasks.sweep_payouts()
    made.refresh_from_db()
    first = (made.status, made.refusals, made.error.split(":")[0])

    swept.advance(minutes=16)
    second = later(made).refusals
    earn(swept)
    later(made)

    assert first == ("waiting", 1, "balance_insufficient")
    assert second == 2
    assert (made.status, made.error, swept.effects["transfer"]) == ("paid", "", 1)
    assert [(row["amount_minor"], row["transfer_group"]) for row in theirs(swept)] == [(18_000, made.key)]
    told = [row for row in logs if row["event"] == "payout_waits_for_funds"]
    assert [(row["payout"], row["log_level"]) for row in told] == [(made.key, "error")]
    assert ledger.balances(transaction__payout=made) == {"venue": 18_000, "payout": 0, "clearing": -18_000}
    check_books()


def test_payout_that_waits_is_left_alone_until_its_pause_is_over(swept):
    made = later(payout())

    again = later(made)

    assert (again.status, again.refusals, again.attempts) == ("waiting", 1, 1)


def test_money_of_a_payout_that_waits_is_set_aside_and_not_due_again(swept):
    made = later(payout())

    second = payouts.begin_run(cutoff_at=clock.now())
    payouts.continue_run()

    assert not second.payouts.exists()
    assert ledger.balances(transaction__payout=made) == {"venue": 18_000, "payout": -18_000}


def test_staff_give_up_a_payout_that_waits_and_the_venue_is_owed_it_again(swept):
    made = later(payout())

    closed = payouts.close(made.pk, Status.FAILED, reason="Paid by bank instead", by=factories.staff())

    assert (closed.status, closed.error) == ("failed", "Paid by bank instead")
    assert ledger.balances(transaction__payout=made) == {"venue": 0, "payout": 0}
    check_books()


def test_staff_cannot_fail_a_transfer_that_is_under_way(due):
    made = payout()
    transfers._lease(made.pk)

    with pytest.raises(PayoutError, match="Stripe itself says"):
        payouts.close(made.pk, Status.FAILED, reason="Too slow", by=factories.staff())

    made.refresh_from_db()
    assert made.status == "sending"


def test_run_keeps_what_schedule_and_balance_were_and_alarms_where_they_do_not_do(swept):
    with capture_logs() as logs:
        payout()

    run = PayoutRun.objects.get()
    assert (run.funds["interval"], run.funds["available"]["EUR"]) == ("daily", 0)
    told = [row["warning"] for row in logs if row["event"] == "payout_funds"]
    assert [sentence[:46] for sentence in told] == [
        "Stripe pays the platform's balance out by itse",
        "€180.00 is set aside for transfers, and the ba",
    ]


def test_run_covered_by_the_balance_warns_of_nothing(due):
    with capture_logs() as logs:
        payout()

    run = PayoutRun.objects.get()
    assert (run.funds["interval"], run.funds["available"]["EUR"]) == ("manual", 19_390)
    assert not [row for row in logs if row["event"] == "payout_funds"]


def test_run_goes_on_where_stripe_cannot_be_asked(due):
    due.fault("balance.retrieve", "error_500")

    made = payout()

    assert PayoutRun.objects.get().funds.keys() == {"unread"}
    assert later(made).status == "paid"


def test_preview_of_a_run_says_what_is_missing(swept):
    client = Client()
    client.force_login(factories.staff())

    page = client.get(reverse("admin:payments_payout_new_run")).content.decode()

    assert "Set payouts to manual in Stripe&#x27;s dashboard" in page
    assert "€180.00 is set aside for transfers, and the balance at Stripe has €0.00." in page


def test_site_without_venues_paid_by_stripe_asks_nothing(journey):
    assert funds.read() == {}


@pytest.mark.parametrize(("interval", "found"), [("daily", ["payments.E001"]), ("manual", [])])
def test_deploy_check_fails_where_stripe_empties_the_balance(journey, interval, found):
    schedule(journey, interval)

    assert [one.id for one in funds.check_schedule()] == found


def test_deploy_check_is_part_of_check_deploy(journey):
    schedule(journey, "daily")

    with pytest.raises(SystemCheckError, match=r"payments\.E001"):
        call_command("check", "--deploy")


def test_deploy_check_without_an_answer_says_so_and_fails_nothing(journey):
    journey.fault("balance.retrieve", "reset")

    assert [one.id for one in funds.check_schedule()] == ["payments.I001"]
