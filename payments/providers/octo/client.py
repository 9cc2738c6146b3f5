"""Octo: payments opened, looked at, decided and refunded over its HTTP interface.

Our operation's key is the transaction's and the refund's id there, so a repeated call finds what the first one made.
Octo's answers leave out currency, captured amount and single refunds: those come from what our books know.
"""

import datetime as dt
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from core import clock
from core.typed.addresses import ascii_email
from payments.providers.base import (
    CheckoutRequest,
    CheckoutSession,
    Declined,
    Known,
    KnownRefund,
    Limits,
    Misconfigured,
    ProviderError,
    ProviderPayment,
    ProviderRefund,
    State,
    Unavailable,
)
from payments.providers.octo.wire import OctoAccount, OctoClient, Refusal, merchant_id, minor, payment_uuid

log = structlog.get_logger(__name__)

TASHKENT = ZoneInfo("Asia/Tashkent")
STATES = {
    "created": State.OPEN,
    "wait_user_action": State.OPEN,
    "waiting_for_capture": State.AUTHORIZED,
    "succeeded": State.CAPTURED,
    "canceled": State.FAILED,
    # Seen in other integrations only.
    "cancelled": State.FAILED,
    "failed": State.FAILED,
}
# What a refusal means, by endpoint; a number not listed proves nothing, and the payment is looked at.
MEANINGS: dict[str, dict[int, type[ProviderError]]] = {
    "prepare_payment": {
        **dict.fromkeys((1, 3), Declined),
        **dict.fromkeys((5, 6, 7, 8, 9, 13, 403), Misconfigured),
    },
    "set_accept": dict.fromkeys((1, 10, 11), Declined),
    "refund": dict.fromkeys((1, 3, 10, 11, 22), Declined),
}
ALREADY_DECIDED = 10
# The shop is known, and may not take payments yet: 5 of real money, 13 without its terminal id.
UNREADY_SHOP = (5, 13)
# One call refunds at most 10 million so'm.
LARGEST_REFUND_MINOR = 1_000_000_000
LONGEST_TEXT = 250
CURRENCIES = ("UZS", "USD", "RUB")
# Octo wants a second between two looks at one payment.
STATUS_PAUSE_SECONDS = 1.5
# <reference>[.<attempt>]-checkout-<n>: the key of the operation that opened the page.
OUR_TRANSACTION = re.compile(r"(?P<reference>[A-Za-z0-9]+)(?:\.\d+)?-checkout-\d+")


@dataclass(frozen=True)
class OctoProvider:
    """Speaks for one account; `pause_seconds` before a second look after a refused one."""

    account: OctoAccount
    pause_seconds: float = STATUS_PAUSE_SECONDS

    name = "octo"
    # Its pay page ends by time alone: keep `expires_at` short.
    can_end_checkout = False

    @staticmethod
    def limits(currency: str, method: str = "card") -> Limits:
        """Octo documents neither a least nor a most of a payment; a refund's most is kept by splitting it."""
        return Limits()

    @property
    def client(self) -> OctoClient:
        return OctoClient(self.account)

    def open_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSession:
        """Open Octo's pay page; the same key finds the same payment, frozen as it was first asked for."""
        if request.currency.upper() not in CURRENCIES:
            raise Misconfigured(f"Octo takes no {request.currency}", code="currency")
        fields = {"shop_transaction_id": merchant_id(key), **_create_fields(request, self.account)}
        try:
            answer = self.client.post("prepare_payment", fields, total_sum=request.amount_minor)
        except Refusal as refusal:
            raise _meaning(refusal, "prepare_payment") from refusal
        if minor(answer, "total_sum", request.currency) not in (None, request.amount_minor):
            raise Misconfigured("this transaction id belongs to a payment of another amount", code="frozen")
        return CheckoutSession(key, _page(answer), dt.datetime.fromtimestamp(request.expires_at, dt.UTC))

    def end_checkout(self, session_ref: str, *, key: str) -> None:
        """Octo offers no way to end a pay page: always Declined, by its code as over or still open."""
        if self._state(session_ref) == State.OPEN:
            raise Declined("the pay page ends by itself", code="cannot_end")
        raise Declined("the pay page is no longer open", code="not_open")

    def capture(self, provider_ref: str, amount_minor: int, *, key: str, known: Known | None = None) -> None:
        """Take (part of) what is held; the rest is released. What is captured already stays as it is."""
        self._decide(provider_ref, State.CAPTURED, known, accept_status="capture", final_amount=amount_minor)

    def void(self, provider_ref: str, *, key: str, known: Known | None = None) -> None:
        """Release what is held."""
        self._decide(provider_ref, State.FAILED, known, accept_status="cancel")

    def refund(self, provider_ref: str, amount_minor: int, *, key: str, known: Known | None = None) -> None:
        """Give captured money back, in several calls where it is more than one may carry."""
        known = known or Known()
        done_minor = _refunded_before(known, key)
        for ref, part_minor in refund_parts(key, amount_minor):
            done_minor += part_minor
            self._refund_once(payment_uuid(provider_ref), merchant_id(ref), part_minor, known, done_minor)

    def fetch(self, *, session_ref: str, provider_ref: str, known: Known | None = None) -> ProviderPayment:
        """Look at the payment by our own id of it."""
        answer = self._look(session_ref)
        return read_payment(answer, session_ref, provider_ref, known or Known(), self.account)

    def check_keys(self) -> None:
        """Look at a payment that never was: Octo refuses it whatever it is, and wrong keys before anything else.

        Raises: Unavailable, Misconfigured (unknown shop or wrong secret).
        """
        try:
            self.client.post("prepare_payment", {"shop_transaction_id": f"keys-{uuid4().hex}"})
        except Refusal as refusal:
            if refusal.number in UNREADY_SHOP:
                raise Misconfigured(str(refusal), code=refusal.code) from refusal

    def submit_evidence(
        self, dispute_ref: str, evidence: Mapping[str, str], file: bytes | None, *, key: str
    ) -> None:
        """Octo has no interface for disputes: always Declined."""
        raise Declined("Octo takes no evidence over its interface", code="no_disputes")

    def accept_dispute(self, dispute_ref: str, *, key: str) -> None:
        """Octo has no interface for disputes: always Declined."""
        raise Declined("Octo knows no disputes over its interface", code="no_disputes")

    def _decide(
        self, provider_ref: str, wanted: State, known: Known | None, *, accept_status: str, **amounts: int
    ) -> None:
        fields = {"octo_payment_UUID": payment_uuid(provider_ref), "accept_status": accept_status}
        try:
            self.client.post("set_accept", fields, **amounts)
        except Refusal as refusal:
            session_ref = known.session_ref if known else ""
            # There is no idempotency key here: a lost answer shows as a decision made.
            if session_ref and refusal.number == ALREADY_DECIDED and self._state(session_ref) == wanted:
                return
            raise _meaning(refusal, "set_accept") from refusal

    def _refund_once(
        self, ref: str, refund_ref: str, amount_minor: int, known: Known, goal_minor: int
    ) -> None:
        fields = {"octo_payment_UUID": ref, "shop_refund_id": refund_ref}
        try:
            answer = self.client.post("refund", fields, amount=amount_minor)
        except Refusal as refusal:
            # How a repeated refund id is answered is not documented: what has come back decides.
            if known.session_ref and self._refunded(known) >= goal_minor:
                return
            raise _meaning(refusal, "refund") from refusal
        if answer.get("status") in ("canceled", "error"):
            raise Declined("Octo did not make the refund", code=f"refund:{answer['status']}")

    def _state(self, session_ref: str) -> State:
        return _state(self._look(session_ref), Known())

    def _refunded(self, known: Known) -> int:
        return minor(self._look(known.session_ref), "refunded_sum", known.currency) or 0

    def _look(self, session_ref: str) -> dict[str, object]:
        """Return the payment's fields, looking twice where Octo refuses.

        No refusal of a look says anything about the payment. Raises: Unavailable, Misconfigured.
        """
        fields = {"shop_transaction_id": merchant_id(session_ref)}
        try:
            return self.client.post("prepare_payment", fields)
        except Refusal:
            time.sleep(self.pause_seconds)
        try:
            return self.client.post("prepare_payment", fields)
        except Refusal as refusal:
            raise Unavailable(str(refusal), code=refusal.code) from refusal


def read_payment(
    answer: dict[str, object], session_ref: str, provider_ref: str, known: Known, account: OctoAccount
) -> ProviderPayment:
    """Turn the fields of a status check into our words. Raises: Unavailable when they cannot be read."""
    currency = str(answer.get("currency") or known.currency).upper()
    state = _state(answer, known)
    amount_minor, captured_minor = _amounts(state, minor(answer, "total_sum", currency), known)
    # Octo does not say when a hold began: it may have been right after we last saw it unpaid.
    held_from = known.held_since or known.unpaid_at or clock.now()
    held_until = held_from + dt.timedelta(minutes=account.hold_minutes)
    found_ref = _found_uuid(answer)
    return ProviderPayment(
        state=state,
        is_unclear=answer.get("status") not in STATES,
        session_ref=session_ref,
        is_session_open=state == State.OPEN,
        provider_ref=found_ref,
        amount_minor=amount_minor,
        currency=currency,
        authorized_minor=amount_minor if state in (State.AUTHORIZED, State.CAPTURED) else 0,
        captured_minor=captured_minor,
        capture_before=held_until if state == State.AUTHORIZED else None,
        failure_code="canceled" if state == State.FAILED else "",
        reference=_reference(answer, session_ref, provider_ref, found_ref),
        is_live=not account.is_test,
        refunds=tuple(_refunds(minor(answer, "refunded_sum", currency), known, found_ref)),
    )


def reference_of(transaction_id: str) -> str:
    """Return the booking's reference in one of our transaction ids; empty for another's."""
    match = OUR_TRANSACTION.fullmatch(transaction_id)
    return match["reference"] if match else ""


def refund_parts(key: str, amount_minor: int) -> list[tuple[str, int]]:
    """Return the refund ids and amounts of one refund, evenly cut so that no part is too small to be made."""
    count = -(-amount_minor // LARGEST_REFUND_MINOR)
    if count <= 1:
        return [(key, amount_minor)]
    each, rest = divmod(amount_minor, count)
    return [(f"{key}.{n}", each + (n <= rest)) for n in range(1, count + 1)]


def _create_fields(request: CheckoutRequest, account: OctoAccount) -> dict[str, object]:
    now = clock.now()
    fields: dict[str, object] = {
        # Both are always said: their defaults are disputed, and without `test` the money is real.
        "auto_capture": not request.is_two_stage,
        "test": account.is_test,
        "init_time": now.astimezone(TASHKENT).strftime("%Y-%m-%d %H:%M:%S"),
        "currency": request.currency.upper(),
        "description": request.description[:LONGEST_TEXT],
        "user_data": {"user_id": request.reference}
        | ({"email": ascii_email(request.email)} if request.email else {}),
        "return_url": request.success_url,
        "notify_url": account.notify_url,
        "language": account.language,
        "ttl": max(1, int(request.expires_at - now.timestamp()) // 60),
    }
    return fields | ({"tsp_id": account.tsp_id} if account.tsp_id else {})


def _page(answer: dict[str, object]) -> str:
    url = str(answer.get("octo_pay_url") or "")
    if urlsplit(url).scheme not in ("http", "https"):
        raise Unavailable("Octo's answer has no pay page", code="bad_answer")
    return url


def _meaning(refusal: Refusal, endpoint: str) -> ProviderError:
    return MEANINGS[endpoint].get(refusal.number, Unavailable)(str(refusal), code=refusal.code)


def _state(answer: dict[str, object], known: Known) -> State:
    status = answer.get("status")
    if not isinstance(status, str):
        raise Unavailable("Octo's answer has no status", code="bad_answer")
    if status not in STATES:
        log.warning("octo_status_unknown", status=status[:40])
    state = STATES.get(status, State.OPEN)
    return State.VOIDED if state == State.FAILED and known.held_since else state


def _amounts(state: State, shown_minor: int | None, known: Known) -> tuple[int, int]:
    """Return what was agreed and what was captured.

    After a partial capture `total_sum` may be either of the two, so only our own capture tells which it is.
    """
    agreed_minor = known.amount_minor or shown_minor or 0
    shown_minor = agreed_minor if shown_minor is None else shown_minor
    if state != State.CAPTURED:
        return shown_minor, 0
    if known.capture_minor and shown_minor in (known.capture_minor, agreed_minor):
        return agreed_minor, known.capture_minor
    if known.is_two_stage and shown_minor < agreed_minor:
        # What was held was taken in part, by hand, in its cabinet; we need not have seen the hold.
        return agreed_minor, shown_minor
    return shown_minor, shown_minor


def _found_uuid(answer: dict[str, object]) -> str:
    try:
        return payment_uuid(str(answer.get("octo_payment_UUID")))
    except ValueError as error:
        raise Unavailable("Octo's answer has no payment id", code="bad_answer") from error


def _reference(answer: dict[str, object], session_ref: str, provider_ref: str, found_ref: str) -> str:
    """The booking's reference, or what Octo speaks of where that is not the payment asked for: no booking's."""
    transaction_id = str(answer.get("shop_transaction_id") or session_ref)
    if transaction_id != session_ref or provider_ref not in ("", found_ref):
        return f"{transaction_id} {found_ref}"
    return reference_of(session_ref)


def _refunds(shown_minor: int | None, known: Known, uuid: str) -> Iterator[ProviderRefund]:
    """Tell which of our refunds the one sum that Octo shows contains; what is left was made in its dashboard."""
    if shown_minor is None:
        return
    left_minor = shown_minor
    is_settled = True
    for one in known.refunds:
        if one.status == "failed":
            continue
        is_there = one.amount_minor <= left_minor
        left_minor -= one.amount_minor if is_there else 0
        is_settled = is_settled and (is_there or one.status == "succeeded")
        if one.ref or is_there or not one.is_unfinished:
            yield ProviderRefund(one.ref or one.key, one.amount_minor, _refund_status(one, is_there), one.key)
    # While a refund of ours is on its way, the rest may be a part of it.
    if left_minor > 0 and is_settled:
        yield ProviderRefund(f"{uuid}:{shown_minor}", left_minor, "succeeded")


def _refund_status(one: KnownRefund, is_there: bool) -> str:
    return "succeeded" if is_there or one.status == "succeeded" else "pending"


def _refunded_before(known: Known, key: str) -> int:
    """What had come back before this refund; a failed one never did."""
    return sum(one.amount_minor for one in known.refunds if one.key != key and one.status != "failed")
