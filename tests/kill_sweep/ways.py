"""The ways a booking goes in the sweep, as data: what is sold, in which phases, and where each may be cut off."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core import clock
from payments.models import PaymentSettings
from payments.providers.stripe.client import platform_account
from rooms.models import Room
from tests.flows.journey import VISA
from tests.payments.octo_way import UZCARD, WEEK, octo_venue, own_account
from tests.support import factories

if TYPE_CHECKING:
    from tests.kill_sweep.story import Story


@dataclass(frozen=True)
class Way:
    """`before` a phase come others, undisturbed; it `ends` in a status; `sweep` has the points it may die at."""

    room: Callable[["Story"], Room]
    before: dict[str, tuple[str, ...]]
    ends: dict[str, str]
    sweep: dict[str, tuple[str, ...]]
    provider: str = "stripe"
    card: str = VISA
    is_by_hours: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def choice(self, room: Room) -> dict[str, Any]:
        """What the guest asks for: two nights, or three hours, ten days ahead."""
        date = clock.now().astimezone(room.venue.zone).date() + dt.timedelta(days=10)
        if self.is_by_hours:
            return {"room": room.path, "start": f"{date}T10:00", "end": f"{date}T13:00"}
        return {"room": room.path, "check_in": f"{date}", "check_out": f"{date + dt.timedelta(days=2)}"}


def _hotel(story: "Story") -> Room:
    return factories.room()


def _paid_out_hotel(story: "Story") -> Room:
    """A venue whose payouts go to an account of its own at Stripe."""
    room = factories.room()
    params = {"type": "express", "country": "FR"}
    account = platform_account().call(lambda client: client.v1.accounts.create(params)).id
    story.control("account", {"account": account, "state": "enabled"})
    PaymentSettings.objects.create(venue=room.venue, payout_method="stripe", stripe_account_ref=account)
    return room


def _octo_hotel(story: "Story") -> Room:
    """A venue whose own shop keeps money held for a week."""
    venue = octo_venue(hold_limit_minutes=WEEK)
    own_account(venue, story, 1_000 + venue.pk)
    PaymentSettings.objects.filter(venue=venue).update(octo_hold_minutes=WEEK)
    story.control("octo/behavior", {"hold_minutes": WEEK})
    return factories.room(venue=venue, price_minor=80_000_000)


def _octo_conference(story: "Story") -> Room:
    return factories.room(venue=octo_venue(), kind="conference", price_minor=80_000_000)


# A look follows every call: these points lie behind each phase that moves money.
LOOK = ("fetched", "applied-open", "synced")
DECISION = ("event-open", "receipt-open", "begun", "run")
HELD = ("create", "checkout", "authorize")
HOTEL = {
    "create": (),
    "checkout": HELD[:1],
    "authorize": HELD[:2],
    "approve": HELD,
    "decline": HELD,
    "withdraw": HELD,
    "cancel": (*HELD, "approve"),
    "refund": (*HELD, "approve"),
    "payout": (*HELD, "approve"),
}
HOTEL_ENDS = {
    "create": "PENDING_PAYMENT",
    "checkout": "PENDING_PAYMENT",
    "authorize": "PENDING_APPROVAL",
    "approve": "CONFIRMED",
    "decline": "DECLINED",
    "withdraw": "CANCELLED",
    "cancel": "CANCELLED",
    "refund": "CONFIRMED",
    "payout": "COMPLETED",
}
CONFERENCE = {
    "create": (),
    "accept": ("create",),
    "checkout": ("create", "accept"),
    "authorize": ("create", "accept", "checkout"),
    "cancel": ("create", "accept", "checkout", "authorize"),
}
CONFERENCE_ENDS = {
    "create": "PENDING_APPROVAL",
    "accept": "PENDING_PAYMENT",
    "checkout": "PENDING_PAYMENT",
    "authorize": "CONFIRMED",
    "cancel": "CANCELLED",
}
WAYS = {
    "hotel": Way(
        _hotel, HOTEL, HOTEL_ENDS,
        {
            "create": ("submit-open", "submit-done"),
            "checkout": ("begin-open", "run", "opened", "run-done"),
            "authorize": ("ingest", "ingest-kept", "claimed", *LOOK),
            "approve": (*DECISION, "captured", *LOOK),
            "decline": (*DECISION, "voided", *LOOK),
            "withdraw": ("event-open", "begun", "voided", "applied-open"),
            "cancel": (*DECISION, "refunded", *LOOK),
            "refund": ("adjust-open", "refund-done", "begun", "run", "refunded", "fetched", "applied-open"),
        },
    ),
    "octo hotel": Way(
        _octo_hotel, HOTEL, HOTEL_ENDS,
        {
            "checkout": ("begin-open", "run", "opened", "run-done"),
            "authorize": ("ingest", "ingest-kept", "claimed", "fetched", "applied-open"),
            "approve": ("begun", "captured", "fetched", "applied-open"),
            "decline": ("begun", "voided", "applied-open"),
            "cancel": ("begun", "refunded", "applied-open"),
        },
        provider="octo", card=UZCARD,
    ),
    "octo one-stage": Way(
        _octo_conference, CONFERENCE, CONFERENCE_ENDS,
        {
            "accept": ("event-open",),
            "checkout": ("opened",),
            "authorize": ("ingest-kept", "fetched", "applied-open"),
            "cancel": ("refunded",),
        },
        provider="octo", card=UZCARD, is_by_hours=True,
    ),
    "embedded": Way(
        _hotel, HOTEL, HOTEL_ENDS,
        {"checkout": ("opened",), "authorize": ("fetched",), "approve": ("captured",)},
        environment={"STRIPE_EMBEDDED": "true"},
    ),
    "payout": Way(
        _paid_out_hotel, HOTEL, HOTEL_ENDS,
        {"payout": ("payout-open", "payout-made", "payout-leased", "transferred", "payout-locked", "payout-closed")},
    ),
}  # fmt: skip
