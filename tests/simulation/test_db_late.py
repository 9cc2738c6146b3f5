"""What comes late in a history with the database: payouts, nights, disputes nobody heard of. Each check can fail."""

from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import connection

from payments.models import Dispute, Payout
from payments.payouts import services as payouts
from payments.payouts import transfers
from payments.reconciliation.walk import PHASES
from sandbox.stripe import accounts
from tests.simulation.invariants import Violation
from tests.simulation.plan import Offer, Plan
from tests.simulation.scheduler import WAYS

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400
BY_BANK, BY_STRIPE = ("bank", 24, 2_000), ("stripe", 24, 2_000)


def plan(**more) -> Plan:
    """One seat of a workshop, taken when it is paid."""
    approval, capture, hours, _ = WAYS["workshop"]
    offer = Offer(
        kind="workshop", approval=approval, capture=capture, provider="stripe", slot=0, total_minor=20_000,
        tax_minor=0, policy={}, starts_in=60, hours=hours, answer_hours=24,
    )  # fmt: skip
    return Plan(offers=(offer,), **more)


@contextmanager
def paid_booking(drawn: Plan):
    """A world whose first booking is paid and taken; all that follows happens there."""
    from tests.simulation.db import runner, stage
    from tests.simulation.db.processes import Processes
    from tests.simulation.db.world import DbWorld

    runner.start()
    with runner.surroundings() as clock:
        processes = Processes()
        world = DbWorld(drawn, 1, clock, processes)
        with runner.within(world, processes):
            try:
                for action in (("submit", 0), ("run", "checkout", 0)):
                    world.act(action)
                world.act(("pay", page_of(world), "good"))
                world.act(("run", "return", 0))
                hear(world)
                yield world
            finally:
                stage.sweep_away(world.watch.tables)
                connection.close()  # with all that was prepared on it


def hear(world) -> None:
    """All that was told so far arrives, is looked at, and done."""
    while world.wire:
        world.act(("deliver", world.wire[0].event_id))
    while world.bells:
        world.act(("run", *world.bells[0]))


def page_of(world) -> str:
    return next(iter(world.providers["stripe"].pages))


def heal(world) -> None:
    from tests.simulation.db import healing

    healing.heal(world)


def acts(world) -> set[str]:
    return {name.partition(" × ")[0] for name in world.coverage}


def test_dispute_without_a_message_is_found_in_the_night():
    with paid_booking(plan(has_nights=True)) as world:
        world.act(("dispute", page_of(world), "lost", 60, "chargeback", None, False))
        heal(world)
        status = Dispute.objects.get().status

    assert status == "lost"
    assert {"chargeback unheard, then lost", "nightly: status mended"} <= acts(world)


def test_comparison_that_reads_no_list_is_found_out(monkeypatch):
    blind = {name: tuple(one for one in phases if one[0] == "singly") for name, phases in PHASES.items()}
    monkeypatch.setattr("payments.reconciliation.walk.PHASES", blind)

    with paid_booking(plan(has_nights=True)) as world:
        world.act(("dispute", page_of(world), "lost", 60, "chargeback", None, False))
        with pytest.raises(Violation) as broken:
            heal(world)

    assert broken.value.code in ("M5", "C1")


def disputed_at_payday(world) -> None:
    """The dispute is heard of, then a run begins after the booking's start."""
    world.act(("dispute", page_of(world), "won", 200, "chargeback", None))
    hear(world)
    world.act(("clock", 5 * DAY))
    world.act(("run", "payout_run", ""))
    world.act(("run", "payouts", ""))


def test_disputed_booking_is_paid_out_once_the_case_is_won():
    with paid_booking(plan(payee=BY_BANK)) as world:
        disputed_at_payday(world)
        early = Payout.objects.count()
        heal(world)
        paid = list(Payout.objects.values_list("status", "amount_minor"))

    assert early == 0
    assert paid == [("paid", 18_000)]


def test_payout_for_a_disputed_booking_is_found_out(monkeypatch):
    known = payouts.parameters
    monkeypatch.setattr(payouts, "parameters", lambda *asked, **more: known(*asked, **more) | {"open": []})

    with paid_booking(plan(payee=BY_BANK)) as world, pytest.raises(Violation, match="disputed"):
        disputed_at_payday(world)


def lost_answer(world) -> None:
    """Stripe moves the money, and its answer is lost."""
    world.act(("clock", 6 * DAY))
    world.act(("run", "payout_run", ""))
    world.act(("run", "payouts", ""))
    world.act(("run", "send", Payout.objects.get().pk, (None, "lost")))


def test_transfer_whose_answer_is_lost_is_made_once_and_may_be_taken_back():
    with paid_booking(plan(payee=BY_STRIPE, has_nights=True)) as world:
        lost_answer(world)
        unknown = Payout.objects.get()
        world.act(("clock", 60))
        world.act(("run", "pay_sweep", ""))
        world.act(("take_back", unknown.key))
        heal(world)
        statuses = list(Payout.objects.order_by("pk").values_list("status", flat=True))

    assert unknown.status == "sending"
    assert statuses == ["returned", "paid"]
    assert {"lost at transfers", "transfer taken back"} <= acts(world)


def test_payout_sent_again_without_a_look_is_found_out(monkeypatch):
    def careless(connect, payout):
        return connect.transfer(
            amount_minor=payout.amount_minor, currency=payout.currency, destination=payout.destination,
            group=payout.key, key=payout.key,
        )  # fmt: skip

    forgetful = "sandbox.stripe.idempotency.Keys.claim"
    monkeypatch.setattr(transfers, "_transfer", careless)
    with paid_booking(plan(payee=BY_STRIPE)) as world, patch(forgetful, lambda *_: None):
        lost_answer(world)
        with pytest.raises(Violation, match="transfers do not say"):
            heal(world)


def test_refund_that_fails_waits_for_staff_who_give_a_credit():
    from payments.refunds import services as refund_services

    with paid_booking(plan(refund_mood="fails")) as world:
        world.act(("run", "refund", (0, None, "form", False)))
        world.act(("run", "sweep", "settlements"))
        world.act(("clock", 2 * DAY))
        for letter in list(world.wire):
            world.receive(letter)
        world.act(("clock", 60))
        world.act(("run", "sweep", "webhooks"))
        world.act(("run", "solve", (refund_services.waiting().get().pk, "credit")))
        heal(world)

    assert "staff: solve" in acts(world)


# Seed 7600041: one process slept over its lease, another sent the payout and was refused, then the first woke.
def test_payout_that_another_process_ended_stays_as_it_is():
    with paid_booking(plan(payee=("stripe", 0, 0))) as world:
        world.act(("clock", 3 * DAY))
        world.act(("run", "payout_run", ""))
        world.act(("run", "payouts", ""))
        payout = Payout.objects.get()
        # Only now: a run passes over a venue whose account it finds restricted.
        stripe = world.sandbox.stripe.account
        for connected in stripe.all("account").values():
            accounts.set_state(stripe, connected, "restricted")
        for action in (
            ("start", 1, "send", payout.pk),
            ("step", 1),
            ("clock", 31),
            ("run", "send", payout.pk),
        ):
            world.act(action)
        for _ in range(6):
            world.act(("step", 1))
        payout.refresh_from_db()

    assert (payout.status, payout.attempts) == ("failed", 2)
