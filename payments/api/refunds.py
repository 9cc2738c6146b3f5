"""Refunds and credits over HTTP. Joined to /api/v1 by config.api."""

import hashlib
import uuid

from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from ninja import Body, Router

from accounts.api_auth import ApiRequest
from accounts.scopes import BOOKINGS, MONEY
from bookings.actors import member_actor
from bookings.api.access import access_to, guest_or_known, known
from bookings.api.bookings import LONGEST_KEY
from bookings.api.serializers import detail_json, instant
from core.web.answers import private_json
from core.web.problems import FieldError, Problem
from core.web.ratelimit import hit
from payments.api.checkout import payment_or_404
from payments.api.schemas import CreditIn, CreditUsedOut, RefundIn, RefundOut
from payments.credits.services import CreditRefused
from payments.lifecycle import pay_by_credit
from payments.models import Payment
from payments.refunds import services as refund_services
from payments.refunds.services import Given, RefundRefused
from rooms.team.permissions import may_manage

router = Router(tags=["Payments"])

# A code has 76 bits; a few tries a minute are for people.
CODES_PER_MINUTE = 10
KEY_HEADER = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[!-~]*$"},
    "description": "Chosen by the client, new for each refund: the same request sent again answers with the first.",
}  # fmt: skip


@router.post(
    "payments/{uuid:payment_id}/refund", response={201: RefundOut}, auth=known(MONEY), summary="Give money back",
    openapi_extra={"parameters": [KEY_HEADER], "x-problems": [409]},
)  # fmt: skip
def refund_payment(
    request: ApiRequest,
    payment_id: uuid.UUID,
    body: RefundIn = Body(RefundIn()),  # noqa: B008
) -> JsonResponse:
    """Decide a refund, for owners and managers of the venue and for staff; the provider makes it next.

    Without `amount_minor` all that is left goes back. Where a booking has several payments, its latest go first.
    """
    payment = payment_or_404(request, payment_id)
    booking, user = payment.booking, request.auth.user
    if not may_manage(user, booking.venue):
        raise PermissionDenied("Only the venue's owner and managers, or staff, may refund.")
    if body.currency and body.currency != payment.currency:
        raise _wrong("currency", "wrong_currency", f"This payment is in {payment.currency}.")
    if not body.reason:
        raise _wrong("reason", "reason_required", "Say why, for the guest to read.")
    try:
        given = refund_services.refund(
            booking_id=booking.pk, actor=member_actor(user), amount_minor=body.amount_minor, reason=body.reason,
            as_credit=body.as_credit, key=_key(request, payment),
        )  # fmt: skip
    except RefundRefused as error:
        errors = [FieldError("amount_minor", error.code, error.message)]
        raise Problem(
            409,
            error.code,
            error.message,
            errors=errors,
            left_minor=error.left_minor,
            currency=payment.currency,
        ) from error
    headers = {"Idempotent-Replayed": "true"} if given.is_replay else {}
    return private_json(_given_json(given, payment), status=201, headers=headers)


@router.post(
    "bookings/{slug:reference}/payment/credit", response=CreditUsedOut, auth=guest_or_known(BOOKINGS),
    summary="Pay with a credit", openapi_extra={"x-problems": [409]},
)  # fmt: skip
def use_credit(request: ApiRequest, reference: str, body: CreditIn = Body(CreditIn())) -> JsonResponse:  # noqa: B008
    """Pay as much as is left of a credit; what is missing then is paid online."""
    access = access_to(request.auth, reference)
    if wait := hit("credit", reference, limit=CODES_PER_MINUTE, seconds=60):
        raise Problem(429, "too_many_requests", "Asked too often.", headers={"Retry-After": str(wait)})
    try:
        payment = pay_by_credit.pay(booking_id=access.booking.pk, code=body.code, actor=access.actor)
    except CreditRefused as error:
        errors = [FieldError("code", error.code, error.message)]
        raise Problem(409, error.code, error.message, errors=errors) from error
    access.booking.refresh_from_db()
    answer = detail_json(access.booking, access.viewer)
    return private_json(answer | {"credit_minor": payment.amount_minor})


def _key(request: ApiRequest, payment: Payment) -> str:
    """Return the client's own key for this payment, apart for each user; empty where it sent none. Raises: Problem."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        message = f"Use at most {LONGEST_KEY} printable ASCII characters."
        errors = [FieldError("Idempotency-Key", "invalid_key", message)]
        raise Problem(400, "invalid_idempotency_key", message, errors=errors)
    who = f"{request.auth.id}:{payment.pk}:{key}"
    return hashlib.sha256(who.encode()).hexdigest() if key else ""


def _wrong(field: str, code: str, message: str) -> Problem:
    return Problem(422, "invalid", message, errors=[FieldError(field, code, message)])


def _given_json(given: Given, payment: Payment) -> dict:
    return {
        "booking": given.booking.reference,
        "payment_id": str(payment.public_id),
        "refund_minor": given.amount_minor,
        "left_minor": given.left_minor,
        "due_minor": given.event.data["due_minor"],
        "currency": given.booking.currency,
        "reason": given.event.reason,
        "decided_at": instant(given.event.created_at),
        "status": "decided",
    }
