"""Disputes in the admin: the list of cases by deadline, and each case's page with its answer and evidence pack.

Owners and managers of the venue see its cases and write the answer with staff; only staff send it, or give up.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from accounts.admin_tools.confirm import Question, asked, note, staff_only
from accounts.signed_in import person_of
from bookings.models import Booking
from core import clock
from core.money import format_minor
from payments.admin.display import figures, link_to
from payments.admin.mode import HasMode, ModeFilter
from payments.admin.sums import SummedList
from payments.disputes import evidence, evidence_pdf
from payments.disputes import services as dispute_services
from payments.disputes.display import TONES, AnswerForm, page_of, time_left
from payments.models import Dispute, PaymentOperation
from payments.providers.base import ProviderError
from rooms.team.admin_access import OwnRowsFilter, ReadOnlyAdmin

UNANSWERED = (
    "The provider did not answer. What became of it is found out by itself; please look again in a minute."
)


class OpenFilter(DropdownFilter):
    title = "case"
    parameter_name = "case"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("answer", "To be answered"), ("open", "Open"), ("over", "Over"))

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "answer":
            waiting = [Dispute.Status.INQUIRY, Dispute.Status.NEEDS_RESPONSE]
            return queryset.filter(status__in=waiting, submitted_at=None)
        if self.value() == "open":
            return queryset.filter(status__in=Dispute.OPEN)
        return queryset.exclude(status__in=Dispute.OPEN) if self.value() == "over" else queryset


@admin.register(Dispute)
class DisputeAdmin(SummedList, HasMode, ReadOnlyAdmin[Dispute]):
    """A case a bank has opened; what is written here goes to it."""

    sum_label, money_path = "Disputed", "payment"

    venue_path = "payment__booking__venue"
    mode_path = "payment__is_live"
    list_display = ("state", "mode", "booking_link", "amount", "reason_words", "answer_within", "opened_at")
    list_display_links = ("state",)
    list_filter = (
        OpenFilter,
        ("status", ChoicesDropdownFilter),
        ModeFilter,
        ("payment__booking__venue", OwnRowsFilter),
    )
    search_fields = ("provider_ref", "payment__booking__reference", "payment__provider_ref")
    search_help_text = "Booking, or the provider's reference"
    ordering = ("closed_at", "due_by", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        rows = super().get_queryset(request).defer("evidence_pdf")
        return rows.select_related("payment__booking__venue", "payment__booking__room", "submission")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/answer/", wrap(self.answer_view), name="payments_dispute_answer"),
            path("<int:pk>/accept/", wrap(staff_only(self.accept_view)), name="payments_dispute_accept"),
            path("<int:pk>/pack.pdf", wrap(require_GET(self.pack_view)), name="payments_dispute_pack"),
        ]
        return own + super().get_urls()

    # --- pages

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The case: deadline, money, reason and advice, its answer, and what happened."""
        dispute = self.get_object(request, object_id)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        return self._page(
            request, dispute, AnswerForm(initial=evidence.draft(dispute, dispute.payment.booking))
        )

    def _page(
        self, request: HttpRequest, dispute: Dispute, form: AnswerForm, *, status: int = 200
    ) -> TemplateResponse:
        booking = dispute.payment.booking
        context = {
            **admin.site.each_context(request),
            **page_of(dispute, booking, clock.now()),
            "title": f"Dispute of {booking.reference}",
            "opts": Dispute._meta,
            "original": dispute,
            "form": form,
            "is_staff": person_of(request).is_platform_staff,
            "texts": [
                (evidence.BY_NAME[name].label, text) for name, text in evidence.as_sent(dispute).items()
            ],
        }
        return TemplateResponse(request, "admin/payments/dispute.html", context, status=status)

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Save the answer's texts; staff also send it, once."""
        dispute = self.get_object(request, str(pk))
        if request.method != "POST":
            return redirect("admin:payments_dispute_change", pk)
        is_sending = "send" in request.POST
        if is_sending and not person_of(request).is_platform_staff:
            raise PermissionDenied
        form = AnswerForm(request.POST, is_sending=is_sending)
        if not form.is_valid():
            return self._page(request, dispute, form, status=422)
        try:
            if is_sending:
                self._send(request, dispute, form.texts())
            else:
                dispute_services.save_draft(dispute_id=dispute.pk, texts=form.texts())
                note(request, dispute, "Saved the answer's draft")
                messages.success(request, "Draft saved. Nothing was sent yet.")
        except dispute_services.CannotAnswer as error:
            messages.error(request, str(error))
        return _back(dispute)

    def _send(self, request: HttpRequest, dispute: Dispute, texts: dict[str, str]) -> None:
        note(request, dispute, "Sent the answer with its evidence pack")
        try:
            operation = dispute_services.submit(dispute_id=dispute.pk, texts=texts)
        except ProviderError:
            messages.warning(request, UNANSWERED)
        else:
            _tell(request, operation, "Sent. The bank decides next.")

    def accept_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask once more, then give the case up."""
        dispute = self.get_object(request, str(pk))
        if request.method != "POST" and (reason := dispute_services.why_not(dispute)):
            messages.warning(request, reason)
            return _back(dispute)
        amount = format_minor(dispute.amount_minor, dispute.payment.currency)
        question = Question(
            title="Accept this dispute?",
            consequence=f"{amount} stays with the guest, and the fee stays paid. This cannot be undone.",
            button="Accept the dispute",
            back_url=_case_url(dispute),
            facts=[
                ("Booking", dispute.payment.booking.reference),
                ("Guest", dispute.payment.booking.guest_name),
                ("Disputed", figures(dispute.amount_minor, dispute.payment.currency)),
            ],
            is_grave=True,
        )
        return asked(request, question, lambda _: self._accept(request, dispute))

    def _accept(self, request: HttpRequest, dispute: Dispute) -> HttpResponse:
        note(request, dispute, "Accepted the dispute")
        try:
            _tell(
                request,
                dispute_services.accept(dispute_id=dispute.pk),
                "Accepted. The money stays with the guest.",
            )
        except dispute_services.CannotAnswer as error:
            messages.error(request, str(error))
        except ProviderError:
            messages.warning(request, UNANSWERED)
        return _back(dispute)

    def pack_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The evidence pack: as it was sent, or as it would be sent now."""
        dispute = self.get_object(request, str(pk))
        booking: Booking = dispute.payment.booking
        if dispute.submitted_at and dispute.evidence_pdf:
            content = bytes(dispute.evidence_pdf)
        else:
            dispute.evidence = evidence.draft(dispute, booking)
            content = evidence_pdf.pack(dispute, booking)
        name = f"evidence-{booking.reference}.pdf"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(content, content_type="application/pdf", headers=headers)

    # --- columns

    @display(description="State", ordering="status")
    def state(self, dispute: Dispute) -> SafeString:
        tone = TONES[Dispute.Status(dispute.status)]
        return format_html('<span class="rh-pill rh-{}">{}</span>', tone, dispute.get_status_display())

    @display(description="Booking", ordering="payment__booking__reference")
    def booking_link(self, dispute: Dispute) -> SafeString:
        return link_to(dispute.payment.booking)

    @display(description="Disputed", ordering="amount_minor")
    def amount(self, dispute: Dispute) -> SafeString:
        return figures(dispute.amount_minor, dispute.payment.currency)

    @display(description="Reason", ordering="reason")
    def reason_words(self, dispute: Dispute) -> str:
        return dispute.reason.replace("_", " ").capitalize() or "–"

    @display(description="Time to answer", ordering="due_by")
    def answer_within(self, dispute: Dispute) -> SafeString | str:
        left = time_left(dispute, clock.now())
        if left is None:
            return "–"
        return format_html('<span class="rh-left rh-left-{}">{}</span>', left.tone, left.text)


def _tell(request: HttpRequest, operation: PaymentOperation, done: str) -> None:
    """Say what the provider made of a call: a refusal is shown in its words."""
    operation.refresh_from_db()
    if operation.state == PaymentOperation.State.REFUSED:
        messages.error(request, f"The provider refused it: {operation.error}")
    else:
        messages.success(request, done)


def _case_url(dispute: Dispute) -> str:
    return reverse("admin:payments_dispute_change", args=[dispute.pk])


def _back(dispute: Dispute) -> HttpResponseRedirect:
    return HttpResponseRedirect(_case_url(dispute))
