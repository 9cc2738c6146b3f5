"""The sandbox's payments as the scheduler of the pure layer knows pages: open, held, taken, released or dead."""

import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sandbox.stripe.account import Account
from sandbox.world import World as Sandbox

STRIPE_WORDS = {"requires_capture": "held", "succeeded": "taken", "canceled": "dead"}
OCTO_WORDS = {"waiting_for_capture": "held", "succeeded": "taken", "canceled": "dead"}


@dataclass(frozen=True)
class PageView:
    """One payment at a provider, as it is now."""

    provider: str
    ref: str
    url: str
    status: str
    is_open: bool
    expires_at: dt.datetime
    refunds: tuple[Any, ...] = ()
    is_touched: bool = False


class Pages:
    """Looks into the sandbox without the wire."""

    def __init__(self, sandbox: Sandbox, account: Account) -> None:
        self.sandbox, self.account = sandbox, account

    def by_provider(self) -> dict[str, Any]:
        found: dict[str, dict[str, PageView]] = {"stripe": {}, "octo": {}}
        for ref in self.account.all("checkout.session"):
            found["stripe"][ref] = self._stripe(ref)
        for payment in self.sandbox.octo.engine.gateway.payments.values():
            found["octo"][payment.transaction_id] = self._octo(payment)
        return {name: SimpleNamespace(pages=pages) for name, pages in found.items()}

    def named(self, ref: str) -> PageView | None:
        for provider in self.by_provider().values():
            if page := provider.pages.get(ref):
                return page
        return None

    def of(self, payment: Any) -> PageView | None:
        return self.named(payment.session_ref)

    def intent_of(self, ref: str) -> str | None:
        """The payment behind one of Stripe's pages; None before anybody paid there, and for pages of others."""
        session = self.account.all("checkout.session").get(ref)
        return session["payment_intent"] if session else None

    def uuid_of(self, ref: str) -> str | None:
        """Octo's own name for the payment behind one of its pages."""
        payments = self.sandbox.octo.engine.gateway.payments
        return next((uuid for uuid, one in payments.items() if one.transaction_id == ref), None)

    def _stripe(self, ref: str) -> PageView:
        account = self.account
        session = account.one("checkout.session", ref)
        intent = (
            account.one("payment_intent", session["payment_intent"]) if session["payment_intent"] else None
        )
        status = STRIPE_WORDS.get(intent["status"], "open") if intent else "open"
        is_open = session["status"] == "open"
        status = "dead" if status == "open" and not is_open else status
        return PageView("stripe", ref, session["url"] or "", status, is_open, _instant(session["expires_at"]))

    def _octo(self, payment: Any) -> PageView:
        gateway = self.sandbox.octo.engine.gateway
        url = f"{gateway.page_base}/pay/{payment.uuid}"
        status = OCTO_WORDS.get(payment.status, "open")
        ends_at = _instant(payment.expires_at)
        return PageView("octo", payment.transaction_id, url, status, payment.is_open, ends_at)


def _instant(epoch: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(epoch, dt.UTC)
