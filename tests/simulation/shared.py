"""The product's own rules over rows in memory: a private second copy of its modules, with stand-ins for their edges.

Nothing is copied by hand: verbs, apply rules, settle's choices, ledger postings and the operations' bookkeeping
are loaded from the product's files under other names, so the product itself stays untouched.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from rooms.availability.occupancy import RoomTaken
from tests.simulation import rows, thrift
from tests.simulation.rows import stage

PREFIX = "tests.simulation.copy_of_"
# Names, errors and pure rules: one set of them for everybody.
KEPT = (
    "bookings.models", "bookings.states", "bookings.errors", "bookings.actors", "bookings.lifecycle.deadlines",
    "bookings.cancellation", "bookings.lifecycle.submission", "bookings.lifecycle.outbox", "payments.models",
    "payments.settling.plan", "payments.providers.base", "payments.providers.registry", "payments.providers.stripe",
)  # fmt: skip


class DuplicateKey(Exception):
    """What PostgreSQL's IntegrityError would be."""


class _Silent:
    def info(self, *_: Any, **__: Any) -> None: ...

    warning = error = exception = debug = info


class _Transaction:
    """Nothing runs in between here, so there is nothing to do."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: Any) -> None: ...

    def atomic(self, *_: Any, **__: Any) -> "_Transaction":
        return self

    def on_commit(self, work: Any, **_: Any) -> None:
        work()


class Occupancy:
    """Claims on a room's time, one a slot, and a session's seats."""

    @staticmethod
    def claim(booking: Any) -> None:
        if booking.slot in stage.world.claims:
            raise RoomTaken
        stage.world.claims[booking.slot] = booking.reference

    @staticmethod
    def release(*, reference: str) -> None:
        claims = stage.world.claims
        for slot in [slot for slot, owner in claims.items() if owner == reference]:
            del claims[slot]

    @staticmethod
    def take_seats(*, session_id: int, seats: int) -> None:
        world = stage.world
        if world.seats_taken + seats > world.capacity:
            raise RoomTaken
        world.seats_taken += seats

    @staticmethod
    def give_back_seats(*, session_id: int, seats: int) -> None:
        stage.world.seats_taken -= seats


def _publish(event: Any) -> None:
    receipt = rows.KINDS["EventReceipt"].objects.create(event=event, subscriber="payments")
    _ring("deliver", receipt.pk)


BELLS = {"payments.tasks.settle_booking": "settle", "payments.tasks.process_webhook": "webhook"}


def _ring(task: str, *args: Any) -> bool:
    stage.world.bells.append((BELLS.get(task, task), args[0]))
    return True


def _choose_provider(venue_id: int) -> tuple[str, Any, bool]:
    offer = stage.world.bookings[venue_id - 1].offer
    return offer.provider, OWN_SHOP if offer.is_own_shop else None, stage.world.plan.is_live


OWN_SHOP = SimpleNamespace(pk=77)
rows.KINDS["Payment"].account_id = property(lambda payment: payment.account.pk if payment.account else None)


STAND_INS: dict[str, Any] = {
    **rows.KINDS,
    "F": rows.F,
    "InvalidTransition": thrift.InvalidTransition,
    "asdict": lambda facts: dict(vars(facts)),
    "choose_provider": _choose_provider,
    "clock": SimpleNamespace(now=lambda: stage.world.now),
    "log": _Silent(),
    "occupancy": Occupancy,
    "outbox": SimpleNamespace(publish=_publish),
    "ring": _ring,
    "ring_now": _ring,
    "settings": thrift.plain_settings(),
    "transaction": _Transaction(),
    "reverse": lambda name, args=(): "/page",
}


# --- what is one query to the database, and a loop here ------------------------------------------------------------


def _lock(booking_id: int) -> Any:
    return stage.world.bookings[booking_id - 1]


def _kept_minor(booking: Any, is_live: bool) -> int:
    return booking.kept_minor


def _post(
    key: str, kind: str, amounts: dict[str, int], *, booking: Any = None, payment: Any = None,
    is_live: bool | None = None, **_: Any,
) -> None:  # fmt: skip
    """Write one balanced movement, each key once; `booking.entries` are the balances of its accounts."""
    world = stage.world
    booking.modes.add(ledger._mode(payment, is_live))
    if key in world.ledger_keys:
        raise DuplicateKey(f"ledger transaction {key}")
    world.ledger_keys.add(key)
    world.check_balanced(key, amounts)
    for account, amount in amounts.items():
        if amount:
            account = str(account)
            booking.entries[account] = booking.entries.get(account, 0) + amount
            if kind in ledger.SHARING and account in ledger.SHARES:
                booking.kept_minor -= amount


def _payment_facts(booking: Any) -> list[Any]:
    found = []
    for payment in booking.payments:
        if not payment.mismatch:
            payment.refunded = refunded_minor(payment) + called_minor(payment)
            payment.stuck = stuck_minor(payment)
            payment.disputed = disputed_minor(payment)
            payment.is_disputed, payment.has_case = is_disputed(payment), has_case(payment)
            payment.is_marked = True
            payment.is_busy = any(call.state in operations.UNFINISHED for call in payment.operations)
            found.append(facts._facts(payment))
    return found


def refunded_minor(payment: Any) -> int:
    """Money given back or on its way; a refund that failed is neither."""
    if not payment.refunds:
        return 0
    return sum(refund.amount_minor for refund in payment.refunds if refund.status != "failed")


def called_minor(payment: Any) -> int:
    """Refunds called for and not refused, of which no sync has written a row yet."""
    return sum([
        operation.params["amount_minor"]
        for operation in payment.operations
        if operation.kind == "refund" and operation.state != "refused" and operation.refund is None
    ])  # fmt: skip


def stuck_minor(payment: Any) -> int:
    """Refunds that failed and wait for staff."""
    if not payment.refunds:
        return 0
    return sum(
        refund.amount_minor
        for refund in payment.refunds
        if refund.status == "failed" and not refund.solved_at
    )


def disputed_minor(payment: Any) -> int:
    """What a bank took back and did not return."""
    if not payment.disputes:
        return 0
    return sum(one.withdrawn_minor for one in payment.disputes if one.is_open or one.status == "lost")


def is_disputed(payment: Any) -> bool:
    return bool(payment.disputes) and any(one.blocks_refunds for one in payment.disputes)


def has_case(payment: Any) -> bool:
    """Return whether a bank may still take the money: in a dispute, or in an inquiry before one."""
    return bool(payment.disputes) and any(one.is_open for one in payment.disputes)


def _given_of(payment: Any) -> Any:
    """What went back of a payment by channel, and what banks claim; in histories in memory no credit is given."""
    by_channel: dict[str, int] = {}
    for refund in payment.refunds or ():
        if refund.status != "failed":
            by_channel[refund.channel] = by_channel.get(refund.channel, 0) + refund.amount_minor
    claims = (one for one in payment.disputes or () if one.is_open or one.status == "lost")
    return given.Given(by_channel, sum(one.amount_minor for one in claims), payment.captured_minor)


def _finish(operation: Any, state: str, error: Any) -> Any:
    """What is finished stays finished; the product says so by the WHERE of its UPDATE, on a row of its own."""
    if operation.state not in operations.UNFINISHED:
        return operation
    operation.state = str(state)
    if error is not None:
        operation.error_code = error.code
    if state == "unknown":
        operation.lease_until = stage.world.now + operations._pause(operation)
    else:
        operation.finished_at = stage.world.now
    return operation


def _payment_of(event: Any) -> Any:
    """What a message is about; the product reads it out of each provider's own words."""
    ref = event.payload["page"]
    payment = next((row for row in stage.world.tables["Payment"] if row.session_ref == ref), None)
    if payment is None:
        return webhooks._end(event, "ignored", "not a payment of ours")
    event.payment = payment
    return payment


OVERRIDES: dict[str, dict[str, Any]] = {
    "bookings.lifecycle.services": {"lock": _lock},
    "payments.ledger.posting": {"kept_minor": _kept_minor, "_post": _post, "together": _Transaction().atomic},
    "payments.settling.facts": {"payment_facts": _payment_facts},
    "payments.ledger.given_back": {"of": _given_of},
    "payments.settling.operations": {"_finish": _finish},
    "payments.webhooks.services": {"_payment_of": _payment_of},
}

# --- the copies -----------------------------------------------------------------------------------------------

_copies: dict[str, ModuleType] = {}


def _copy(name: str) -> ModuleType:
    """Load a module's file once more under a name of its own, undecorated, over the stand-ins it has names for."""
    if name in _copies:
        return _copies[name]
    original = importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(PREFIX + name.replace(".", "_"), original.__file__)
    module = _copies[name] = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    for key, value in list(vars(module).items()):
        if key in STAND_INS:
            setattr(module, key, STAND_INS[key])
        elif isinstance(value, type):
            setattr(module, key, thrift.plainer(value))
        elif isinstance(value, FunctionType) and value.__module__ == module.__name__:
            if value.__code__.co_name == "inner":  # what transaction.atomic makes of a function
                setattr(module, key, value.__wrapped__)
        elif isinstance(value, ModuleType) and _is_copied(value.__name__):
            setattr(module, key, _copy(value.__name__))
        elif isinstance(value, FunctionType) and _is_copied(value.__module__):
            setattr(module, key, getattr(_copy(value.__module__), value.__name__))
    vars(module).update(OVERRIDES.get(name, {}))
    return module


def _is_copied(name: str) -> bool:
    is_ours = name.startswith(("bookings.", "payments."))
    return is_ours and not name.startswith(KEPT)


def places_of(value: Any) -> Iterator[tuple[ModuleType, str]]:
    """Return every (module, name) among the copies that holds this very object: where a planted bug must go in."""
    for module in _copies.values():
        for name, held in vars(module).items():
            if held is value:
                yield module, name


ledger = _copy("payments.ledger.posting")
facts = _copy("payments.settling.facts")
given = _copy("payments.ledger.given_back")
verbs = _copy("bookings.lifecycle.services")
decisions = _copy("bookings.lifecycle.decisions")
known = _copy("payments.settling.local_record")
operations = _copy("payments.settling.operations")
settlement = _copy("payments.settling.settle_queue")
reconcile = _copy("payments.lifecycle.apply")
services = _copy("payments.lifecycle.services")
webhooks = _copy("payments.webhooks.services")
octo = _copy("payments.providers.octo.client")
occupancy = Occupancy
