"""Rounds of the sweeps: the mechanism, and every sweep of the product with one row that fails."""

import datetime as dt
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings as site
from django.contrib.sessions.models import Session as BrowserSession
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Model
from django.utils.module_loading import import_string
from PIL import Image

from bookings.actors import member_actor
from bookings.bulk import services as bulk
from bookings.models import BulkCancellation, BulkCancellationItem, EventReceipt
from bookings.states import Status
from core import clock, sweeps
from core.sweeps import Round, RowsFailed
from payments.models import (
    LedgerCheckpoint,
    Payment,
    PaymentOperation,
    Payout,
    ReconciliationRun,
    Settlement,
    WebhookEvent,
)
from payments.payouts import services as payouts
from rooms.models import Venue, VenueNotice
from tests.payments import books
from tests.support import factories
from tests.support.admin_world import request_of

HOUR, YEARS = dt.timedelta(hours=1), dt.timedelta(days=800)


class TestRound:
    def test_row_that_fails_is_named_at_the_end_and_the_others_are_worked_on(self, caplog):
        done = []

        def work(number: int) -> int:
            if number == 2:
                raise ZeroDivisionError("odd")
            done.append(number)
            return number

        with pytest.raises(RowsFailed, match=r"^1 failed: work RH2$"), Round() as this:
            told = [this.attempt(work, number, name=f"RH{number}") for number in (1, 2, 3)]

        assert (done, told) == ([1, 3], [1, None, 3])
        assert "sweep_failed" in caplog.text
        assert "work RH2" in caplog.text

    @pytest.mark.django_db
    def test_rows_behind_a_whole_batch_that_stays_due_are_worked_on(self, monkeypatch):
        monkeypatch.setattr(sweeps, "BATCH", 2)
        rows = [factories.venue().pk for _ in range(5)]
        tried = []

        def work(pk: int) -> None:
            tried.append(pk)
            raise ZeroDivisionError("odd")

        with pytest.raises(RowsFailed, match=r"^5 failed"), Round() as this:
            this.each(Venue.objects.order_by("pk"), work)

        assert tried == rows

    def test_error_that_is_expected_is_no_failure(self):
        with Round(KeyError) as this:
            this.attempt({}.__getitem__, "x")

        assert this.failed == []

    def test_round_within_a_round_tells_its_rows(self):
        def inner() -> None:
            with Round() as this:
                this.attempt(int, "x")

        with pytest.raises(RowsFailed, match="int x"), Round() as outer:
            outer.attempt(inner)

    def test_round_that_breaks_off_tells_its_own_error(self):
        with pytest.raises(KeyError), Round() as this:
            this.attempt(int, "x")
            raise KeyError

    def test_end_of_the_workers_time_is_no_rows_fault(self):
        def late() -> None:
            raise SoftTimeLimitExceeded

        with pytest.raises(SoftTimeLimitExceeded), Round() as this:
            this.attempt(late)

    def test_error_names_few_rows(self):
        assert (
            str(RowsFailed([f"row {n}" for n in range(7)]))
            == "7 failed: row 0, row 1, row 2, row 3, row 4, …"
        )


@dataclass(frozen=True)
class Case:
    """Two rows due for a sweep: the first is poisoned in the database, the second must be worked on all the same."""

    poisoned: Model
    is_done: Callable[[], bool]
    act: str = "UPDATE"
    column: str = ""  # beside the primary key: what the poison knows the row by, with `value`
    value: Any = None


def poison(case: Case) -> None:
    """Let the database refuse any such change of the row, as an odd value or a broken trigger would."""
    table = case.poisoned._meta.db_table
    column = case.column or case.poisoned._meta.pk.column
    value = case.value if case.column else case.poisoned.pk
    row = "NEW" if case.act == "INSERT" else "OLD"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'poisoned'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER poison BEFORE {case.act} ON {table} FOR EACH ROW "
            f"WHEN ({row}.{column}::text = '{value}') EXECUTE FUNCTION poison()"
        )


def cure(case: Case) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER poison ON {case.poisoned._meta.db_table}")


def fresh(row: Model) -> Any:
    return type(row)._base_manager.filter(pk=row.pk).first()


def due(row: Model, **fields: Any) -> Model:
    type(row)._base_manager.filter(pk=row.pk).update(**fields)
    return fresh(row)


def receipts() -> Case:
    mine = [EventReceipt.objects.filter(event__booking=factories.booking()).earliest("pk") for _ in range(2)]
    first, second = (due(row, next_attempt_at=clock.now() - HOUR * (2 - n)) for n, row in enumerate(mine))
    return Case(first, lambda: fresh(second).done_at is not None)


def deadlines() -> Case:
    now = clock.now()
    first, second = (
        due(request_of(factories.room(), days_ahead=10 + n), decide_by=now - HOUR * (2 - n)) for n in (0, 1)
    )
    return Case(first, lambda: fresh(second).status == Status.EXPIRED)


def suspended() -> Case:
    first, second = (request_of(factories.room(), days_ahead=10 + n) for n in (0, 1))
    Venue.objects.filter(pk__in=[first.venue_id, second.venue_id]).update(status="suspended")
    return Case(first, lambda: fresh(second).status == Status.DECLINED)


def bulk_cancellations() -> Case:
    workshop = factories.room(kind="workshop")
    held = factories.session(room=workshop)
    for _ in range(2):
        factories.booking(room=workshop, session=held)
    host = member_actor(factories.host(venue=workshop.venue))
    bulk.begin(target=bulk.Target(workshop, held.starts_at, held.ends_at, held), actor=host, reason="Ill")
    first, second = BulkCancellationItem.objects.order_by("pk")
    assert BulkCancellation.objects.filter(finished_at=None).count() == 1
    return Case(first, lambda: fresh(second).done_at is not None)


def webhooks() -> Case:
    first, second = (
        WebhookEvent.objects.create(
            provider="stripe", event_id=f"evt_{n}", type="customer.created",
            next_attempt_at=clock.now() - HOUR * (2 - n),
            payload={"id": f"evt_{n}", "type": "customer.created", "livemode": False, "data": {}},
        )
        for n in (0, 1)
    )  # fmt: skip
    return Case(first, lambda: fresh(second).outcome != "waiting")


def _payments(**fields: Any) -> list[Payment]:
    bookings = [factories.booking(room=factories.room(), days_ahead=10 + n) for n in (0, 1)]
    return [
        Payment.objects.create(
            booking=booking, provider="stripe", n=1, amount_minor=booking.total_minor, currency="EUR",
            is_two_stage=True, session_ref=f"cs_{booking.pk}", **{name: value(n) for name, value in fields.items()},
        )
        for n, booking in enumerate(bookings)
    ]  # fmt: skip


def operations() -> Case:
    first, second = (
        PaymentOperation.objects.create(
            payment=payment, kind="void", key=f"k{payment.pk}", lease_until=clock.now() - HOUR * (2 - n), params={}
        )
        for n, payment in enumerate(_payments())
    )  # fmt: skip
    return Case(first, lambda: fresh(second).lease_until != second.lease_until)


def settlements() -> Case:
    first, second = (
        Settlement.objects.update_or_create(
            booking=factories.booking(days_ahead=10 + n), defaults={"due_at": clock.now() - HOUR * (2 - n)}
        )[0]
        for n in (0, 1)
    )
    return Case(
        first,
        lambda: fresh(second) is None or fresh(second).due_at != second.due_at,
        act="UPDATE OR DELETE",
    )


def unpaid() -> Case:
    first, second = (
        due(factories.booking(days_ahead=10 + n), payment_due_at=clock.now() - HOUR * (2 - n)) for n in (0, 1)
    )
    return Case(first, lambda: fresh(second).status == Status.EXPIRED)


def open_payments() -> Case:
    first, second = _payments(next_sync_at=lambda n: clock.now() - HOUR * (2 - n))
    return Case(first, lambda: fresh(second).next_sync_at != second.next_sync_at)


def payouts_to_send() -> Case:
    for _ in range(2):
        books.captured(books.booking(venue=books.payable_venue()))
    payouts.begin_run()
    venues = Venue.objects.order_by("pk")
    return Case(
        Payout(), lambda: Payout.objects.get().venue == venues.last(),
        act="INSERT", column="venue_id", value=venues.first().pk,
    )  # fmt: skip


def reconciliation() -> Case:
    since = clock.now() - 24 * HOUR
    first, second = (
        ReconciliationRun.objects.create(provider=provider, since=since, until=clock.now())
        for provider in ("octo", "octo")
    )
    return Case(first, lambda: fresh(second).finished_at is not None)


def notices() -> Case:
    first, second = (
        VenueNotice.objects.create(
            venue=factories.venue(), kind="approved", recipient="a@example.org", subject="S", paragraphs=["P"],
            because="you run it", action="Open", next_attempt_at=clock.now() - HOUR * (2 - n),
        )
        for n in (0, 1)
    )  # fmt: skip
    return Case(first, lambda: fresh(second).sent_at is not None)


def checkpoints() -> Case:
    for _ in range(2):
        books.captured(books.booking(venue=books.payable_venue()))
    first, second = Venue.objects.order_by("pk")
    return Case(
        LedgerCheckpoint(), lambda: LedgerCheckpoint.objects.filter(venue=second).exists(),
        act="INSERT", column="venue_id", value=first.pk,
    )  # fmt: skip


def retention() -> Case:
    BrowserSession.objects.create(session_key="old", session_data="", expire_date=clock.now() - HOUR)
    old = due(
        VenueNotice.objects.create(
            venue=factories.venue(), kind="approved", recipient="a@example.org", subject="S", paragraphs=["P"],
            because="you run it", action="Open", next_attempt_at=None, sent_at=clock.now() - YEARS,
        ),
        created_at=clock.now() - YEARS,
    )  # fmt: skip
    return Case(BrowserSession(pk="old"), lambda: fresh(old) is None, act="DELETE")


def drawings() -> Case:
    first, second = (
        due(factories.photo(room=factories.room()), image=_stored_picture(), width=600, renditions=[])
        for _ in range(2)
    )
    return Case(first, lambda: fresh(second).renditions == [480])


def _stored_picture() -> str:
    data = io.BytesIO()
    Image.new("RGB", (600, 400)).save(data, "JPEG")
    return default_storage.save(f"rooms/{uuid.uuid4().hex}.jpg", ContentFile(data.getvalue()))


SWEEPS = {
    "bookings.tasks.sweep_receipts": receipts,
    "bookings.tasks.sweep_deadlines": deadlines,
    "bookings.tasks.sweep_bulk_cancellations": bulk_cancellations,
    "bookings.tasks.sweep_suspended": suspended,
    "payments.tasks.sweep_webhooks": webhooks,
    "payments.tasks.sweep_operations": operations,
    "payments.tasks.sweep_settlements": settlements,
    "payments.tasks.sweep_unpaid": unpaid,
    "payments.tasks.sweep_open_payments": open_payments,
    "payments.tasks.sweep_payouts": payouts_to_send,
    "payments.tasks.sweep_reconciliation": reconciliation,
    "notifications.tasks.sweep_notices": notices,
    "payments.tasks.take_checkpoints": checkpoints,
    "accounts.tasks.sweep_retention": retention,
    "rooms.tasks.draw_renditions": drawings,
}
ELSEWHERE = {
    # It only rings, a task for each row: nothing of a row is read or written by it.
    "notifications.tasks.sweep_deliveries",
    # It asks a provider before it writes: tried with the sandbox, in payments/test_payable.py.
    "payments.tasks.sweep_payees",
}


def test_every_task_of_the_schedule_is_tried_with_a_poisoned_row():
    assert {entry["task"] for entry in site.CELERY_BEAT_SCHEDULE.values()} == set(SWEEPS) | ELSEWHERE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", list(SWEEPS))
def test_sweep_with_a_poisoned_row_works_on_the_rest_and_fails_at_its_end(task, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"  # nobody listens: a provider that is away is no fault
    cache.clear()
    case = SWEEPS[task]()
    poison(case)
    try:
        with pytest.raises(RowsFailed, match=r"^1 failed: "):
            import_string(task)()
        assert case.is_done()
    finally:
        cure(case)
