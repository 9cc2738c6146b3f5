"""Two payment providers in memory, as far apart as Stripe and Octo are.

Stripe ends a pay page when asked and keeps idempotency keys for a day. Octo ends none, keeps a hold for half an
hour, has no idempotency key for its decision, and shows one sum for all refunds.
"""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from payments.providers.base import (
    CheckoutSession,
    Declined,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    State,
    Unavailable,
)
from tests.simulation.invariants import Violation
from tests.simulation.shared import known, octo
from tests.simulation.thrift import plainer

KEY_LIFE = dt.timedelta(hours=24)
SHORTEST_SESSION = dt.timedelta(minutes=30)
HOLD = {"stripe": dt.timedelta(days=7), "octo": dt.timedelta(minutes=30)}
STATES = {
    "open": str(State.OPEN), "held": str(State.AUTHORIZED), "taken": str(State.CAPTURED),
    "released": str(State.VOIDED), "dead": str(State.FAILED),
}  # fmt: skip
OCTO_WORDS = {
    "open": "created", "held": "waiting_for_capture", "taken": "succeeded", "released": "canceled",
    "dead": "canceled",
}  # fmt: skip


class Page:
    """One payment at a provider, from its pay page to its last refund."""

    def __init__(self, provider: str, ref: str, request: dict, now: dt.datetime) -> None:
        self.provider, self.ref, self.request = provider, ref, request
        self.reference, self.payment_id = request["reference"], request["payment_id"]
        self.amount_minor, self.currency = request["amount_minor"], request["currency"]
        self.is_two_stage = request["is_two_stage"]
        self.expires_at = dt.datetime.fromtimestamp(request["expires_at"], dt.UTC)
        self.status, self.is_open = "open", True
        self.capture_before: dt.datetime | None = None
        self.captured_minor = 0
        self.failure = ""
        self.refunds: list[dict] = []
        self.disputes: list[dict] = []
        self.fee_told_at: dt.datetime | None = None
        self.was_paid_at: dt.datetime | None = None
        self.why = ""
        self.is_attended = False  # while it was about to lapse, all sweeps ran
        self.is_live = False
        self.is_touched = False  # somebody moved money in the provider's dashboard

    @property
    def refunded_minor(self) -> int:
        if not self.refunds:
            return 0
        return sum(refund["amount_minor"] for refund in self.refunds if refund["status"] != "failed")

    @property
    def left_minor(self) -> int:
        return self.captured_minor - self.refunded_minor

    @property
    def disputed_minor(self) -> int:
        """What the bank took back and did not return."""
        return sum(one["amount_minor"] for one in self.disputes if one["status"] != "won")


class Provider:
    """What both have in common: pages, cards, dashboards, effects, messages."""

    name = ""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.pages: dict[str, Page] = {}
        self.effects: dict[str, int] = {}

    # --- calls of the product ---

    def handle(self, kind: str, operation: Any) -> Any:
        """Do what one call asks for. Raises: Declined, Unavailable."""
        self.tick()
        return getattr(self, "do_" + kind.replace("-", "_"))(operation, operation.key)

    def open_page(self, operation: Any, key: str, ref: str) -> CheckoutSession:
        now, request = self.world.now, operation.params
        page = Page(self.name, ref, request, now)
        page.is_live = self.world.plan.is_live
        self.pages[ref] = page
        self.count(key)
        return CheckoutSession(ref, "https://pay.example/" + ref, page.expires_at)

    def count(self, key: str) -> None:
        """One more effect under a key of ours. Raises: Violation when it is not the first."""
        self.effects[key] = self.effects.get(key, 0) + 1
        if self.effects[key] > 1 and key:
            raise Violation("M7", f"{key} had an effect twice")

    def page_of(self, operation: Any) -> Page:
        return self.pages[operation.payment.session_ref]

    def take(self, page: Page, amount_minor: int, key: str) -> None:
        if page.status != "held" or not 0 < amount_minor <= page.amount_minor:
            raise Declined("nothing to capture", code="state")
        page.status, page.captured_minor = "taken", amount_minor
        page.fee_told_at = self.world.now + self.world.fee_delay
        self.count(key)
        self.announce(page, "captured")

    def release(self, page: Page, key: str) -> None:
        if page.status != "held":
            raise Declined("nothing held", code="state")
        page.status, page.why = "released", key
        self.count(key)
        self.announce(page, "voided")

    def give_back(self, page: Page, amount_minor: int, key: str) -> None:
        if page.status != "taken" or not 0 < amount_minor <= page.left_minor:
            raise Declined("more than is left", code="state")
        mood = self.world.refund_mood
        refund = {
            "ref": f"re_{page.ref}_{len(page.refunds) + 1}", "amount_minor": amount_minor, "key": key,
            "status": "succeeded" if mood == "instant" else "pending",
            "due_at": self.world.now + dt.timedelta(hours=1), "fails": mood == "fails" and self.can_fail_refunds,
        }  # fmt: skip
        page.refunds.append(refund)
        self.count(key)
        self.announce(page, "refunded")

    can_fail_refunds = True

    # --- guests, banks, dashboards and time ---

    def pay(self, page: Page, card: str) -> None:
        """A guest tries a card on an open page."""
        self.tick()
        if not page.is_open:
            return
        if card == "declined":
            page.failure = "generic_decline"
            self.announce(page, "declined")
            return
        page.is_open, page.failure, page.was_paid_at = False, "", self.world.now
        if page.is_two_stage:
            page.status = "held"
            page.capture_before = self.world.now + self.world.hold[self.name]
        else:
            page.status, page.captured_minor = "taken", page.amount_minor
            page.fee_told_at = self.world.now + self.world.fee_delay
        self.announce(page, "paid")

    def tick(self) -> None:
        """Let time do what is due."""
        now = self.world.now
        for page in self.pages.values():
            if page.status == "open" and page.is_open and page.expires_at <= now:
                self.end_page(page)
            elif page.status == "held" and page.capture_before <= now:
                page.status, page.why = "released", "lapse"
                self.announce(page, "lapsed")
            elif page.status == "taken":
                if page.refunds:
                    self.settle_refunds(page, now)
                if page.disputes:
                    self.end_disputes(page, now)

    def settle_refunds(self, page: Page, now: dt.datetime) -> None:
        for refund in page.refunds:
            if refund["status"] == "pending" and refund["due_at"] <= now:
                refund["status"] = "failed" if refund["fails"] else "succeeded"
                self.announce(page, "refund " + refund["status"])

    def dispute(self, page: Page, end: str, hours: float) -> None:
        page.disputes.append({
            "ref": f"dp_{page.ref}", "amount_minor": page.left_minor, "status": "needs_response", "end": end,
            "due_at": self.world.now + dt.timedelta(hours=hours),
        })  # fmt: skip
        self.announce(page, "disputed")

    def end_disputes(self, page: Page, now: dt.datetime) -> None:
        for one in page.disputes:
            if one["status"] == "needs_response" and one["due_at"] <= now:
                one["status"] = one["end"]
                self.announce(page, "dispute " + one["end"])

    def end_page(self, page: Page) -> None:
        page.is_open, page.status = False, "dead"
        self.announce(page, "expired")

    def fetch(self, payment: Any, *, is_odd: bool = False) -> ProviderPayment:
        """Show a payment; an odd answer has a status nobody knows, or one that comes and goes ("processing")."""
        raise NotImplementedError

    def announce(self, page: Page, what: str) -> None:
        raise NotImplementedError


class Stripe(Provider):
    name = "stripe"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.keys: dict[str, tuple[dt.datetime, Any]] = {}
        self.stored_fault = ""

    def handle(self, kind: str, operation: Any) -> Any:
        self.tick()
        key, now = self.world.key_sent(operation), self.world.now
        if key in self.keys and now - self.keys[key][0] < KEY_LIFE:
            kept = self.keys[key][1]
            if isinstance(kept, Exception):
                raise kept
            return kept
        try:
            kept = getattr(self, "do_" + kind.replace("-", "_"))(operation, operation.key)
        except Declined as error:
            kept = error
        self.keys[key] = (now, kept)
        if isinstance(kept, Exception):
            raise kept
        return kept

    def store_failure(self, kind: str, operation: Any, *, is_done: bool) -> None:
        """Fail with a 500 that the same key will get again, whether or not the work was done."""
        key = self.world.key_sent(operation)
        if key in self.keys:
            return
        if is_done:
            self.handle(kind, operation)
        self.keys[key] = (self.world.now, Unavailable("stored", code="api_error", is_final=True))

    def do_checkout(self, operation: Any, key: str) -> CheckoutSession:
        expires_at = dt.datetime.fromtimestamp(operation.params["expires_at"], dt.UTC)
        if expires_at < self.world.now + SHORTEST_SESSION:
            raise Declined("expires_at is too near", code="parameter")
        return self.open_page(operation, key, f"cs_{self.world.number()}")

    def do_end_checkout(self, operation: Any, key: str) -> None:
        page = self.page_of(operation)
        if not page.is_open:
            raise Declined("not open", code="state")
        self.count(key)
        self.end_page(page)

    def do_capture(self, operation: Any, key: str) -> None:
        self.take(self.page_of(operation), operation.params["amount_minor"], key)

    def do_void(self, operation: Any, key: str) -> None:
        self.release(self.page_of(operation), key)

    def do_refund(self, operation: Any, key: str) -> None:
        self.give_back(self.page_of(operation), operation.params["amount_minor"], key)

    def fetch(self, payment: Any, *, is_odd: bool = False) -> ProviderPayment:
        self.tick()
        seen = seen_at_stripe(self.pages[payment.session_ref], self.world.now)
        return replace(seen, state=State.OPEN) if is_odd else seen

    def announce(self, page: Page, what: str) -> None:
        self.world.send("stripe", f"evt_{self.world.number()}", page, what)


FEE_MINOR = 59
SEEN = plainer(ProviderPayment)


def seen_at_stripe(page: Page, now: dt.datetime) -> ProviderPayment:
    """What one request for a session shows of it."""
    is_paid = page.status in ("held", "taken", "released")
    return SEEN(
        state=STATES[page.status],
        session_ref=page.ref,
        is_session_open=page.is_open,
        provider_ref=page.ref.replace("cs_", "pi_") if is_paid or page.failure else "",
        charge_ref=page.ref.replace("cs_", "ch_") if is_paid else "",
        amount_minor=page.amount_minor,
        currency=page.currency,
        authorized_minor=page.amount_minor if page.status in ("held", "taken") else 0,
        captured_minor=page.captured_minor,
        capture_before=page.capture_before,
        failure_code=page.failure,
        reference=page.reference,
        is_live=page.is_live,
        refunds=tuple([
            ProviderRefund(one["ref"], one["amount_minor"], one["status"], one["key"]) for one in page.refunds
        ]),
        fee_minor=FEE_MINOR if page.fee_told_at and page.fee_told_at <= now else None,
        disputes=tuple([
            ProviderDispute(
                ref=one["ref"], status=one["status"], amount_minor=one["amount_minor"],
                withdrawn_minor=one["amount_minor"], due_by=one["due_at"],
            )
            for one in page.disputes
        ]),
    )  # fmt: skip


OCTO_ACCOUNTS = {is_live: SimpleNamespace(hold_minutes=30, is_test=not is_live) for is_live in (False, True)}


class Octo(Provider):
    name = "octo"
    can_fail_refunds = False

    def do_checkout(self, operation: Any, key: str) -> CheckoutSession:
        if key in self.pages:  # the same transaction id finds the same payment
            page = self.pages[key]
            return CheckoutSession(key, "https://pay.example/" + key, page.expires_at)
        return self.open_page(operation, key, key)

    def do_end_checkout(self, operation: Any, key: str) -> None:
        raise Declined("ends by itself", code="cannot_end" if self.page_of(operation).is_open else "not_open")

    def do_capture(self, operation: Any, key: str) -> None:
        page = self.page_of(operation)
        if page.status != "taken":  # a lost answer shows as a decision made
            self.take(page, operation.params["amount_minor"], key)

    def do_void(self, operation: Any, key: str) -> None:
        page = self.page_of(operation)
        if page.status not in ("released", "dead"):
            self.release(page, key)

    def do_refund(self, operation: Any, key: str) -> None:
        page = self.page_of(operation)
        if not any(refund["key"] == key for refund in page.refunds):
            self.give_back(page, operation.params["amount_minor"], key)

    def fetch(self, payment: Any, *, is_odd: bool = False) -> ProviderPayment:
        self.tick()
        page, payment_known = self.pages[payment.session_ref], known.known_of(payment)
        total = page.captured_minor if page.status == "taken" else page.amount_minor
        answer = {
            "status": "processing" if is_odd else OCTO_WORDS[page.status],
            "total_sum": Decimal(total) / 100,
            "refunded_sum": Decimal(page.refunded_minor) / 100,
            "octo_payment_UUID": UUID.format(self.world.index_of(page)),
            "shop_transaction_id": page.ref,
        }
        return octo.read_payment(
            answer, page.ref, payment.provider_ref, payment_known, OCTO_ACCOUNTS[page.is_live]
        )

    def announce(self, page: Page, what: str) -> None:
        if what.startswith("refund"):
            return  # it tells nobody of refunds
        event_id = f"{page.ref}:{page.status}:{page.refunded_minor}"
        self.world.send("octo", event_id, page, what)


UUID = "00000000-0000-4000-8000-{:012d}"

CLASSES: dict[str, type[Provider]] = {"stripe": Stripe, "octo": Octo}
