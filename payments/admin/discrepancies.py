"""Differences between our books and the providers', each with its cause and one button; and the comparisons made."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.admin_tools.base import DaysFilter, PlatformAdmin
from accounts.admin_tools.confirm import Question, ReasonForm, asked, note, reason_field, staff_only
from core import clock, dates
from core.money import format_minor
from payments.admin.display import link_to, pill
from payments.admin.mode import HasMode, ModeFilter
from payments.admin.webhook_events import payment_link
from payments.models import Drift, ReconciliationRun
from payments.reconciliation import runs
from payments.reconciliation import services as discrepancies
from payments.reconciliation.fixes import CannotMend

DRIFT_TONES = {"open": "bad", "mended": "good", "dismissed": "quiet"}


@admin.register(Drift)
class DriftAdmin(HasMode, PlatformAdmin[Drift]):
    """What differs, found by a comparison or done in a provider's dashboard; mended by a button or set aside."""

    list_display = (
        "what", "state_pill", "booking_link", "ours", "theirs", "amount", "whose", "mode", "found_at", "mend_link",
    )  # fmt: skip
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("provider", ChoicesDropdownFilter),
        ModeFilter,
        ("found_at", DaysFilter),
    )
    search_fields = ("booking__reference", "payment__booking__reference", "provider_ref")
    search_help_text = "Booking or the provider's reference"
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drift]:
        return (
            super()
            .get_queryset(request)
            .select_related("booking", "payment__booking", "closed_by", "account__venue")
        )

    def get_urls(self) -> list[URLPattern]:
        def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_site.admin_view(staff_only(view))

        own = [
            path("<int:pk>/mend/", wrap(require_POST(self.mend_view)), name="payments_drift_mend"),
            path(
                "<int:pk>/set-aside/",
                wrap(require_POST(self.set_aside_view)),
                name="payments_drift_set_aside",
            ),
        ]
        return own + super().get_urls()

    # --- pages

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> TemplateResponse:
        """The difference, its cause, and what can be done about it; not a form."""
        drift = self.get_object(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self._page(request, drift, _reason_form())

    def _page(
        self, request: HttpRequest, drift: Drift, form: ReasonForm, *, status: int = 200
    ) -> TemplateResponse:
        context = {
            **admin.site.each_context(request),
            "title": drift.get_kind_display(),
            "opts": Drift._meta,
            "original": drift,
            "drift": drift,
            "pill": self.state_pill(drift),
            "booking": self.booking_link(drift),
            "payment": payment_link(drift.payment) if drift.payment else "–",
            "amount": self.amount(drift),
            "whose": self.whose(drift),
            "mode": self.mode(drift),
            "mend": discrepancies.MENDS[drift.kind] if drift.state == "open" else None,
            "record_url": reverse("admin:payments_offlinepayment_record", args=[drift.booking_id])
            if drift.kind == Drift.Kind.FEE
            else "",
            "form": form,
        }
        return TemplateResponse(request, "admin/payments/drift.html", context, status=status)

    def mend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Press the button."""
        drift = self.get_object(request, str(pk))
        try:
            drift = discrepancies.mend(drift.pk, by=request.user)
        except CannotMend as reason:
            note(request, drift, f"Tried to mend: {reason}")
            self.message_user(request, f"Not mended. {reason}", messages.ERROR)
        else:
            note(request, drift, f"Mended: {drift.note}")
            self.message_user(request, drift.note, messages.SUCCESS)
        return HttpResponseRedirect(_drift_url(drift))

    def set_aside_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close it with a reason; nothing else happens."""
        drift = self.get_object(request, str(pk))
        form = _reason_form(request.POST)
        if not form.is_valid():
            return self._page(request, drift, form, status=422)
        drift = discrepancies.set_aside(drift.pk, note=form.cleaned_data["reason"], by=request.user)
        note(request, drift, f"Set aside: {drift.note}")
        self.message_user(request, "Set aside.", messages.SUCCESS)
        return HttpResponseRedirect(_drift_url(drift))

    # --- columns

    @display(description="Difference", ordering="kind")
    def what(self, drift: Drift) -> str:
        return drift.get_kind_display()

    @display(description="State", ordering="state")
    def state_pill(self, drift: Drift) -> SafeString:
        tone = DRIFT_TONES[drift.state]
        return format_html('<span class="rh-pill rh-{}">{}</span>', tone, drift.get_state_display())

    @display(description="Booking")
    def booking_link(self, drift: Drift) -> SafeString | str:
        booking = drift.booking or (drift.payment.booking if drift.payment else None)
        return link_to(booking) if booking else "–"

    @display(description="More there", ordering="amount_minor")
    def amount(self, drift: Drift) -> str:
        """What the provider has more than we, or less."""
        return format_minor(drift.amount_minor, drift.currency) if drift.amount_minor else "–"

    @display(description="Account")
    def whose(self, drift: Drift) -> str:
        return f"{drift.account.venue}: {drift.account}" if drift.account else "The platform’s"

    @display(description="To do")
    def mend_link(self, drift: Drift) -> SafeString | str:
        if drift.state != "open":
            return drift.note or "–"
        label = discrepancies.MENDS[drift.kind].label
        return format_html('<a class="rh-link" href="{}">{}</a>', _drift_url(drift), label)


def _reason_form(data: Any = None) -> ReasonForm:
    return ReasonForm(reason_field("Why nothing is to be done", most=200), data)


def _drift_url(drift: Drift) -> str:
    return reverse("admin:payments_drift_change", args=[drift.pk])


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(HasMode, PlatformAdmin[ReconciliationRun]):
    """The comparisons made, and one more when staff ask for it."""

    list_display = ("provider", "mode", "state", "period", "compared", "found", "started_at", "finished_at")
    list_filter = (("provider", ChoicesDropdownFilter), ModeFilter, ("started_at", DaysFilter))
    ordering = ("-pk",)
    fields = (
        "provider",
        "mode",
        "state",
        "period",
        "compared",
        "found",
        "error",
        "started_at",
        "finished_at",
    )
    readonly_fields = ("mode", "state", "period")
    actions_list = ("open_compare",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(staff_only(self.compare_view))
        return [path("compare/", view, name="payments_reconciliationrun_compare"), *super().get_urls()]

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Ask, and begin a comparison with each provider; a worker makes it."""
        days = runs.NIGHTLY_SPAN.days

        def do(_reason: str) -> HttpResponse:
            now = clock.now()
            for provider in runs.providers_to_compare():
                run = runs.begin(provider, now - runs.NIGHTLY_SPAN, now)
                note(request, run, "Begun by hand")
            self.message_user(request, "Begun; reload in a minute to see what came of it.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:payments_reconciliationrun_changelist"))

        question = Question(
            "Compare with the providers now?",
            f"All payments of the last {days} days and all that are open are compared both ways. What looking again "
            "can heal is healed; the rest is listed under Differences.",
            "Compare now", reverse("admin:payments_reconciliationrun_changelist"),
        )  # fmt: skip
        return asked(request, question, do)

    @action(description="Compare now…", url_path="compare-now", permissions=["view"])
    def open_compare(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:payments_reconciliationrun_compare"))

    @display(description="State")
    def state(self, run: ReconciliationRun) -> SafeString:
        if run.finished_at:
            return pill("done", "Done")
        return pill("unknown", "Stopped, goes on") if run.error else pill("open", "Under way")

    @display(description="Period (UTC)")
    def period(self, run: ReconciliationRun) -> str:
        return dates.staff_span(run.since, run.until, dates.UTC)
