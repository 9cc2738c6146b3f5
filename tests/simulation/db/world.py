"""One history with the database: the same actions as without, on the real services."""

import datetime as dt
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.db import connection

from bookings import tasks as booking_tasks
from bookings.errors import BookingError
from bookings.lifecycle import outbox
from bookings.lifecycle import services as booking_services
from bookings.models import Booking
from core.mode import mode_name
from payments import tasks
from payments.disputes.services import CannotAnswer
from payments.lifecycle import refresh
from payments.lifecycle import services as payments
from payments.models import Payment
from payments.providers.base import ProviderError
from payments.webhooks import octo as octo_inbox
from payments.webhooks import services as webhooks
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import InvalidStay
from rooms.models import Room
from sandbox.settings import Settings
from sandbox.stripe import cards
from sandbox.world import World as Sandbox
from tests.simulation.db import checks, payouts, staff, stage
from tests.simulation.db.outside import Outside
from tests.simulation.db.pages import Pages
from tests.simulation.db.processes import Process, Processes
from tests.simulation.db.transport import Wire
from tests.simulation.db.watching import SELDOM, Watch
from tests.simulation.invariants import Violation
from tests.simulation.plan import Action, Plan
from tests.simulation.rows import START
from tests.simulation.world import TICK

CARDS = {
    ("good", "instant"): "4242424242424242", ("good", "pending"): "4000000000007726",
    ("good", "fails"): "4000000000005126", ("declined", ""): "4000000000000002",
}  # fmt: skip
OCTO_CARDS = {"good": "4242424242424242", "declined": "4000000000000002"}
SWEEPS: dict[str, Callable[[], Any]] = {
    "receipts": booking_tasks.sweep_receipts,
    "webhooks": tasks.sweep_webhooks,
    "operations": tasks.sweep_operations,
    "settlements": tasks.sweep_settlements,
    "unpaid": tasks.sweep_unpaid,
    "open_payments": tasks.sweep_open_payments,
    "deadlines": booking_tasks.sweep_deadlines,
}
WORK: dict[str, Callable[[Any], Any]] = {
    "checkout": payments.start_checkout,
    "return": refresh.verify,
    "settle": payments.settle,
    "webhook": webhooks.process,
    "deliver": outbox.deliver,
    "sweep": lambda name: SWEEPS[name](),
}
# All that begins by itself, and finds nothing before `watching` says so.
BY_THE_CLOCK: dict[str, Callable[[Any], Any]] = {
    **{name: lambda _, sweep=sweep: sweep() for name, sweep in SWEEPS.items()},
    **{name: lambda world, work=staff.WORK[name]: work(world, "") for name in SELDOM},
}
TABLES = {"webhook": "payments_webhookevent", "settle": "bookings_booking"}
BELLS = {
    "payments.tasks.settle_booking": "settle", "payments.tasks.process_webhook": "webhook",
    "bookings.tasks.deliver_event": "deliver", "payments.tasks.run_payouts": "payouts",
    "payments.tasks.send_payout": "send",
}  # fmt: skip
EXPECTED = (ProviderError, BookingError, CannotAnswer)
# Every so many histories the sweeps that should find nothing run all the same, and must find nothing.
ALL_SWEEPS_EVERY = 10


@dataclass(frozen=True)
class Letter:
    """A webhook on its way, as the pure layer's messages look to the scheduler.

    `page` is there where this letter must not be lost: nothing else tells what it tells.
    """

    event_id: str
    provider: str
    body: str
    intent: str = ""
    world: Any = None

    @property
    def page(self) -> Any:
        is_found = self.world.plan.has_nights and self.provider == "stripe"
        is_only = (
            not is_found
            and self.intent in self.world.touched
            and not any(other.intent == self.intent and other is not self for other in self.world.wire)
        )
        return SimpleNamespace(is_touched=True, refunds=()) if is_only else None


@dataclass
class DbWorld(Outside):
    """Rows in PostgreSQL, money in the sandbox, processes in greenlets, one clock for all of them."""

    plan: Plan
    seed: int
    clock: Any
    processes: Processes
    story: list[str] | None = None
    coverage: Counter = field(default_factory=Counter)
    bells: list[tuple[str, Any]] = field(default_factory=list)
    wire: list[Letter] = field(default_factory=list)
    sent: list[Letter] = field(default_factory=list)
    tasks: dict[int, Process] = field(default_factory=dict)
    now: dt.datetime = START
    rows: dict[int, int] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)
    log: "SweepLog" = field(default_factory=lambda: SweepLog())
    seen: dict[str, tuple[int, Any]] = field(default_factory=dict)
    checked_writes: int = -1

    @property
    def mode(self) -> str:
        """Test or live: of all keys and all money of this history."""
        return mode_name(self.plan.is_live)

    def __post_init__(self) -> None:
        super().__init__()
        settings = Settings(
            webhook_url="http://localhost/webhooks/stripe/",
            stripe_settlement=("usd", "eur", "gbp"),
            stripe_payouts="manual",
        )
        self.sandbox = Sandbox(
            settings, real=lambda: self.now.timestamp(), randomness=random.Random(self.seed)
        )
        self.sandbox.octo.engine.gateway.behavior = self.sandbox.octo.engine.gateway.behavior.changed(
            {"hold_minutes": self.plan.octo_hold_minutes, "repeat_seconds": 0}
        )
        self.sandbox.octo.add_shop(stage.OWN_SHOP)
        self.link = Wire(self.sandbox, self.processes, self.cover)
        self.account = self.sandbox.stripe.engines[self.mode].account
        self.pages = Pages(self.sandbox, self.account)
        self.goods = stage.lay_out(self.plan)
        self.move_to(START)
        self.settle_in()

    # --- what the scheduler looks at ---

    @property
    def providers(self) -> dict[str, Any]:
        return self.pages.by_provider()

    @property
    def by_offer(self) -> dict[int, Any]:
        """The bookings as they stand before the next action."""
        bookings = self._as_of("bookings_booking", self._bookings)
        payments_of = self._as_of("payments_payment", self._payments)
        return {
            index: stage.BookingView(bookings[pk], payments_of.get(pk, [])) for index, pk in self.rows.items()
        }

    def _as_of(self, table: str, look: Callable[[], Any]) -> Any:
        """What was seen in a table, looked up again once it was written to."""
        writes = self.watch.to(table)
        if table not in self.seen or self.seen[table][0] != writes:
            self.seen[table] = (writes, look())
        return self.seen[table][1]

    def _bookings(self) -> dict[int, Booking]:
        return Booking.objects.in_bulk(list(self.rows.values()))

    def _payments(self) -> dict[int, list[Payment]]:
        found: dict[int, list[Payment]] = {}
        for payment in Payment.objects.filter(booking__in=list(self.rows.values())).order_by("n"):
            found.setdefault(payment.booking_id, []).append(payment)
        return found

    def page_of(self, payment: Payment) -> Any:
        return self.pages.of(payment)

    # --- actions ---

    def say(self, line: str) -> None:
        if self.story is not None:
            self.story.append(f"+{self.now - START}  {line}")

    def act(self, action: Action) -> None:
        """Play one action and check what must hold at once. Raises: Violation."""
        self.move_to(self.now + TICK)
        self.say(" ".join(str(part) for part in action))
        getattr(self, "do_" + action[0])(*action[1:])
        self.collect()
        self.check()

    def check(self) -> None:
        """Ask what must always hold, wherever a row was written since. Raises: Violation."""
        if self.checked_writes != self.watch.writes:
            checks.check_always(self)
            payouts.check(self)
            self.checked_writes = self.watch.writes

    def move_to(self, moment: dt.datetime) -> None:
        self.now = moment
        self.clock.move_to(moment)

    def collect(self) -> None:
        """Take what the providers want to tell off their outbox, onto the wire."""
        for message in self.sandbox.outbox.take_due():
            body = message.body  # forgotten once it is settled
            self.sandbox.outbox.sent(message, is_accepted=True, answer="200")
            if self.plan.is_silent or (intent := _intent_in(body)) in self.unheard:
                continue
            letter = Letter(f"{message.subject}#{message.id}", message.provider, body, intent, self)
            self.wire.append(letter)
            self.sent.append(letter)

    def do_submit(self, index: int) -> None:
        if index in self.rows:
            return
        try:
            booking = stage.submit(self.goods[index], self.plan.offers[index], f"{self.seed}-{index}")
        except (RoomTaken, InvalidStay, BookingError) as error:
            self.say(f"  not booked: {error!r}")
            return
        self.rows[index] = booking.pk

    def do_verb(self, verb: str, index: int, who: str) -> None:
        if index not in self.rows:
            return
        try:
            booking = getattr(booking_services, verb)(booking_id=self.rows[index], actor=stage.actor(who))
        except BookingError as error:
            self.say(f"  refused: {error}")
        else:
            self.say(f"  now {booking.status}")

    def do_pay(self, ref: str, card: str) -> None:
        shown = {payment.session_ref for one in self.by_offer.values() for payment in one.payments}
        # A guest is led to a page by us alone: one whose address was lost with the answer nobody knows.
        if ref in shown and (page := self.pages.named(ref)):
            number = OCTO_CARDS[card] if page.provider == "octo" else self.card(card)
            answer = self.sandbox.pay(page.url, number, "pay")
            self.say(f"  {answer and answer['result']}")

    def card(self, card: str) -> str:
        """The number a guest types; how real cards behave is in no number, but that a test card is declined."""
        return cards.PLAIN[True] if self.plan.is_live and card == "good" else CARDS[card, self.mood(card)]

    def mood(self, card: str) -> str:
        """How the guest's bank will take a refund; one that fails late is heard of by message alone."""
        is_told = self.plan.has_nights or not self.plan.is_silent
        is_unheard = not is_told and self.plan.refund_mood == "fails"
        return "" if card == "declined" else "pending" if is_unheard else self.plan.refund_mood

    def do_deliver(self, event_id: str, *, keep: bool = False) -> None:
        for letter in self.wire:
            if letter.event_id == event_id:
                self.receive(letter)
                if not keep:
                    self.wire.remove(letter)
                return

    def do_copy(self, event_id: str) -> None:
        self.do_deliver(event_id, keep=True)

    def do_drop(self, event_id: str) -> None:
        self.wire[:] = [letter for letter in self.wire if letter.event_id != event_id]

    def receive(self, letter: Letter) -> None:
        """What the webhook endpoints do with a genuine message."""
        if letter.provider == "stripe":
            webhooks.receive(provider="stripe", event=json.loads(letter.body))
        elif callback := octo_inbox.genuine_callback(letter.body.encode()):
            event = {"id": callback.event_id, "type": callback.type, **callback.payload}
            webhooks.receive(provider="octo", event=event)

    def do_flush(self) -> None:
        self.bells.clear()

    def do_power(self) -> None:
        for process in self.tasks.values():
            process.resume("kill")
        self.tasks.clear()
        self.bells.clear()

    def do_clock(self, seconds: float) -> None:
        self.live_until(self.now + dt.timedelta(seconds=seconds))

    def do_outage(self, provider: str, seconds: float) -> None:
        self.link.outages[provider] = self.now.timestamp() + seconds

    def do_reprice(self, index: int, percent: int) -> None:
        room = self.goods[index]
        Room.objects.filter(pk=room.pk).update(price_minor=room.price_minor * percent // 100, policy=None)

    def do_run(self, name: str, arg: Any, faults: tuple[str | None, ...] = ()) -> None:
        if process := self.begin(name, arg):
            process.finish(faults)
            self.look_at(process)

    def do_start(self, number: int, name: str, arg: Any) -> None:
        if process := self.begin(name, arg):
            process.resume()
            self.look_at(process)
            if not process.is_over:
                self.tasks[number] = process

    def do_step(self, number: int, fault: str | None = None) -> None:
        if process := self.tasks.get(number):
            process.resume(fault)
            self.look_at(process)
            if process.is_over:
                del self.tasks[number]

    def begin(self, name: str, arg: Any) -> Process | None:
        if (name, arg) in self.bells:
            self.bells.remove((name, arg))
        if name in ("checkout", "return"):
            arg = self.rows.get(arg)
        if arg is None or (name in TABLES and not self.exists(TABLES[name], arg)):
            return None
        if (sweep := arg if name == "sweep" else name) in BY_THE_CLOCK and self.is_idle(sweep):
            return None
        work = (lambda: staff.work(self, name, arg)) if name in staff.WORK else (lambda: WORK[name](arg))
        return Process(name, arg, work, EXPECTED, self.note)

    def exists(self, table: str, pk: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s", [pk])
            return cursor.fetchone() is not None

    def is_idle(self, sweep: str) -> bool:
        """Whether a sweep can find nothing now; sometimes proved by running it. Raises: Violation."""
        due_at = self.watch.due_at(sweep)
        if due_at and due_at <= self.now:
            return False
        if self.seed % ALL_SWEEPS_EVERY == 0:
            before = self.watch.writes
            BY_THE_CLOCK[sweep](self)
            if self.watch.writes != before:
                raise Violation("C2", f"the sweep of {sweep} found something that nothing said was due")
        return True

    def note(self, process: Process) -> None:
        """Count a kill; other faults are counted where they fall on a call."""
        self.cover(f"kill at {process.point}")
        self.say(f"  {process.name} {process.arg} is killed at {process.point}")

    def cover(self, fault: str) -> None:
        """Count a fault by the status the first booking has then."""
        statuses = [one.status for one in self.by_offer.values()]
        self.coverage[f"{fault} × {statuses[0] if statuses else None}"] += 1

    def look_at(self, process: Process) -> None:
        error = process.error or self.log.heard
        if isinstance(error, Violation):
            raise error
        if error:
            raise Violation("C2", f"{process.name} {process.arg} fails: {error!r}") from error

    def ring(self, task: str, args: tuple[Any, ...] = ()) -> None:
        """What the broker would take."""
        if name := BELLS.get(task):
            self.bells.append((name, args[0] if args else ""))


class SweepLog:
    """The log of sweeps, in which one row's unexpected trouble would else pass unseen."""

    heard: Exception | None = None

    def exception(self, *_: Any, **__: Any) -> None:
        self.heard = self.heard or sys.exception()

    def warning(self, *_: Any, **__: Any) -> None:
        """What is tried again later is no trouble."""

    error = info = warning


def _intent_in(body: str) -> str:
    """The payment or transfer that a message is about; empty for others."""
    said = json.loads(body)
    thing = said.get("data", {}).get("object", {})
    own = thing["id"] if thing.get("object") in ("payment_intent", "transfer") else ""
    return thing.get("payment_intent") or own or said.get("octo_payment_UUID", "")
