"""Pages of the admin where people give money back: a refund, what to do with one that failed, an offline payment."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.signed_in import person_of
from bookings.actors import member_actor
from bookings.errors import BookingError
from bookings.models import Booking
from bookings.phrases import host as host_phrases
from core.errors import Refusal
from core.money import format_minor
from payments.lifecycle import pay_by_credit
from payments.manual import services as manual
from payments.models import Refund
from payments.refunds import services as refund_services
from payments.refunds.forms import HandForm, OfflineForm, RefundForm, SolveForm
from payments.settling import manual_records
from rooms.team.permissions import may_manage

ACT = "admin/payments/act.html"


@dataclass(frozen=True)
class Solution:
    """A way to deal with a refund that failed: its words, its form, and the service it calls."""

    question: str
    button: str
    consequence: str
    form: type[forms.Form]
    solve: Callable[..., object]
    done: str


SOLUTIONS = {
    "retry": Solution(
        "Send this refund again?", "Try again", "A new refund of {amount} is sent the same way.",
        SolveForm, refund_services.try_again, "Sent again.",
    ),
    "credit": Solution(
        "Give a credit instead?", "Give a credit",
        "The guest gets a credit of {amount} for later bookings, and a mail. Nothing is sent to the bank any more.",
        SolveForm, refund_services.solve_by_credit, "The guest has a credit.",
    ),
    "hand": Solution(
        "Paid back by hand?", "Mark as paid back",
        "{amount} counts as paid back from our bank account, and the guest gets a mail. Nothing is sent by this.",
        HandForm, refund_services.paid_by_hand, "Marked as paid back.",
    ),
}  # fmt: skip


# --- a refund -------------------------------------------------------------------------------------------------


def give(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Ask for amount and reason, show what it does, and do it once: three steps of one address."""
    booking = _booking(request, booking_id)
    left = refund_services.left_minor(booking)
    if request.method != "POST" and left == 0:
        messages.warning(request, "Nothing of this booking's money is left to refund.")
        return _back(booking)
    data = request.POST if request.method == "POST" else None
    form = RefundForm(data, currency=booking.currency, most_minor=left, initial={"key": uuid.uuid4().hex})
    context = {
        "title": "Refund",
        "question": "Give money back",
        "button": "Preview",
        "booking": booking,
        "form": form,
    }
    context["facts"] = [("Still free to go back", format_minor(left, booking.currency))]
    if data is None:
        return _page(request, context)
    if "confirmed" in data and (done := _replayed(request, booking, data)):
        return done
    if not form.is_valid() or "change" in data:
        return _page(request, context, 200 if "change" in data else 422)
    if "confirmed" not in data:
        return _page(request, context | _preview(booking, form.cleaned_data))
    return _give(request, booking, form.cleaned_data)


def _replayed(request: HttpRequest, booking: Booking, data: Any) -> HttpResponse | None:
    """The same button pressed twice did it once."""
    key = data.get("key", "")
    if key and booking.events.filter(verb="adjust", data__key=_key(request, key)).exists():
        messages.info(request, "This refund was decided already.")
        return _back(booking)
    return None


def _preview(booking: Booking, chosen: dict[str, Any]) -> dict[str, Any]:
    seen = refund_services.preview(booking, chosen["amount"])
    back, kept = (format_minor(amount, booking.currency) for amount in (seen.back_minor, seen.kept_minor))
    where = "as a credit for later bookings" if chosen["as_credit"] else "the way it was paid"
    rows = [("Stays paid", seen.kept_minor), ("Of it for the venue", seen.after.venue_minor)]
    rows += [("Platform fee", seen.after.fee_minor), ("Tax", seen.after.tax_minor)]
    return {
        "question": f"Give {back} back?",
        "consequence": f"{back} goes back to {booking.guest_name}, {where}. {kept} stays.",
        "facts": [(label, format_minor(amount, booking.currency)) for label, amount in rows if amount],
        "note": f"A mail goes to {booking.guest_email} with the amount and your reason: “{chosen['reason']}”",
        "button": f"Give {back} back", "is_preview": True, "is_grave": True,
    }  # fmt: skip


def _give(request: HttpRequest, booking: Booking, chosen: dict[str, Any]) -> HttpResponse:
    try:
        given = refund_services.refund(
            booking_id=booking.pk, actor=member_actor(request.user), amount_minor=chosen["amount"],
            reason=chosen["reason"], as_credit=chosen["as_credit"], key=_key(request, chosen["key"]),
        )  # fmt: skip
    except BookingError as error:
        messages.error(request, f"{error.message} Nothing was changed.")
    else:
        amount = format_minor(given.amount_minor, booking.currency)
        messages.success(request, f"{amount} goes back to the guest; the page shows how far it has come.")
    return _back(booking)


def _key(request: HttpRequest, key: str) -> str:
    return f"admin:{request.user.pk}:{key}" if key else ""


# --- refunds that wait for staff --------------------------------------------------------------------------------


def queue(request: HttpRequest) -> HttpResponse:
    """List the refunds that failed or are to be paid by hand, each with what can be done."""
    rows = [_waiting_row(refund) for refund in refund_services.waiting()]
    context = {"title": "Refunds that wait for you", "rows": rows}
    return _page(request, context, template="admin/payments/refund_queue.html")


def _waiting_row(refund: Refund) -> dict[str, Any]:
    ways = SOLUTIONS if refund.status == Refund.Status.FAILED else ["hand", "credit"]
    return {
        "refund": refund,
        "booking": refund.payment.booking,
        "currency": refund.payment.currency,
        "why": _why(refund),
        "ways": [
            (SOLUTIONS[way].button, reverse("admin:payments_refund_solve", args=[refund.pk, way]))
            for way in ways
        ],
    }


def _why(refund: Refund) -> str:
    if refund.status == Refund.Status.PENDING:
        return "was not paid through a provider"
    return refund.failure_reason.replace("_", " ") or "the guest's bank sent it back"


def solve(request: HttpRequest, refund_id: int, how: str) -> HttpResponse:
    """Deal with one refund: GET says what would happen, POST does it."""
    solution = SOLUTIONS.get(how)
    refund = refund_services.waiting().filter(pk=refund_id).first()
    if solution is None or not Refund.objects.filter(pk=refund_id).exists():
        raise Http404
    if refund is None:
        messages.info(request, "Somebody has dealt with this refund already.")
        return HttpResponseRedirect(reverse("admin:payments_refund_queue"))
    form = solution.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _solve(request, refund, solution, form.cleaned_data)
    amount = format_minor(refund.amount_minor, refund.payment.currency)
    context = {
        "title": solution.question, "question": solution.question, "button": solution.button,
        "consequence": solution.consequence.format(amount=amount), "booking": refund.payment.booking, "form": form,
        "facts": [("Amount", amount), ("Refund", refund.provider_ref), ("Why", refund.failure_reason or "–")],
        "back_url": reverse("admin:payments_refund_queue"),
    }  # fmt: skip
    return _page(request, context, 422 if form.is_bound else 200)


def _solve(request: HttpRequest, refund: Refund, solution: Solution, chosen: dict[str, Any]) -> HttpResponse:
    try:
        solution.solve(refund_id=refund.pk, actor=member_actor(request.user), **chosen)
    except BookingError as error:
        messages.error(request, f"{error.message} Nothing was changed.")
    else:
        messages.success(request, solution.done)
    return HttpResponseRedirect(reverse("admin:payments_refund_queue"))


# --- paid past the providers ------------------------------------------------------------------------------------


def record_offline(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Record money a guest paid past the providers; a booking paid in full then stands."""
    booking = get_object_or_404(Booking.objects.select_related("venue", "room"), pk=booking_id)
    if request.method != "POST" and not manual.may_record(booking):
        messages.warning(request, "Nothing is left to be paid for this booking.")
        return _back(booking)
    missing = max(manual_records.missing_minor(booking), 0)
    data = request.POST if request.method == "POST" else None
    form = OfflineForm(data, currency=booking.currency, most_minor=missing)
    if form.is_valid() and (done := _record(request, booking, form)):
        return done
    context = {
        "title": "Record a payment", "question": "Record a payment made by hand", "button": "Record the payment",
        "consequence": "Once all is paid the booking stands and its guest gets the confirmation. No card is charged.",
        "facts": [("Still to be paid", format_minor(missing, booking.currency))], "booking": booking, "form": form,
    }  # fmt: skip
    return _page(request, context, 422 if form.is_bound else 200)


def _record(request: HttpRequest, booking: Booking, form: OfflineForm) -> HttpResponse | None:
    chosen = form.cleaned_data
    try:
        pay_by_credit.close_page(booking.pk)
        manual.record(
            booking_id=booking.pk, actor=member_actor(request.user), amount_minor=chosen["amount"],
            method=chosen["method"], reference=chosen["reference"], received_date=chosen["received_date"],
        )  # fmt: skip
    except Refusal as error:
        form.add_error(error.field or None, error.message)
        return None
    messages.success(request, "The payment is recorded.")
    return _back(booking)


# --- shared -----------------------------------------------------------------------------------------------------


def _booking(request: HttpRequest, booking_id: int) -> Booking:
    """Return a booking whose money the person may move: 404 to strangers, 403 to clerks."""
    rows = Booking.objects.of_venues_of(person_of(request)).select_related("venue", "room")
    booking = get_object_or_404(rows, pk=booking_id)
    if not may_manage(request.user, booking.venue):
        raise PermissionDenied
    return booking


def _page(
    request: HttpRequest, context: dict[str, Any], status: int = 200, *, template: str = ACT
) -> HttpResponse:
    whole = {**admin.site.each_context(request), "opts": Refund._meta, **context}
    if booking := context.get("booking"):
        whole |= {"original": booking, "stay": host_phrases.write_stay(booking)}
        whole.setdefault("back_url", _url(booking))
    return TemplateResponse(request, template, whole, status=status)


def _back(booking: Booking) -> HttpResponseRedirect:
    return HttpResponseRedirect(_url(booking))


def _url(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])
