"""What happens at a provider without our asking: a guest's bank at work, and a person in the provider's dashboard."""

import datetime as dt
from typing import Any

from sandbox.orders import BadOrder
from sandbox.stripe import disputes, orders
from tests.simulation.db import nightly, payouts

REASONS = {"inquiry": "general", "chargeback": "fraudulent"}


class Outside:
    """The part of a world that nobody here steers. Expects the names declared here."""

    plan: Any
    cover: Any
    sandbox: Any
    pages: Any
    now: dt.datetime
    say: Any
    move_to: Any
    do_run: Any

    def __init__(self) -> None:
        # Intents of which only the provider's messages tell us something.
        self.touched: set[str] = set()
        # Pages whose hold was let go in the dashboard.
        self.let_go: set[str] = set()
        self.verdicts: list[tuple[dt.datetime, str, str]] = []
        # Payments of which no message arrives any more.
        self.unheard: set[str] = set()
        # How often somebody worked in a dashboard.
        self.hands = 0
        self.ledge = payouts.Ledge()

    def settle_in(self) -> None:
        """Make the surroundings what this history's plan says. Expects the rooms of all offers."""
        nightly.forget_locks()
        payouts.lay_out(self)
        gateway = self.sandbox.octo.gateway
        gateway.behavior = gateway.behavior.changed({"announces_refund": self.plan.octo_tells})

    def live_until(self, moment: dt.datetime) -> None:
        """Let time pass, with the comparisons of the nights on the way."""
        for night in nightly.on_the_way(self, moment):
            self._pass_to(night)
            self.do_run("nightly", "")
        self._pass_to(moment)

    def _pass_to(self, moment: dt.datetime) -> None:
        self.move_to(moment)
        self.sandbox.tick()
        self.decide()

    def do_dispute(
        self, ref: str, end: str, hours: float, kind: str = "chargeback", amount_minor: int | None = None,
        is_heard: bool = True,
    ) -> None:  # fmt: skip
        """A guest's bank asks about a charge or takes it back; it decides `end` after some hours, whatever we say.

        One that is not heard loses every message, then and later.
        """
        intent = self.pages.intent_of(ref)
        self.unheard |= set() if is_heard else {intent}
        order = {"payment_intent": intent, "reason": REASONS[kind], "inquiry": kind == "inquiry"}
        order |= {"amount_minor": amount_minor} if amount_minor else {}
        if found := self._order(orders.dispute, order):
            self.cover(f"{kind}{'' if is_heard else ' unheard'}, then {end}")
            self.touched.add(intent)
            self.verdicts.append((self.now + dt.timedelta(hours=hours), found["id"], end))

    def do_by_hand(self, ref: str, what: str, amount_minor: int | None) -> None:
        """Somebody works in the provider's own dashboard."""
        order = {"action": what} | ({"amount_minor": amount_minor} if amount_minor else {})
        intent = self.pages.intent_of(ref)
        provider = "stripe" if intent else "octo"
        if intent is None:
            uuid = self.pages.uuid_of(ref)
            is_done = self._obey(lambda: self.sandbox.octo.cabinet(order | {"payment": uuid}))
        else:
            is_done = self._order(orders.dashboard, order | {"payment_intent": intent})
        self.touched.add(intent or uuid)
        if is_done:
            self.cover(f"{what} by hand at {provider}")
            self.hands += 1
            self.let_go |= {ref} if what == "cancel" else set()

    def do_take_back(self, key: str) -> None:
        """Somebody fetches a venue's transfer back."""
        if payouts.take_back(self, key):
            self.cover("transfer taken back")

    def decide(self) -> None:
        """Let banks decide what is due; an answer may have decided it before."""
        due = [one for one in self.verdicts if one[0] <= self.now]
        self.verdicts = [one for one in self.verdicts if one[0] > self.now]
        for _, ref, end in due:
            self.say(f"  the bank says: {end}")
            self._order(orders.dispute, {"dispute": ref, "resolve": end})

    def next_verdict(self) -> list[dt.datetime]:
        """When a bank will speak next, by itself or because our time to answer is over."""
        found = [at for at, _, _ in self.verdicts]
        account = self.account
        for ref, case in account.all("dispute").items():
            if case["status"] in disputes.WAITING:
                found.append(_instant(case["evidence_details"]["due_by"]))
            elif case["status"] in disputes.REVIEWED:
                found.append(_instant(account.private[ref]["decided_at"]))
        return found

    def obey_order(self, what: Any, order: dict[str, Any]) -> Any:
        """Have something done at Stripe; None where it refuses."""
        return self._order(what, order)

    def _order(self, what: Any, order: dict[str, Any]) -> Any:
        return self._obey(lambda: self.sandbox.stripe.order(what, order))

    def _obey(self, act: Any) -> Any:
        try:
            return act()
        except BadOrder as refusal:
            self.say(f"  not possible: {refusal}")
            return None


def _instant(epoch: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(epoch, dt.UTC)
