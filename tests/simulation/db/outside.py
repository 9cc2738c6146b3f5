"""What happens at a provider without our asking: a guest's bank at work, and a person in the provider's dashboard."""

import datetime as dt
from typing import Any

from sandbox.orders import BadOrder
from sandbox.stripe import disputes, orders

REASONS = {"inquiry": "general", "chargeback": "fraudulent"}


class Outside:
    """The part of a world that nobody here steers. Expects the names declared here."""

    cover: Any
    sandbox: Any
    pages: Any
    now: dt.datetime
    say: Any

    def __init__(self) -> None:
        # Intents of which only the provider's messages tell us something.
        self.touched: set[str] = set()
        # Pages whose hold was let go in the dashboard.
        self.let_go: set[str] = set()
        self.verdicts: list[tuple[dt.datetime, str, str]] = []

    def do_dispute(
        self, ref: str, end: str, hours: float, kind: str = "chargeback", amount_minor: int | None = None
    ) -> None:
        """A guest's bank asks about a charge or takes it back; it decides `end` after some hours, whatever we say."""
        intent = self.pages.intent_of(ref)
        order = {"payment_intent": intent, "reason": REASONS[kind], "inquiry": kind == "inquiry"}
        order |= {"amount_minor": amount_minor} if amount_minor else {}
        if found := self._order(orders.dispute, order):
            self.cover(f"{kind}, then {end}")
            self.touched.add(intent)
            self.verdicts.append((self.now + dt.timedelta(hours=hours), found["id"], end))

    def do_by_hand(self, ref: str, what: str, amount_minor: int | None) -> None:
        """Somebody works in the provider's own dashboard."""
        order = {"action": what} | ({"amount_minor": amount_minor} if amount_minor else {})
        intent = self.pages.intent_of(ref)
        if intent is None:
            order |= {"payment": self.pages.uuid_of(ref)}
            is_done = self._obey(lambda: self.sandbox.octo.cabinet(order))
        else:
            is_done = self._order(orders.dashboard, order | {"payment_intent": intent})
            self.touched.add(intent)
        if is_done:
            self.cover(f"{what} by hand")
            self.let_go |= {ref} if what == "cancel" else set()

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
        account = self.sandbox.stripe.account
        for ref, case in account.all("dispute").items():
            if case["status"] in disputes.WAITING:
                found.append(_instant(case["evidence_details"]["due_by"]))
            elif case["status"] in disputes.REVIEWED:
                found.append(_instant(account.private[ref]["decided_at"]))
        return found

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
