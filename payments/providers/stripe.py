"""Stripe, through its official library: the only module that imports it.

Facts about the wire (late payment intents, `unpaid` meaning held, stored errors) come from Stripe's documentation
of Checkout, manual capture and idempotent requests, API version 2026-10-28.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

import stripe
from django.conf import settings

from payments.providers.base import (
    CheckoutRequest,
    CheckoutSession,
    Declined,
    Known,
    Misconfigured,
    ProviderPayment,
    ProviderRefund,
    State,
    Unavailable,
    refuse_in_transaction,
)

stripe.enable_telemetry = False
T = TypeVar("T")

# A signature older or newer than this is refused; the library itself lets future ones pass.
SIGNATURE_SECONDS = 300
# A guest may still pay an intent in these states.
PAYABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "processing")


class StripeProvider:
    """Speaks to one Stripe account."""

    name = "stripe"
    can_end_checkout = True

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client

    def open_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSession:
        """Open Stripe's hosted page, or a payment intent for our own; the same key gives the same one."""
        if request.is_embedded:
            return self._open_intent(request, key)
        session = self._call(
            lambda: self.client.v1.checkout.sessions.create(
                _session_params(request), {"idempotency_key": key}
            )
        )
        return CheckoutSession(session.id, session.url or "", _instant(session.expires_at))

    def _open_intent(self, request: CheckoutRequest, key: str) -> CheckoutSession:
        intent = self._call(
            lambda: self.client.v1.payment_intents.create(_intent_params(request), {"idempotency_key": key})
        )
        # An intent does not end by itself: our own deadline cancels it.
        return CheckoutSession(
            intent.id, request.page_url, _instant(request.expires_at), intent.client_secret or ""
        )

    def end_checkout(self, session_ref: str, *, key: str) -> None:
        """Expire the page; Declined when it is no longer open. A hold placed on our own page is released with it."""
        if _is_intent(session_ref):
            self.void(session_ref, key=key)
            return
        self._call(
            lambda: self.client.v1.checkout.sessions.expire(
                _id(session_ref), options={"idempotency_key": key}
            )
        )

    def capture(self, provider_ref: str, amount_minor: int, *, key: str, known: Known | None = None) -> None:
        """Take (part of) what is held; the rest is released."""
        self._call(
            lambda: self.client.v1.payment_intents.capture(
                _id(provider_ref), {"amount_to_capture": amount_minor}, {"idempotency_key": key}
            )
        )

    def void(self, provider_ref: str, *, key: str, known: Known | None = None) -> None:
        """Release what is held."""
        self._call(
            lambda: self.client.v1.payment_intents.cancel(_id(provider_ref), options={"idempotency_key": key})
        )

    def refund(self, provider_ref: str, amount_minor: int, *, key: str, known: Known | None = None) -> None:
        """Give captured money back; our key travels in the metadata, so that the refund is recognized."""
        self._call(
            lambda: self.client.v1.refunds.create(
                {"payment_intent": _id(provider_ref), "amount": amount_minor, "metadata": {"operation": key}},
                {"idempotency_key": key},
            )
        )

    def fetch(self, *, session_ref: str, provider_ref: str, known: Known | None = None) -> ProviderPayment:
        """Read the session, its payment intent, charge and refunds in one request."""
        if _is_intent(session_ref):
            intent = self._call(
                lambda: self.client.v1.payment_intents.retrieve(
                    _id(session_ref), {"expand": ["latest_charge.refunds"]}
                )
            )
            return read_intent(intent)
        session = self._call(
            lambda: self.client.v1.checkout.sessions.retrieve(
                _id(session_ref), {"expand": ["payment_intent.latest_charge.refunds"]}
            )
        )
        return read_session(session)

    def _call(self, request: Callable[[], T]) -> T:
        refuse_in_transaction()
        try:
            return request()
        except stripe.StripeError as error:
            raise _translate(error) from error


def read_session(session: Any) -> ProviderPayment:
    """Turn a Checkout session, expanded to its refunds, into our words."""
    if intent := getattr(session, "payment_intent", None):
        return replace(
            read_intent(intent, is_expired=session.status == "expired"),
            session_ref=session.id,
            is_session_open=session.status == "open",
        )
    return ProviderPayment(
        state=State.FAILED if session.status == "expired" else State.OPEN,
        session_ref=session.id,
        is_session_open=session.status == "open",
        amount_minor=session.amount_total,
        currency=session.currency.upper(),
        reference=_plain(getattr(session, "metadata", None)).get("booking_reference", ""),
        is_live=session.livemode,
    )


def read_intent(intent: Any, *, is_expired: bool = False) -> ProviderPayment:
    """Turn a payment intent, expanded to its charge's refunds, into our words.

    `is_expired`: its pay page is closed, so nobody can pay it any more.
    """
    charge = getattr(intent, "latest_charge", None)
    captured = getattr(intent, "amount_received", 0) or 0
    capturable = getattr(intent, "amount_capturable", 0) or 0
    card = _plain(getattr(charge, "payment_method_details", None)).get("card") or {}
    return ProviderPayment(
        state=_state(intent, charge, is_expired=is_expired),
        session_ref=intent.id,
        is_session_open=intent.status in PAYABLE,
        provider_ref=intent.id,
        charge_ref=charge.id if charge else "",
        amount_minor=intent.amount,
        currency=intent.currency.upper(),
        authorized_minor=intent.amount if capturable or captured else 0,
        captured_minor=captured,
        capture_before=_instant(card["capture_before"]) if card.get("capture_before") else None,
        failure_code=_failure(intent),
        reference=_plain(getattr(intent, "metadata", None)).get("booking_reference", ""),
        is_live=intent.livemode,
        refunds=_refunds(charge),
    )


def verify_signature(body: bytes, header: str, secrets: list[str], *, now: float) -> bool:
    """Return whether one of the endpoint's secrets signed these raw bytes within 300 s of `now` (epoch)."""
    try:
        stamp = int(next(part[2:] for part in header.split(",") if part.startswith("t=")))
        text = body.decode()
    except (StopIteration, ValueError):
        return False
    if abs(now - stamp) > SIGNATURE_SECONDS:
        return False
    return any(_is_signed(text, header, secret) for secret in secrets if secret)


def _is_signed(text: str, header: str, secret: str) -> bool:
    try:
        return stripe.WebhookSignature.verify_header(text, header, secret, tolerance=SIGNATURE_SECONDS)
    except (stripe.SignatureVerificationError, ValueError):
        return False


@lru_cache(maxsize=8)
def _client(
    secret_key: str, api_base: str, connect_seconds: float, read_seconds: float
) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": api_base} if api_base else {},
        # Retries are ours, and recorded: see payments.operations.
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(connect_seconds, read_seconds)),
    )


def platform_account() -> StripeProvider:
    """Return the platform's own Stripe account. Raises: Misconfigured without a key."""
    if not settings.STRIPE_SECRET_KEY:
        raise Misconfigured("STRIPE_SECRET_KEY is not set")
    return StripeProvider(
        _client(
            settings.STRIPE_SECRET_KEY,
            settings.STRIPE_API_BASE,
            settings.PROVIDER_CONNECT_SECONDS,
            settings.PROVIDER_READ_SECONDS,
        )
    )


def _session_params(request: CheckoutRequest) -> dict:
    return {
        "mode": "payment",
        "client_reference_id": request.reference,
        "customer_email": request.email,
        "allowed_payment_method_types": ["card"],
        "adaptive_pricing": {"enabled": False},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": request.amount_minor,
                    "product_data": {"name": request.title},
                },
            }
        ],
        # Session metadata is not copied to the payment intent.
        "metadata": _metadata(request),
        "payment_intent_data": _intent_facts(request),
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": request.expires_at,
    }


def _intent_params(request: CheckoutRequest) -> dict:
    return {
        "amount": request.amount_minor,
        "currency": request.currency.lower(),
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "receipt_email": request.email,
        **_intent_facts(request),
    }


def _intent_facts(request: CheckoutRequest) -> dict:
    return {
        "capture_method": "manual" if request.is_two_stage else "automatic",
        "description": request.description,
        "metadata": _metadata(request),
    }


def _metadata(request: CheckoutRequest) -> dict:
    return {"booking_reference": request.reference, "payment_id": request.payment_id}


def _state(intent: Any, charge: Any, *, is_expired: bool) -> State:
    if intent.status == "requires_capture":
        return State.AUTHORIZED
    if intent.status == "succeeded":
        return State.CAPTURED
    if intent.status == "canceled":
        return State.VOIDED if charge is not None and charge.status == "succeeded" else State.FAILED
    if is_expired and intent.status != "processing":
        return State.FAILED
    return State.OPEN


def _failure(intent: Any) -> str:
    error = _plain(getattr(intent, "last_payment_error", None))
    return error.get("decline_code") or error.get("code") or ""


def _refunds(charge: Any) -> tuple[ProviderRefund, ...]:
    listed = getattr(charge, "refunds", None) if charge else None
    # A lapsed hold shows as a refund of money that was never taken.
    if not listed or not charge.captured:
        return ()
    return tuple(
        ProviderRefund(
            ref=refund.id,
            amount_minor=refund.amount,
            status={"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}.get(
                refund.status, "pending"
            ),
            key=_plain(getattr(refund, "metadata", None)).get("operation", ""),
        )
        for refund in listed.auto_paging_iter()
    )


def _translate(error: stripe.StripeError) -> Declined | Unavailable | Misconfigured:
    detail = getattr(error, "error", None)
    code = getattr(detail, "decline_code", None) or error.code or getattr(detail, "code", None) or ""
    facts = {"code": str(code), "request_id": error.request_id or ""}
    message = error.user_message or type(error).__name__
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError | stripe.IdempotencyError):
        return Misconfigured(message, **facts)
    if isinstance(error, stripe.RateLimitError | stripe.APIConnectionError):
        return Unavailable(message, **facts)
    if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
        return Declined(message, **facts)
    # A stored 500 is replayed for as long as the key lives: only another key can go on.
    replayed = (error.headers or {}).get("idempotent-replayed") == "true"
    return Unavailable(message, is_final=replayed, **facts)


def _is_intent(ref: str) -> bool:
    """A payment on our own page has no session: its intent stands for one."""
    return ref.startswith("pi_")


def _id(ref: str) -> str:
    """An empty id would turn a read into a list, so none leaves here."""
    if not ref:
        raise ValueError("a Stripe id is missing")
    return ref


def _plain(value: Any) -> dict:
    if value is None:
        return {}
    return value.to_dict() if hasattr(value, "to_dict") else dict(value)


def _instant(epoch: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(epoch, dt.UTC)
