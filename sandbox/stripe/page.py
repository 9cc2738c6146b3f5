"""The hosted checkout page: what a guest sees and what the form does; no server, no scripts."""

from typing import Any

from sandbox.markup import Markup, element, joined, render
from sandbox.paypages import SEE_OTHER, Page, framed, is_plausible, notice, spaced
from sandbox.stripe import cards, guest, visit
from sandbox.stripe.currencies import formatted
from sandbox.stripe.engine import Engine
from sandbox.stripe.form import Form

Json = dict[str, Any]
HINTS = (
    "4242424242424242", "5555555555554444", "378282246310005", "4000000000003220", "4000000000000002",
    "4000000000009995", "4000000000009987", "4000000000009979", "4000000000000069", "4000000000000127",
    "4000000000000119", "4000008260003178", "4000008400001629", "4000000000007726", "4000000000005126",
    "4000000000000259", "4000000000002685", "4000000000001976",
)  # fmt: skip


class CheckoutPage:
    """The pages under /checkout/stripe/<id>; every method takes the engine's lock."""

    def __init__(self, engine: Engine, merchant: str) -> None:
        self.engine = engine
        self.merchant = merchant

    def show(self, ref: str, card: str = "") -> Page:
        """The payment form of an open session, or what became of it; `card` fills in a test card."""
        with self.engine.lock:
            session = self._session(ref)
            if session is None or session["status"] != "open":
                return self._closed(session)
            return self._form(session, self._prefilled(session, card), 200)

    def pay(self, ref: str, values: dict[str, str]) -> Page:
        """The form was sent: off to success, to the bank's check, or back with a reason."""
        with self.engine.lock:
            session = self._session(ref)
            if session is None or session["status"] != "open":
                return self._closed(session)
            form = Form.checked(values, self.engine.account.now)
            if form.errors:
                return self._form(session, form, 422)
            account = self.engine.account
            result = guest.pay(account, session, form.number, form.email, form.name)
            page = self._after(session, result)
        self.engine.on_change()
        return page

    def challenge(self, ref: str) -> Page:
        """The bank's check, while one is open."""
        with self.engine.lock:
            self.engine.tick()
            intent = self._challenged(ref)
            if intent is None:
                return Page(SEE_OTHER, location=self._past_challenge(ref))
            method = self.engine.account.one("payment_method", intent["payment_method"])
            content = render(
                "challenge.html",
                merchant=self.merchant,
                total=formatted(intent["amount"], intent["currency"]),
                last4=method["card"]["last4"],
                action=f"/checkout/stripe/{ref}/challenge",
            )
            return Page(200, framed("3-D Secure check", content))

    def answer(self, ref: str, outcome: str) -> Page:
        with self.engine.lock:
            self.engine.tick()
            intent = self._challenged(ref)
            if intent is None:
                return Page(SEE_OTHER, location=self._past_challenge(ref))
            page = self._answered(ref, intent, is_passed=outcome == "complete")
        self.engine.on_change()
        return page

    def _answered(self, ref: str, intent: Json, *, is_passed: bool) -> Page:
        account = self.engine.account
        if ref == intent["id"]:
            guest.answer_bare_challenge(account, intent, is_passed=is_passed)
            return Page(SEE_OTHER, location=self._past_challenge(ref))
        session = account.one("checkout.session", ref)
        return self._after(session, guest.answer_challenge(account, session, is_passed=is_passed))

    def _challenged(self, ref: str) -> Json | None:
        """The intent that waits for the bank's check, named by its session or, without one, by itself."""
        account = self.engine.account
        session = account.all("checkout.session").get(ref)
        intent = account.all("payment_intent").get(session["payment_intent"] if session else ref)
        if intent is None or intent["status"] != "requires_action":
            return None
        is_ours = session is not None or "return_url" in account.private.get(ref, {})
        return intent if is_ours else None

    def _past_challenge(self, ref: str) -> str:
        """The merchant's page for an intent of its own, else the checkout page, which knows what to say."""
        account = self.engine.account
        intent = account.all("payment_intent").get(ref)
        return (intent and guest.return_url(account, intent)) or f"/checkout/stripe/{ref}"

    def _session(self, ref: str) -> Json | None:
        self.engine.tick()
        return self.engine.account.all("checkout.session").get(ref)

    def _after(self, session: Json, result: str) -> Page:
        here = f"/checkout/stripe/{session['id']}"
        if result == "requires_action":
            return Page(SEE_OTHER, location=f"{here}/challenge")
        return Page(SEE_OTHER, location=guest.success_url(session) if result == "succeeded" else here)

    def _closed(self, session: Json | None) -> Page:
        if session is None:
            return self._notice(404, "There is no such page", "The link may be incomplete.", None, "")
        if session["status"] == "expired":
            text = "Nothing was charged. Start again where you came from."
            back = f"Back to {self.merchant}"
            return self._notice(410, "This checkout session has expired", text, session["cancel_url"], back)
        text = "This payment went through. There is nothing left to do here."
        return self._notice(200, "You have already paid", text, guest.success_url(session), "Continue")

    def _notice(self, status: int, heading: str, text: str, url: str | None, label: str) -> Page:
        return notice(status, self.merchant, heading, text, url, label)

    def _prefilled(self, session: Json, card: str) -> Form:
        before = self.engine.account.private[session["id"]].get("guest", {})
        email = before.get("email") or session["customer_email"] or ""
        form = Form(email=email, name=before.get("name") or "")
        if is_plausible(card):
            return form.filled_with(card, visit.EMAIL, visit.NAME)
        return form

    def _form(self, session: Json, form: Form, status: int) -> Page:
        refusal = guest.last_refusal(self.engine.account, session) if not form.errors else None
        message = refusal["message"] if refusal else ""
        back = session["cancel_url"]
        content = render(
            "checkout.html",
            back=element("a", f"← Back to {self.merchant}", class_="back", href=back) if back else Markup(),
            merchant=self.merchant,
            total=formatted(session["amount_total"], session["currency"]),
            lines=self._lines(session),
            hold_note=self._hold_note(session),
            alert=element("p", message, class_="alert", role="alert", id="refusal") if message else Markup(),
            action=f"/checkout/stripe/{session['id']}",
            fields=form.html(),
            hints_open=Markup(" open") if form.is_empty else Markup(),
            hints=_hints(session["id"], is_live=self.engine.account.is_live),
        )
        return Page(status, framed(f"Pay {self.merchant}", content))

    def _lines(self, session: Json) -> Markup:
        lines = self.engine.account.private[session["id"]]["lines"]
        return joined([_line(line) for line in lines])

    def _hold_note(self, session: Json) -> str:
        wanted = self.engine.account.private[session["id"]]["intent"]
        if wanted.get("capture_method") == "manual":
            return "The amount is held on your card now and taken only when it is confirmed."
        return ""


def _line(line: Json) -> Markup:
    name = element("span", line["description"])
    if line["quantity"] > 1:
        each = formatted(line["price"]["unit_amount"], line["currency"])
        name = element("span", joined([name, element("small", f"{line['quantity']} × {each}")]))
    amount = element("span", formatted(line["amount_total"], line["currency"]), class_="amount")
    return element("li", joined([name, amount]))


def _hints(ref: str, *, is_live: bool) -> Markup:
    """Cards of the session's mode; in live mode the test cards are declined, and any other number pays."""
    notes = {number: cards.CARDS[number].note for number in HINTS}
    if is_live:
        notes = {
            cards.PLAIN[True]: "Succeeds, as any number that is no test card",
            HINTS[0]: "Declined: a test card",
        }
    found = []
    for number, note in notes.items():
        link = element("a", spaced(number), href=f"/checkout/stripe/{ref}?card={number}")
        found.append(element("li", joined([link, element("span", note)])))
    return joined(found)
