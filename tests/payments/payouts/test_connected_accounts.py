"""Accounts that payouts go to, asked about at Stripe: what is wrong is kept, shown and heeded by a run."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from core import clock
from core.sweeps import RowsFailed
from payments import tasks
from payments.models import PaymentSettings, Payout, PayoutSkip
from payments.payouts import connected_accounts
from payments.payouts import services as payouts
from payments.payouts.due import preview
from payments.payouts.payees import payee_check
from payments.providers.base import Unavailable
from payments.venue_settings import services as venue_settings
from tests.core.test_sweeps import Case, cure, poison
from tests.payments.conftest import Journey
from tests.payments.paying_out import connected_account, payout
from tests.payments.payouts.test_transfer_events import event_of
from tests.payments.webhooks.test_event_types import bring
from tests.support import factories

UNFINISHED = "Stripe does not let this account be paid yet: its owner has to finish signing up there."
UNKNOWN = "Stripe knows no such account connected to this platform."


def saved(journey: Journey) -> PaymentSettings:
    return PaymentSettings.objects.get(venue=journey.room.venue)


def restrict(journey: Journey, state: str = "restricted") -> None:
    journey.sandbox.control("account", {"account": saved(journey).stripe_account_ref, "state": state})


def entered(journey: Journey, ref: str) -> PaymentSettings:
    """An owner enters an account, and a worker hears of it."""
    owner = factories.host(venue=journey.room.venue)
    changes = {"payout_method": "stripe", "stripe_account_ref": ref}
    venue_settings.save(venue_id=journey.room.venue_id, changes=changes, user=owner, is_proven=True)
    tasks.sweep_payees()
    return saved(journey)


@pytest.mark.parametrize(("state", "problem"), [("enabled", ""), ("", UNFINISHED), ("rejected", UNFINISHED)])
def test_account_entered_is_asked_about(journey, state, problem):
    row = entered(journey, connected_account(journey, state=state))

    assert row.stripe_account_problem == problem
    assert row.stripe_account_checked_at == pytest.approx(clock.now(), abs=dt.timedelta(minutes=1))


def test_account_of_somebody_else_is_told_as_unknown(journey):
    with capture_logs() as logs:
        row = entered(journey, "acct_1A2b3C4d5E6f7G8h")

    assert row.stripe_account_problem == UNKNOWN
    assert [one["problem"] for one in logs if one["event"] == "payee_account"] == [UNKNOWN]


def test_another_account_begins_anew(journey):
    entered(journey, "acct_1A2b3C4d5E6f7G8h")
    good = connected_account(journey)

    row = entered(journey, good)

    assert (row.stripe_account_ref, row.stripe_account_problem) == (good, "")


def test_problem_is_not_of_a_venue_paid_by_bank(journey):
    entered(journey, "acct_1A2b3C4d5E6f7G8h")
    PaymentSettings.objects.update(payout_method="bank", account_holder="H", bank_account="x" * 20)

    assert not connected_accounts.by_stripe().exists()
    assert payee_check(journey.room.venue).is_done


def test_account_is_asked_about_again_after_a_day(due):
    tasks.sweep_payees()
    restrict(due)
    tasks.sweep_payees()
    same_day = saved(due).stripe_account_problem

    due.advance(days=1)
    tasks.sweep_payees()

    assert (same_day, saved(due).stripe_account_problem) == ("", UNFINISHED)


def test_message_of_a_changed_account_is_followed_at_once(due):
    tasks.sweep_payees()
    restrict(due)

    row = bring(event_of(due, "account.updated"))

    assert (row.outcome, saved(due).stripe_account_problem) == ("processed", UNFINISHED)


def test_run_passes_over_a_venue_whose_account_is_not_payable(due):
    restrict(due)

    payouts.begin_run()
    payouts.continue_run()

    skip = PayoutSkip.objects.get()
    assert (skip.reason, skip.amount_minor, skip.currency) == ("not_payable", 18_000, "EUR")
    assert not Payout.objects.exists()
    assert [one.reason for one in preview(clock.now())] == ["not_payable"]


def test_run_pays_once_the_account_can_be_paid_again(due):
    restrict(due)
    payouts.begin_run()
    payouts.continue_run()
    restrict(due, "enabled")
    due.advance(hours=2)

    made = payout()
    tasks.sweep_payouts()

    made.refresh_from_db()
    assert (made.status, made.amount_minor) == ("paid", 18_000)


def test_outage_leaves_what_is_known_and_the_run_goes_on(due):
    due.fault("accounts.retrieve", "error_500")
    with capture_logs() as logs:
        made = payout()

    assert (made.amount_minor, saved(due).stripe_account_checked_at) == (18_000, None)
    assert [one["log_level"] for one in logs if one["event"] == "payee_account_not_asked"] == ["warning"]


def test_outage_is_raised_where_nothing_else_waits(due):
    due.fault("accounts.retrieve", "error_500")

    with pytest.raises(Unavailable):
        connected_accounts.look(saved(due).pk)

    assert saved(due).stripe_account_checked_at is None


def test_account_that_cannot_be_asked_about_keeps_no_other_waiting(due):
    other = Journey(due.sandbox).room.venue
    ref = connected_account(due, state="")
    PaymentSettings.objects.create(venue=other, payout_method="stripe", stripe_account_ref=ref)
    due.fault("accounts.retrieve", "error_500")

    tasks.sweep_payees()

    rows = connected_accounts.by_stripe().order_by("pk")
    assert [(row.stripe_account_checked_at is None, row.stripe_account_problem) for row in rows] == [
        (True, ""), (False, UNFINISHED),
    ]  # fmt: skip


def test_host_and_staff_read_what_is_wrong(due, client: Client):
    restrict(due)
    tasks.sweep_payees()
    venue = due.room.venue
    owner, staff = factories.host(venue=venue), factories.staff()

    client.force_login(owner)
    earnings = client.get(reverse("admin:payments_payout_earnings_of", args=[venue.pk])).content.decode()
    own = client.get(reverse("admin:payments_venuepayments_change", args=[venue.pk])).content.decode()
    client.force_login(staff)
    listed = client.get(reverse("admin:payments_venuepayments_changelist")).content.decode()
    run = client.get(reverse("admin:payments_payout_new_run")).content.decode()

    assert UNFINISHED in earnings
    assert f"{UNFINISHED} (asked" in own
    assert "Stripe account: not payable" in listed
    assert "Stripe does not pay the venue" in run
    assert not payee_check(venue).is_done


@pytest.mark.django_db(transaction=True)
def test_odd_row_keeps_no_other_account_from_being_asked_about(journey):
    odd, fine = (
        PaymentSettings.objects.create(
            venue=venue, payout_method="stripe", stripe_account_ref=connected_account(journey)
        )
        for venue in (journey.room.venue, factories.venue())
    )
    case = Case(odd, lambda: True)
    poison(case)
    try:
        with pytest.raises(RowsFailed, match=f"1 failed: look {odd.venue.slug}"):
            tasks.sweep_payees()
    finally:
        cure(case)

    fine.refresh_from_db()
    assert fine.stripe_account_checked_at
