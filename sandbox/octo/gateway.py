"""The gateway's memory: shops, payments by uuid and by the merchant's id, timers, and what changed something."""

import heapq
import random
import uuid
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sandbox.clock import Clock
from sandbox.octo.behavior import Behavior
from sandbox.outbox import Outbox

Json = dict[str, Any]
TASHKENT = timezone(timedelta(hours=5))


@dataclass
class Shop:
    """A merchant; `unique_key` signs its callbacks."""

    id: int
    secret: str
    unique_key: str


@dataclass
class Payment:
    """One payment, frozen by its first call; amounts in minor units, moments in sandbox seconds.

    `card` is a test card's number. `challenge` is what the guest has to pass now. `refunds` are
    {"id", "shop_refund_id", "amount_minor", "status", "at"}.
    """

    uuid: str
    shop_id: int
    transaction_id: str
    created_at: int
    expires_at: int
    is_one_stage: bool
    total_minor: int
    currency: str
    description: str
    return_url: str
    notify_url: str
    language: str
    is_test: bool = True
    status: str = "created"
    authorized_minor: int = 0
    captured_minor: int = 0
    hold_until: int = 0
    paid_at: int = 0
    card: str = ""
    challenge: str = ""
    wrong_codes: int = 0
    is_quiet: bool = False  # the merchant asked for no more repeats
    callbacks: int = 0
    checked_at: float = -1.0
    refunds: list[Json] = field(default_factory=list)

    @property
    def refunded_minor(self) -> int:
        return sum(one["amount_minor"] for one in self.refunds if one["status"] == "succeeded")

    @property
    def promised_minor(self) -> int:
        """What refunds took or will take."""
        return sum(one["amount_minor"] for one in self.refunds)

    @property
    def is_open(self) -> bool:
        return self.status in ("created", "wait_user_action")


@dataclass
class Gateway:
    """Everything a restart must keep. Every change goes through the engine's lock.

    `timers` is a heap of (moment, number, what, uuid); timers.py knows what each does. `stored` are ids under
    which a failure was ordered to stick.
    """

    clock: Clock
    outbox: Outbox
    shop: Shop
    page_base: str = ""
    notify_hosts: tuple[str, ...] = ()
    first_behavior: Behavior = field(default_factory=Behavior)
    randomness: random.Random = field(default_factory=random.SystemRandom)
    moment: int | None = None  # while a timer fires: the time it was due

    def __post_init__(self) -> None:
        self.reset()

    @property
    def now(self) -> int:
        return self.moment if self.moment is not None else self.clock.now()

    def reset(self) -> None:
        self.behavior = self.first_behavior
        self.shops: dict[int, Shop] = {self.shop.id: replace(self.shop)}
        self.payments: dict[str, Payment] = {}
        self.by_transaction: dict[tuple[int, str], str] = {}
        self.timers: list[tuple[int, int, str, str]] = []
        self.effects: dict[str, int] = {}
        self.stored: set[str] = set()
        self._timer_count = 0

    def add(self, payment: Payment) -> None:
        self.payments[payment.uuid] = payment
        self.by_transaction[payment.shop_id, payment.transaction_id] = payment.uuid

    def find(self, shop_id: int, transaction_id: str) -> Payment | None:
        return self.payments.get(self.by_transaction.get((shop_id, transaction_id), ""))

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.randomness.getrandbits(128), version=4))

    def later(self, moment: int, what: str, ref: str) -> None:
        self._timer_count += 1
        heapq.heappush(self.timers, (moment, self._timer_count, what, ref))

    def count(self, effect: str) -> None:
        """Note something that moved or released money, or made a payment; replays and refusals do not."""
        self.effects[effect] = self.effects.get(effect, 0) + 1

    def page_url(self, payment: Payment) -> str:
        return f"{self.page_base}/pay/{payment.uuid}?language={payment.language}"

    def snapshot(self) -> Json:
        return {
            "behavior": asdict(self.behavior),
            "shops": [asdict(shop) for shop in self.shops.values()],
            "payments": [asdict(payment) for payment in self.payments.values()],
            "timers": self.timers,
            "effects": self.effects,
            "stored": sorted(self.stored),
        }

    def restore(self, data: Json) -> None:
        self.reset()
        self.behavior = Behavior(**data["behavior"])
        # The shop of the environment may have got new keys since.
        self.shops = {one["id"]: Shop(**one) for one in data["shops"]} | self.shops
        for fields in data["payments"]:
            self.add(Payment(**fields))
        self.timers = [(moment, count, what, ref) for moment, count, what, ref in data["timers"]]
        heapq.heapify(self.timers)
        self._timer_count = max((timer[1] for timer in self.timers), default=0)
        self.effects, self.stored = data["effects"], set(data["stored"])


def wall_time(moment: int) -> str:
    """The gateway's way to write a time: Tashkent, without saying so."""
    return datetime.fromtimestamp(moment, UTC).astimezone(TASHKENT).strftime("%Y-%m-%d %H:%M:%S")
