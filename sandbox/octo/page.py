"""The pay page: what a guest sees and what its forms do; no server, no scripts."""

from sandbox.markup import Markup, element, joined, render
from sandbox.octo import cards, charging
from sandbox.octo.engine import Engine
from sandbox.octo.form import Form
from sandbox.octo.gateway import Payment
from sandbox.octo.guest import return_url
from sandbox.octo.money import formatted
from sandbox.paypages import SEE_OTHER, Page, bare, field, framed, is_plausible, notice, spaced

CLOSED = {
    "succeeded": (200, "You have already paid", "This payment went through. There is nothing left to do."),
    "waiting_for_capture": (
        200,
        "Your money is held",
        "It is taken only when the merchant confirms. There is nothing left to do here.",
    ),
    "canceled": (410, "This payment was canceled", "Nothing was charged. Start again where you came from."),
}
HOLD_NOTE = "The amount is held on your card now and taken only when it is confirmed."


class PayPage:
    """The pages under /pay/<uuid>; every method takes the engine's lock."""

    def __init__(self, engine: Engine, merchant: str) -> None:
        self.engine = engine
        self.merchant = merchant

    def show(self, ref: str, card: str = "") -> Page:
        """The card form, the challenge under way, or what became of the payment; `card` fills in a test card."""
        with self.engine.lock:
            payment = self._payment(ref)
            if payment is None or not payment.is_open:
                return self._closed(payment)
            if payment.challenge:
                return self._challenge(payment)
            return self._form(payment, Form.filled_with(card) if is_plausible(card) else Form(), 200)

    def pay(self, ref: str, values: dict[str, str]) -> Page:
        """The card form was sent: off to the shop, to the challenge, or back with what is wrong."""
        with self.engine.lock:
            payment = self._payment(ref)
            if payment is None or not payment.is_open:
                return self._closed(payment)
            form = Form.checked(values, self.engine.gateway.now)
            if form.errors:
                return self._form(payment, form, 422)
            page = self._after(payment, charging.attempt(self.engine.gateway, payment, bare(form.number)))
        self.engine.on_change()
        return page

    def answer(self, ref: str, values: dict[str, str]) -> Page:
        """The code, or the bank's verdict, was sent."""
        with self.engine.lock:
            payment = self._payment(ref)
            if payment is None or not payment.challenge:
                return Page(SEE_OTHER, location=f"/pay/{ref}") if payment else self._closed(None)
            if payment.challenge == "otp":
                is_right = values.get("code", "").strip() == cards.RIGHT_CODE
            else:
                is_right = values.get("outcome") == "complete"
            page = self._after(payment, charging.answer(self.engine.gateway, payment, is_right=is_right))
        self.engine.on_change()
        return page

    def _payment(self, ref: str) -> Payment | None:
        self.engine.tick()
        return self.engine.gateway.payments.get(ref)

    def _after(self, payment: Payment, result: str) -> Page:
        """A decline ends the payment, so that the guest is back at the shop either way."""
        is_here = result == "requires_action"
        return Page(SEE_OTHER, location=f"/pay/{payment.uuid}" if is_here else return_url(payment))

    def _closed(self, payment: Payment | None) -> Page:
        if payment is None:
            return notice(
                404, self.merchant, "There is no such page", "The link may be incomplete.", None, ""
            )
        status, heading, text = CLOSED[payment.status]
        return notice(status, self.merchant, heading, text, return_url(payment), f"Back to {self.merchant}")

    def _form(self, payment: Payment, form: Form, status: int) -> Page:
        content = render(
            "octo_pay.html",
            back=element("a", f"← Back to {self.merchant}", class_="back", href=return_url(payment)),
            merchant=self.merchant,
            total=formatted(payment.total_minor, payment.currency),
            description=payment.description,
            hold_note="" if payment.is_one_stage else HOLD_NOTE,
            action=f"/pay/{payment.uuid}",
            fields=form.html(),
            hints_open=Markup(" open") if not form.number else Markup(),
            hints=_hints(payment.uuid),
        )
        return Page(status, framed(f"Pay {self.merchant}", content))

    def _challenge(self, payment: Payment) -> Page:
        shown = {
            "merchant": self.merchant,
            "total": formatted(payment.total_minor, payment.currency),
            "last4": payment.card[-4:],
            "action": f"/pay/{payment.uuid}/answer",
        }
        if payment.challenge == "3ds":
            return Page(200, framed("3-D Secure check", render("challenge.html", **shown)))
        left = charging.MOST_WRONG_CODES - payment.wrong_codes
        tries = f"{left} tries left" if left > 1 else "1 try left"
        wrong = f"That code is not right; {tries}." if payment.wrong_codes else None
        code = field(
            "code", "Code", "", wrong=wrong, is_focused=True, autocomplete="one-time-code", mode="numeric"
        )
        content = render("octo_code.html", **shown, code=code, right=cards.RIGHT_CODE)
        return Page(200, framed("Code from your bank", content))


def _hints(ref: str) -> Markup:
    found = []
    for number, card in cards.CARDS.items():
        link = element("a", spaced(number), href=f"/pay/{ref}?card={number}")
        found.append(element("li", joined([link, element("span", card.note)])))
    return joined(found)
