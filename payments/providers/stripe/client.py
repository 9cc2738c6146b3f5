"""Stripe, through its official library: the only module that imports it.

Facts about the wire (late payment intents, `unpaid` meaning held, stored errors) come from Stripe's documentation
of Checkout, manual capture and idempotent requests, API version 2026-10-28.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from math import ceil
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import stripe
from django.conf import settings

from core.bases import Work
from core.typed.addresses import ascii_email
from payments.providers.base import (
    CheckoutRequest,
    CheckoutSession,
    Declined,
    Known,
    Limits,
    Misconfigured,
    ProviderPayment,
    Unavailable,
    refuse_in_transaction,
)
from payments.providers.stripe.reading import (
    More,
    instant,
    read_dispute,
    read_intent,
    read_refund,
    read_session,
)

if TYPE_CHECKING:
    from stripe.params import DisputeUpdateParams, PaymentIntentCreateParams
    from stripe.params.checkout import SessionCreateParams

stripe.enable_telemetry = False
T = TypeVar("T")
# A kind of object that Stripe lists.
Thing = TypeVar("Thing", bound=stripe.StripeObject)

# What a look at a payment shows of its charge.
SHOWN = ("refunds", "balance_transaction")
# A signature older or newer than this is refused; the library itself lets future ones pass.
SIGNATURE_SECONDS = 300
# The most a list gives at once.
LIST_PAGE = 100


# Published minimums (stripe.com/docs/currencies). Any other currency is judged after conversion, at half a dollar:
# what so'm are worth less for than in years, with room for the rate.
LEAST_MINOR = {"USD": 50, "EUR": 50, "GBP": 30, "UZS": 750_000}
LEAST_BY_DEFAULT_MINOR = 50
# Eight digits of minor units, in any currency of ours.
MOST_MINOR = 99_999_999


class StripeProvider:
    """Speaks to one Stripe account."""

    name = "stripe"
    can_end_checkout = True

    @staticmethod
    def limits(currency: str, method: str = "card") -> Limits:
        """Return what Checkout takes at once: by currency alone, whatever it is paid with."""
        return Limits(LEAST_MINOR.get(currency.upper(), LEAST_BY_DEFAULT_MINOR), MOST_MINOR)

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
        return CheckoutSession(session.id, session.url or "", instant(session.expires_at))

    def _open_intent(self, request: CheckoutRequest, key: str) -> CheckoutSession:
        intent = self._call(
            lambda: self.client.v1.payment_intents.create(_intent_params(request), {"idempotency_key": key})
        )
        # An intent does not end by itself: our own deadline cancels it.
        return CheckoutSession(
            intent.id, request.page_url, instant(request.expires_at), intent.client_secret or ""
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
        """Read the session with its payment intent, charge, fee and refunds; a disputed charge takes a second look."""
        if _is_intent(session_ref):
            expand = [f"latest_charge.{part}" for part in SHOWN]
            return self._read(
                self._call(
                    lambda: self.client.v1.payment_intents.retrieve(_id(session_ref), {"expand": expand})
                )
            )
        expand = [f"payment_intent.latest_charge.{part}" for part in SHOWN]
        session = self._call(
            lambda: self.client.v1.checkout.sessions.retrieve(_id(session_ref), {"expand": expand})
        )
        return read_session(session, self._more(getattr(session, "payment_intent", None)))

    def submit_evidence(
        self, dispute_ref: str, evidence: Mapping[str, str], file: bytes | None, *, key: str
    ) -> None:
        """Answer a dispute, once and for good, with texts by Stripe's names and a PDF."""
        fields: dict[str, str] = dict(evidence)
        if file is not None:
            fields["uncategorized_file"] = self._upload(file, key=f"{key}-file")
        # The names are those of payments.evidence, which Stripe's type does not know one by one.
        answer = cast("DisputeUpdateParams", {"evidence": fields, "submit": True})
        self._call(lambda: self.client.v1.disputes.update(_id(dispute_ref), answer, {"idempotency_key": key}))

    def accept_dispute(self, dispute_ref: str, *, key: str) -> None:
        """Give a dispute up: it is lost at once."""
        self._call(lambda: self.client.v1.disputes.close(_id(dispute_ref), options={"idempotency_key": key}))

    def list_payments(self, since: dt.datetime, until: dt.datetime) -> Iterator[ProviderPayment]:
        """Yield every payment begun in [since, until), newest first, a page at a time: memory stays flat.

        Raises: Unavailable, Misconfigured, at any page.
        """
        shown = [f"data.latest_charge.{part}" for part in SHOWN]
        listing = self.client.v1.payment_intents.list
        yield from map(self._read, self.listed(listing, since, until, expand=shown))

    def list_changed(self, since: dt.datetime, until: dt.datetime) -> Iterator[str]:
        """Yield the references of payments refunded or disputed in [since, until), whenever they were begun.

        Raises: Unavailable, Misconfigured, at any page.
        """
        refunds = self.listed(self.client.v1.refunds.list, since, until)
        disputes = self.listed(self.client.v1.disputes.list, since, until)
        for change in chain[stripe.Refund | stripe.Dispute](refunds, disputes):
            if isinstance(change.payment_intent, str) and change.payment_intent:
                yield change.payment_intent

    def listed(
        self,
        listing: Work["stripe.ListObject[Thing]"],
        since: dt.datetime,
        until: dt.datetime,
        **more: object,
    ) -> Iterator[Thing]:
        """Yield what was made in [since, until), newest first, a page at a time. Raises as all calls do."""
        created = {"gte": ceil(since.timestamp()), "lt": ceil(until.timestamp())}
        page = self._call(lambda: listing({"limit": LIST_PAGE, "created": created, **more}))
        while True:
            yield from page.data
            if not page.has_more:
                return
            page = self._call(page.next_page)

    def _read(self, intent: stripe.PaymentIntent) -> ProviderPayment:
        return read_intent(intent, self._more(intent))

    def _more(self, intent: stripe.PaymentIntent | None) -> More:
        """Fetch what a charge lists beside itself: its refunds beyond the first ten, and disputes."""
        charge = getattr(intent, "latest_charge", None) if intent else None
        if charge is None:
            return More()
        refunds = getattr(charge, "refunds", None)
        # A lapsed hold shows as a refund of money that was never taken.
        listed = self._all(refunds) if refunds and charge.captured else []
        disputes: list[stripe.Dispute] = []
        if charge.disputed:
            disputes = self._all(
                self._call(lambda: self.client.v1.disputes.list({"charge": charge.id, "limit": LIST_PAGE}))
            )
        return More(
            refunds=tuple(read_refund(refund) for refund in listed),
            disputes=tuple(read_dispute(dispute, charge.currency) for dispute in reversed(disputes)),
        )

    def _all(self, page: "stripe.ListObject[Thing]") -> list[Thing]:
        """Return a list whole, its further pages fetched, too."""
        return self._call(lambda: list(page.auto_paging_iter()))

    def _upload(self, file: bytes, *, key: str) -> str:
        content = io.BytesIO(file)
        content.name = "evidence.pdf"
        made = self._call(
            lambda: self.client.v1.files.create(
                {"purpose": "dispute_evidence", "file": content}, {"idempotency_key": key}
            )
        )
        return made.id

    def call(self, request: Callable[[stripe.StripeClient], T]) -> T:
        """Ask Stripe by `request(client)`, for the modules that add to this one.

        Raises: Declined, Unavailable, Misconfigured.
        """
        return self._call(lambda: request(self.client))

    def _call(self, request: Callable[[], T]) -> T:
        refuse_in_transaction()
        try:
            return request()
        except stripe.StripeError as error:
            raise _translate(error) from error


def verify_signature(body: bytes, header: str, secrets: list[str], *, now: float) -> bool:
    """Return whether one of the endpoint's secrets signed these raw bytes within 300 s of `now` (epoch)."""
    if not header.isascii():
        # The library compares texts, which it can do of ASCII alone; Stripe sends nothing else.
        return False
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
        return bool(stripe.WebhookSignature.verify_header(text, header, secret, tolerance=SIGNATURE_SECONDS))
    except (stripe.SignatureVerificationError, ValueError):
        return False


@lru_cache(maxsize=8)
def _client(
    secret_key: str, api_base: str, connect_seconds: float, read_seconds: float
) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": api_base, "files": api_base} if api_base else {},
        # Retries are ours, and recorded: see payments.settling.operations.
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


def _session_params(request: CheckoutRequest) -> "SessionCreateParams":
    return {
        "mode": "payment",
        "client_reference_id": request.reference,
        "customer_email": ascii_email(request.email),
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
        "payment_intent_data": {
            "capture_method": _capture_method(request),
            "description": request.description,
            "metadata": _metadata(request),
        },
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": request.expires_at,
    }


def _intent_params(request: CheckoutRequest) -> "PaymentIntentCreateParams":
    return {
        "amount": request.amount_minor,
        "currency": request.currency.lower(),
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "receipt_email": ascii_email(request.email),
        "capture_method": _capture_method(request),
        "description": request.description,
        "metadata": _metadata(request),
    }


def _capture_method(request: CheckoutRequest) -> Literal["manual", "automatic"]:
    return "manual" if request.is_two_stage else "automatic"


def _metadata(request: CheckoutRequest) -> dict[str, str]:
    return {"booking_reference": request.reference, "payment_id": request.payment_id}


def _translate(error: stripe.StripeError) -> Declined | Unavailable | Misconfigured:
    detail = getattr(error, "error", None)
    code = getattr(detail, "decline_code", None) or error.code or getattr(detail, "code", None) or ""
    code, request_id = str(code), error.request_id or ""
    message = error.user_message or type(error).__name__
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError | stripe.IdempotencyError):
        return Misconfigured(message, code=code, request_id=request_id)
    if isinstance(error, stripe.RateLimitError | stripe.APIConnectionError):
        return Unavailable(message, code=code, request_id=request_id)
    if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
        return Declined(message, code=code, request_id=request_id)
    # A stored 500 is replayed for as long as the key lives: only another key can go on.
    replayed = (error.headers or {}).get("idempotent-replayed") == "true"
    return Unavailable(message, is_final=replayed, code=code, request_id=request_id)


def _is_intent(ref: str) -> bool:
    """A payment on our own page has no session: its intent stands for one."""
    return ref.startswith("pi_")


def _id(ref: str) -> str:
    """An empty id would turn a read into a list, so none leaves here."""
    if not ref:
        raise ValueError("a Stripe id is missing")
    return ref
