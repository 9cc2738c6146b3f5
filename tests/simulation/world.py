"""One history without a database: rows, providers, processes under way, messages on the wire, and the clock.

A history is a plan (what is sold, how) and a list of actions. Every action is a plain tuple that holds all chance
ever drawn for it, so a list of actions always plays the same way, also with some of them left out.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bookings.actors import Actor
from bookings.errors import BookingError
from payments.providers.base import Declined, ProviderError, ProviderPayment
from rooms.availability.occupancy import RoomTaken
from tests.simulation import calls, flows, invariants, messages, rows
from tests.simulation.invariants import Violation
from tests.simulation.messages import Message, store
from tests.simulation.offers import booking_of
from tests.simulation.plan import Action, Plan
from tests.simulation.providers import CLASSES, Page
from tests.simulation.rows import START, stage
from tests.simulation.shared import occupancy, verbs
from tests.simulation.task import Task

TICK = dt.timedelta(milliseconds=10)
MOST_POINTS = 200  # more than any task has
ACTORS = {
    "guest": Actor("guest"),
    "host": Actor("host", "the host"),
    "staff": Actor("staff", "the staff"),
}


@dataclass
class World:
    """Everything that exists in one history; `story` collects lines for people where it is a list."""

    plan: Plan
    story: list[str] | None = None
    now: dt.datetime = START
    coverage: Counter = field(default_factory=Counter)
    bells: list[tuple[str, Any]] = field(default_factory=list)
    wire: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    late: list[tuple[dt.datetime, str, Any]] = field(default_factory=list)
    outages: dict[str, dt.datetime] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    claims: dict[int, str] = field(default_factory=dict)
    ledger_keys: set[str] = field(default_factory=set)
    seats_taken: int = 0
    capacity: int = 2

    def __post_init__(self) -> None:
        stage.world = self
        self.tables = rows.Tables()
        self.bookings = self.tables["Booking"]
        self.by_offer: dict[int, Any] = {}
        self.refund_mood = self.plan.refund_mood
        self.fee_delay = dt.timedelta(seconds=self.plan.fee_delay_seconds)
        self.hold = {
            "stripe": dt.timedelta(days=7),
            "octo": dt.timedelta(minutes=self.plan.octo_hold_minutes),
        }
        self.providers = {name: kind(self) for name, kind in CLASSES.items()}
        self._number = 0

    # --- small things the rows and providers ask for ---

    def number(self) -> int:
        self._number += 1
        return self._number

    def index_of(self, page: Page) -> int:
        return list(self.providers[page.provider].pages).index(page.ref) + 1

    def key_sent(self, operation: Any) -> str:
        """The idempotency key that travels with a call."""
        return operation.key

    def page_of(self, payment: Any) -> Page | None:
        return self.providers[str(payment.provider)].pages.get(payment.session_ref)

    def send(self, provider: str, event_id: str, page: Page, what: str) -> None:
        if self.plan.is_silent:
            return
        message = Message(provider, event_id, page, what, messages.content(page, self.now))
        self.wire.append(message)
        self.sent.append(message)

    def made(self, row: Any) -> None:
        """A row joins its table."""
        if check := MADE.get(type(row).__name__):
            check(self, row)

    def check_balanced(self, key: str, amounts: dict[str, int]) -> None:
        if sum(amounts.values()):
            raise Violation("M1", f"{key} does not balance")

    def is_payable(self, page: Page) -> bool:
        return page.is_open and page.expires_at > self.now

    def say(self, line: str) -> None:
        if self.story is not None:
            span = self.now - START
            minutes, seconds = divmod(int(span.total_seconds()), 60)
            hours, minutes = divmod(minutes, 60)
            self.story.append(f"+{hours // 24}d {hours % 24:02}:{minutes:02}:{seconds:02}  {line}")

    # --- actions ---

    def act(self, action: Action) -> None:
        """Play one action and check what must hold at once. Raises: Violation."""
        self.now += TICK
        if self.story is not None:
            self.say(" ".join(str(part) for part in action))
        is_silent = action[0] in SILENT and not self.late
        DO[action[0]](self, *action[1:])
        if is_silent:
            return
        for booking in self.bookings:
            invariants.check_always(self, booking)

    def forget(self) -> None:
        """Untie what holds each other, so that a history is gone at once: cheaper than to look for it."""
        for table in self.tables.values():
            for row in table:
                row.__dict__.clear()
        for provider in self.providers.values():
            provider.__dict__.clear()
        self.__dict__.clear()

    def do_submit(self, index: int) -> None:
        if index in self.by_offer:
            return
        offer = self.plan.offers[index]
        booking = booking_of(self, offer, index)
        try:
            if offer.kind == "workshop":
                booking.session_id = 1
                occupancy.take_seats(session_id=1, seats=booking.party_size)
            else:
                occupancy.claim(booking)
        except RoomTaken:
            self.say("  the room is taken")
            return
        self.by_offer[index] = booking
        verbs._submit(booking, ACTORS["guest"], self.now)

    def do_verb(self, verb: str, index: int, who: str, behind: float = 0) -> None:
        """Call a verb, on a host whose clock may be some seconds `behind` (but not behind what was written last)."""
        booking = self.by_offer.get(index)
        if booking is None:
            return
        before, now = booking.status, self.now
        if behind:
            now = max(now - dt.timedelta(seconds=behind), booking.watch.last_at)
        try:
            getattr(verbs, verb)(booking_id=booking.pk, actor=ACTORS[who], now=now)
        except BookingError as error:
            if self.story is not None:
                self.say(f"  refused: {error}")
        else:
            self.say(f"  {before} -> {booking.status}")

    def do_pay(self, ref: str, card: str) -> None:
        for provider in self.providers.values():
            if page := provider.pages.get(ref):
                provider.pay(page, card)
                self.say(f"  the page is {page.status}")

    def do_deliver(self, event_id: str, *, keep: bool = False) -> None:
        for message in self.wire:
            if message.event_id == event_id:
                self.receive(message)
                if not keep:
                    self.wire.remove(message)
                return

    def do_copy(self, event_id: str) -> None:
        self.do_deliver(event_id, keep=True)

    def do_drop(self, event_id: str) -> None:
        self.wire[:] = [message for message in self.wire if message.event_id != event_id]

    def do_lie(self, index: int, state: str) -> None:
        """A message that claims what is not so."""
        booking = self.by_offer.get(index)
        for payment in booking.payments if booking else ():
            page = self.page_of(payment)
            if page and page.status in ("open", "held"):
                seen = ProviderPayment(
                    state=state, session_ref=page.ref, amount_minor=page.amount_minor, currency=page.currency,
                    authorized_minor=page.amount_minor, captured_minor=page.amount_minor,
                    reference=page.reference, is_live=page.is_live,
                )  # fmt: skip
                self.receive(Message(page.provider, f"lie_{self.number()}", page, "a lie", seen))
                return

    def do_flush(self) -> None:
        self.bells.clear()

    def do_power(self) -> None:
        """Every process is killed, and what was only in memory is gone."""
        for task in self.tasks.values():
            task.flow.close()
        self.tasks.clear()
        self.bells.clear()

    def do_clock(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)
        if self.late:
            calls.land(self)

    def do_outage(self, provider: str, seconds: float) -> None:
        self.outages[provider] = self.now + dt.timedelta(seconds=seconds)

    def do_dashboard(self, ref: str, what: str, amount_minor: int) -> None:
        """Somebody works in the provider's own dashboard."""
        for provider in self.providers.values():
            if page := provider.pages.get(ref):
                provider.tick()
                key = f"dashboard-{self.number()}"
                try:
                    if what == "capture":
                        provider.take(page, page.amount_minor, key)
                    elif what == "void":
                        provider.release(page, key)
                    else:
                        provider.give_back(page, amount_minor, "")
                except Declined:
                    self.say("  not possible")
                else:
                    page.is_touched = True

    def do_bank(self, ref: str) -> None:
        """A bank lets a hold go before its time."""
        for provider in self.providers.values():
            page = provider.pages.get(ref)
            if page and page.status == "held":
                page.status, page.why = "released", "bank"
                provider.announce(page, "lapsed")

    def do_dispute(self, ref: str, end: str, hours: float) -> None:
        """A guest's bank takes a charge back; the case ends, won or lost, after some hours."""
        page = self.providers["stripe"].pages.get(ref)
        if page and page.status == "taken" and not page.disputes and page.left_minor:
            self.providers["stripe"].dispute(page, end, hours)

    def do_tamper(self, ref: str) -> None:
        """The provider's object changes its amount before it is paid."""
        for provider in self.providers.values():
            page = provider.pages.get(ref)
            if page and page.is_open:
                page.amount_minor -= 100

    def do_reprice(self, index: int, percent: int) -> None:
        """A host changes price and policy after the booking."""
        if booking := self.by_offer.get(index):
            booking.room.price_minor = booking.room.price_minor * percent // 100
            booking.room.policy = {"name": "Changed", "tiers": [{"hours": 0, "percent": 100 - percent // 2}]}

    def do_run(self, name: str, arg: Any, faults: tuple[str | None, ...] = ()) -> None:
        """Start a process and let it come to its end, with a fault here and there."""
        self.hear(name, arg)
        self.finish(self.begin(name, arg), faults)

    def do_start(self, number: int, name: str, arg: Any) -> None:
        self.hear(name, arg)
        task = self.begin(name, arg)
        if not task.is_over:
            self.tasks[number] = task

    def do_step(self, number: int, fault: str | None = None) -> None:
        if task := self.tasks.get(number):
            self.advance(task, fault)
            if task.is_over:
                del self.tasks[number]

    # --- processes ---

    def hear(self, name: str, arg: Any) -> None:
        if self.bells and (name, arg) in self.bells:
            self.bells.remove((name, arg))

    def begin(self, name: str, arg: Any) -> Task:
        if name in ("checkout", "return"):
            booking = self.by_offer.get(arg)
            if booking is None:
                return Task(name, arg, None, is_over=True)
            arg = booking.pk
        elif name != "sweep" and not self.exists(name, arg):
            return Task(name, arg, None, is_over=True)
        task = Task(name, arg, flows.TASKS[name](arg))
        self._resume(task)
        return task

    def finish(self, task: Task, faults: tuple[str | None, ...] = ()) -> None:
        """Let a process come to its end. Raises: Violation when it does not."""
        for fault in faults:
            if task.is_over:
                return
            self.advance(task, fault)
        for _ in range(MOST_POINTS):
            if task.is_over:
                return
            self.advance(task)
        raise Violation("C2", f"{task.name} {task.arg} does not end")

    def exists(self, name: str, pk: int) -> bool:
        return pk <= len(self.tables[ABOUT[name]])

    def advance(self, task: Task, fault: str | None = None) -> None:
        """Let a process go on to its next point; `kill` ends it where it stands."""
        is_calling = task.point is not flows.COMMIT and task.answer is None
        if fault == "kill":
            self.cover(task, fault)
            self.say(f"  {task.name} {task.arg} is killed")
            task.flow.close()
            task.is_over = True
        elif is_calling:
            if fault:
                self.cover(task, fault)
            task.answer = calls.call(self, *task.point, fault)
        elif task.answer is None:
            self._resume(task)
        else:
            (is_answer, value), task.answer = task.answer, None
            self._resume(task, value if is_answer else None, None if is_answer else value)

    def _resume(self, task: Task, value: Any = None, error: Exception | None = None) -> None:
        try:
            task.point = task.flow.send(value) if error is None else task.flow.throw(error)
        except StopIteration:
            task.is_over = True
        except (ProviderError, BookingError) as refusal:
            task.is_over = True
            if self.story is not None:
                self.say(f"  {task.name} ends: {refusal}")
        except Violation:
            raise
        except Exception as failure:
            raise Violation(
                "C2", f"{task.name} {task.arg} fails: {type(failure).__name__}: {failure}"
            ) from failure

    def receive(self, message: Message) -> None:
        """The webhook endpoint: one row, once."""
        pk = store(message)
        if pk is not None:
            self.bells.append(("webhook", pk))

    def cover(self, task: Task, fault: str) -> None:
        """Count a fault by the call it fell on and the status of the booking then."""
        if task.point is flows.COMMIT:
            place, status = "commit", "any"
        else:
            place, row = task.point
            status = (row if place == "fetch" else row.payment).booking.status
            place = "answer" if task.answer else place
        self.coverage[f"{fault} at {place} × {status}"] += 1


DO = {name.removeprefix("do_"): do for name, do in vars(World).items() if name.startswith("do_")}
# These write to no booking, payment, claim or page, so nothing that holds after every step can have changed; unless
# a request that was late arrives meanwhile.
SILENT = frozenset(("clock", "deliver", "copy", "drop", "lie", "flush", "outage"))
ABOUT = {"settle": "Booking", "webhook": "WebhookEvent", "deliver": "EventReceipt"}
MADE = {"BookingEvent": invariants.check_event, "PaymentOperation": invariants.check_begun}
