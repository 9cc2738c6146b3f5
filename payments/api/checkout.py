"""Payments over HTTP: open the pay page, ask what came of it. Joined to /api/v1 by config.api."""

import uuid

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from ninja import Router

from accounts.api_auth import ApiRequest
from accounts.scopes import BOOKINGS
from bookings.api.access import GUEST_OR_KNOWN, Access, access_to, guest_or_known
from bookings.api.serializers import detail_json
from core.web.answers import private_json
from core.web.problems import Problem
from core.web.ratelimit import hit
from payments.api.schemas import PaymentOut, SessionOut, VerifiedOut
from payments.lifecycle import refresh, selectors
from payments.lifecycle import services as lifecycle
from payments.models import Payment

router = Router(tags=["Payments"])

# A page asks every few seconds at most; what a question may cost at the provider,
# payments.lifecycle.refresh says.
QUESTIONS_PER_MINUTE = 60


@router.post(
    "bookings/{slug:reference}/payment/session", response=SessionOut, auth=guest_or_known(BOOKINGS),
    summary="Open the pay page", openapi_extra={"x-problems": [409, 502]},
)  # fmt: skip
def open_session(request: ApiRequest, reference: str) -> JsonResponse:
    """Asked again while the page is open, it answers with the same page."""
    access = access_to(request.auth, reference)
    _require_payer(access)
    checkout = lifecycle.start_checkout(access.booking.pk)
    payment = checkout.payment
    return private_json(
        {
            "session_id": checkout.session_ref,
            "payment_url": checkout.url,
            "client_secret": payment.client_secret or None,
            "status": "created",
            "amount": checkout.amount,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "payment_id": str(payment.public_id),
        }
    )


@router.get(
    "bookings/{slug:reference}/payment/verify", response=VerifiedOut, auth=GUEST_OR_KNOWN,
    summary="Ask the provider what came of the payment",
)  # fmt: skip
def verify(request: ApiRequest, reference: str) -> JsonResponse:
    access = access_to(request.auth, reference)
    if wait := hit("verify", reference, limit=QUESTIONS_PER_MINUTE, seconds=60):
        raise Problem(429, "too_many_requests", "Asked too often.", headers={"Retry-After": str(wait)})
    booking = refresh.verify(access.booking.pk)
    outcome, message = selectors.outcome(booking, selectors.money_of(booking))
    answer = detail_json(booking, access.viewer)
    return private_json(answer | {"outcome": outcome, "outcome_message": message})


@router.get(
    "payments/{uuid:payment_id}/status",
    response=PaymentOut,
    auth=GUEST_OR_KNOWN,
    summary="A payment's status",
)
def get_status(request: ApiRequest, payment_id: uuid.UUID) -> JsonResponse:
    """An open payment is looked at anew at the provider, unless that was done within the last seconds."""
    payment = payment_or_404(request, payment_id)
    payment = refresh.look(payment)
    booking = payment.booking
    money = selectors.money_of(booking)
    mine = next(one for one in selectors.payments_json(booking, money) if one["id"] == str(payment_id))
    return private_json({**mine, "booking": booking.reference, "booking_status": booking.status})


def _require_payer(access: Access) -> None:
    """The guest pays, or staff for them; a member of the venue's team does not."""
    user = access.caller.user
    is_guest = bool(access.caller.secret) or access.booking.guest_id == user.pk
    if not (is_guest or user.is_platform_staff):
        raise PermissionDenied("Only the guest may pay this booking.")


def payment_or_404(request: ApiRequest, payment_id: uuid.UUID) -> Payment:
    """Return a payment to those who may see its booking. Raises: Http404 to everybody else."""
    payment = Payment.objects.select_related("booking__venue").filter(public_id=payment_id).first()
    try:
        # The same question for a payment there is not: the answer takes as long.
        access_to(request.auth, payment.booking.reference if payment else "")
    except Http404 as error:
        raise Http404("No such payment.") from error
    if payment is None:
        raise Http404("No such payment.")
    return payment
