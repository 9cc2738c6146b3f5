"""The rooms of the histories with the database, made once a process; and how a history's rows are swept away."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection

from bookings.actors import Actor, guest_actor, member_actor
from bookings.models import Booking
from payments.models import PaymentSettings, ProviderAccount
from rooms.models import CancellationPolicy, Room, Session, Venue
from tests.simulation.plan import Offer, Plan
from tests.simulation.rows import START
from tests.simulation.scheduler import WAYS
from tests.support import factories

KINDS = {"request": "expert", "visit": "expert"}
# Made for a history, and gone after it; rooms, venues and people stay.
PASSING_APPS = ("bookings", "payments", "notifications", "calendars")
ALL_APPS = (*PASSING_APPS, "rooms", "accounts", "account")
STAYING = ("PaymentSettings", "ProviderAccount")
_goods: dict[tuple[str, str, int, bool], Room] = {}
# The shop of all venues that have one of their own, as the sandbox's order for it goes.
OWN_SHOP = {"shop_id": 77, "secret": "secret-of-77", "unique_key": "key-of-77"}


class BookingView:
    """A booking with its payments at hand, for the scheduler."""

    def __init__(self, booking: Booking, payments: list[Any]) -> None:
        self.booking, self.payments = booking, payments

    def __getattr__(self, name: str) -> Any:
        return getattr(self.booking, name)


def lay_out(plan: Plan) -> list[Room]:
    """Return the room of each offer, as this history sells it; offers of one kind and slot share theirs."""
    found = []
    # A shop is of one mode, and so is a site.
    ProviderAccount.objects.exclude(is_test=not plan.is_live).update(is_test=not plan.is_live)
    for offer in plan.offers:
        room = _room(offer.kind, offer.provider, offer.slot, offer.is_own_shop, is_live=plan.is_live)
        Venue.objects.filter(pk=room.venue_id).update(
            answer_hours=offer.answer_hours, takes_online_payment=offer.takes_online_payment
        )
        policy = _policy(room.venue, str(offer.policy.get("name", ""))) if offer.policy else None
        if policy:
            CancellationPolicy.objects.filter(pk=policy.pk).update(tiers=offer.policy["tiers"])
        Room.objects.filter(pk=room.pk).update(price_minor=offer.total_minor, policy=policy)
        found.append(Room.objects.select_related("venue", "policy").get(pk=room.pk))
    return found


def submit(room: Room, offer: Offer, key: str) -> Booking:
    """Ask for an offer's time. Raises: RoomTaken, BookingError."""
    if offer.kind == "workshop":
        session = Session.objects.get(room=room)
        return factories.booking(room=room, session=session, submission_key=key)
    days = max(1, int(offer.starts_in // 24))
    stay = factories.stay(room, days_ahead=days, units=1, now=START)
    return factories.booking(room=room, stay=stay, submission_key=key)


@cache
def _people() -> dict[str, Any]:
    return {"host": factories.user(is_staff=True), "staff": factories.staff()}


def actor(who: str) -> Actor:
    """Return who acts: the guest, a host, or staff."""
    return guest_actor() if who == "guest" else member_actor(_people()[who])


def _room(kind: str, provider: str, slot: int, is_own_shop: bool, *, is_live: bool) -> Room:
    key = (kind, provider, slot, is_own_shop)
    if key not in _goods:
        approval, capture, _, _ = WAYS[kind]
        venue = factories.venue(currency="USD", time_zone="UTC", payment_provider=provider)
        account = (
            ProviderAccount.objects.create(venue=venue, is_test=not is_live, **OWN_SHOP)
            if is_own_shop
            else None
        )
        PaymentSettings.objects.create(venue=venue, provider=provider, octo_account=account)
        sold_as = KINDS.get(kind, kind)
        _goods[key] = room = factories.room(venue=venue, kind=sold_as, approval=approval, capture=capture)
        if kind == "workshop":
            factories.session(room=room, starts_at=START.replace(day=4), capacity=2)
    return _goods[key]


@cache
def _policy(venue: Venue, name: str) -> CancellationPolicy:
    return factories.policy(venue=venue, name=name)


@cache
def _tables(names: tuple[str, ...], spared: tuple[str, ...]) -> frozenset[str]:
    models = [model for name in names for model in apps.get_app_config(name).get_models()]
    return frozenset(
        one._meta.db_table for one in models if one.__name__ not in spared and not one._meta.proxy
    )


def _empty(tables: Iterable[str]) -> None:
    deletes = "; ".join(f'DELETE FROM "{table}"' for table in sorted(tables))
    occupied = "DELETE FROM rooms_occupancy WHERE kind = 'booking'; UPDATE rooms_session SET seats_taken = 0"
    # Without triggers, of which the ledger's refuse to forget anything, and without looking for references.
    order = f"SET session_replication_role = replica; {deletes}; {occupied}; RESET session_replication_role"
    with connection.cursor() as cursor:
        cursor.execute(order if deletes else occupied)


def sweep_away(written: Iterable[str]) -> None:
    """Empty those passing tables that a history wrote to."""
    _empty(_tables(PASSING_APPS, STAYING) & set(written))


def start_anew() -> None:
    """Empty the database, and forget what was made in another one."""
    _empty(_tables(ALL_APPS, ()))
    _goods.clear()
    _people.cache_clear()
    _policy.cache_clear()
