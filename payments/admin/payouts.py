"""Payouts, their runs, the ledger and its checkpoints in the admin: to look at; services do what is done."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypedDict

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.admin_tools.base import DaysFilter, PlatformAdmin
from accounts.admin_tools.confirm import staff_only
from accounts.signed_in import person_of
from core.money import format_minor
from payments.admin import payout_pages
from payments.admin.display import figures, link_to, pill
from payments.admin.mode import HasMode, ModeFilter
from payments.admin.sums import RowSums, SummedList
from payments.models import LedgerCheckpoint, Payout, PayoutFile, PayoutLine, PayoutRun, PayoutSkip
from payments.payouts import funds as payout_funds
from rooms.team.admin_access import OwnRowsFilter, ReadOnlyAdmin, ReadOnlyInline

TONES = {
    "ready": "held",
    "sending": "held",
    "waiting": "bad",
    "paid": "good",
    "failed": "bad",
    "returned": "bad",
}

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class Counts(TypedDict):
        n_made: int
        n_skipped: int

    CountedRun = WithAnnotations[PayoutRun, Counts]


def payout_pill(payout: Payout) -> SafeString:
    return format_html(
        '<span class="rh-pill rh-{}">{}</span>', TONES[payout.status], payout.get_status_display()
    )


class LineInline(ReadOnlyInline):
    model = PayoutLine
    fields = ("booking_link", "amount")
    readonly_fields = ("booking_link", "amount")
    verbose_name_plural = "bookings it pays for"
    hide_title = True
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutLine]:
        return super().get_queryset(request).select_related("booking").order_by("booking__starts_at", "pk")

    @display(description="Booking")
    def booking_link(self, line: PayoutLine) -> SafeString:
        return link_to(line.booking)

    @display(description="Amount")
    def amount(self, line: PayoutLine) -> SafeString:
        return figures(line.amount_minor, line.payout.currency)


@admin.register(Payout)
class PayoutAdmin(SummedList, HasMode, ReadOnlyAdmin[Payout]):
    """Money on its way to venues; hosts see their own, staff export and mark them."""

    sum_label, sum_where = "Paid, or on its way", ~Q(status__in=Payout.UNDONE)

    list_display = (
        "state",
        "mode",
        "venue",
        "amount",
        "method",
        "destination_end",
        "created_at",
        "closed_at",
    )
    list_display_links = ("state",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        ModeFilter,
        ("venue", OwnRowsFilter),
        ("run", OwnRowsFilter),
        ("created_at", DaysFilter),
    )
    search_fields = ("key", "provider_ref", "venue__name")
    search_help_text = "Venue, key, or the bank file's id"
    ordering = ("-pk",)
    fields = (
        "state", "venue", "amount", "method", "destination_end", "key", "file", "error",
        ("created_at", "sent_at", "closed_at"), "closed_by_name",
    )  # fmt: skip
    readonly_fields = ("state", "amount", "destination_end", "file", "closed_by_name")
    inlines = (LineInline,)
    actions = ("export_xml", "export_csv", "mark_paid", "mark_failed", "mark_returned")
    actions_list = ("open_earnings", "open_new_run")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        return super().get_queryset(request).select_related("venue", "closed_by")

    def get_fields(self, request: HttpRequest, obj: Payout | None = None) -> list:
        hidden = () if person_of(request).is_platform_staff else ("file", "closed_by_name")
        return [field for field in self.fields if field not in hidden]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = payout_pages
        own = [
            path("earnings/", wrap(self._seen(pages.earnings)), name="payments_payout_earnings"),
            path(
                "earnings/<int:venue_id>/", wrap(self._seen(pages.earnings_of)),
                name="payments_payout_earnings_of",
            ),
            path(
                "statement/<int:venue_id>/", wrap(self._seen(pages.statement_page)),
                name="payments_payout_statement",
            ),
            path("new-run/", wrap(staff_only(pages.new_run)), name="payments_payout_new_run"),
            path(
                "file/<slug:message_id>.<slug:form>", wrap(staff_only(pages.export_again)),
                name="payments_payout_file",
            ),
        ]  # fmt: skip
        return own + super().get_urls()

    def _seen(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """Let in whoever may see payouts at all; the pages then look at the venue."""

        def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    def has_pay_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return person_of(request).is_platform_staff

    @action(description="Earnings and statements", url_path="see-earnings", permissions=["view"])
    def open_earnings(self, request: HttpRequest) -> HttpResponse:
        return payout_pages.earnings(request)

    @action(description="Pay venues…", url_path="begin-run", permissions=["pay"])
    def open_new_run(self, request: HttpRequest) -> HttpResponse:
        return payout_pages.new_run(request)

    @admin.action(description="Bank file (ISO 20022)", permissions=["pay"])
    def export_xml(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return payout_pages.export(request, queryset, "xml")

    @admin.action(description="Bank file (CSV)", permissions=["pay"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return payout_pages.export(request, queryset, "csv")

    @admin.action(description="Mark as paid…", permissions=["pay"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return payout_pages.mark(request, queryset, "paid")

    @admin.action(description="Mark as failed…", permissions=["pay"])
    def mark_failed(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return payout_pages.mark(request, queryset, "failed")

    @admin.action(description="Mark as returned…", permissions=["pay"])
    def mark_returned(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return payout_pages.mark(request, queryset, "returned")

    # --- columns

    @display(description="Status", ordering="status")
    def state(self, payout: Payout) -> SafeString:
        return payout_pill(payout)

    @display(description="Amount", ordering="amount_minor")
    def amount(self, payout: Payout) -> SafeString:
        return figures(payout.amount_minor, payout.currency)

    @display(description="To")
    def destination_end(self, payout: Payout) -> str:
        return payout.destination if payout.method == Payout.Method.STRIPE else f"…{payout.destination}"

    @display(description="Sent as")
    def file(self, payout: Payout) -> SafeString | str:
        if payout.method != Payout.Method.BANK or not payout.provider_ref:
            return payout.provider_ref or "–"
        kept = PayoutFile.objects.filter(message_id=payout.provider_ref).only("name").first()
        if kept is None:  # sent before files were kept
            return payout.provider_ref
        url = reverse("admin:payments_payout_file", args=kept.name.rsplit(".", 1))
        return format_html('<a class="rh-link" href="{}">{}</a>', url, kept.name)

    @display(description="Closed by")
    def closed_by_name(self, payout: Payout) -> str:
        return str(payout.closed_by) if payout.closed_by else "–"


class SkipInline(ReadOnlyInline):
    model = PayoutSkip
    fields = ("venue", "amount", "reason")
    readonly_fields = ("amount",)
    verbose_name_plural = "venues left unpaid"
    hide_title = True
    per_page = 50

    @display(description="Due")
    def amount(self, skip: PayoutSkip) -> SafeString:
        return figures(skip.amount_minor, skip.currency)


@admin.register(PayoutRun)
class PayoutRunAdmin(RowSums, HasMode, PlatformAdmin[PayoutRun]):
    """Rounds over all venues: what each made, and whom it left unpaid and why."""

    list_display = (
        "cutoff_at",
        "mode",
        "state",
        "made",
        "amounts",
        "left_unpaid",
        "started_by",
        "finished_at",
    )
    list_filter = (ModeFilter,)
    ordering = ("-pk",)
    fields = (
        "cutoff_at",
        "mode",
        "state",
        "made",
        "amounts",
        "left_unpaid",
        "started_at",
        "finished_at",
        "started_by",
        "balance",
    )
    readonly_fields = ("mode", "state", "made", "amounts", "left_unpaid", "balance")
    inlines = (SkipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutRun]:
        rows = super().get_queryset(request).select_related("started_by")
        return rows.annotate(n_made=Count("payouts", distinct=True), n_skipped=Count("skips", distinct=True))

    @display(description="State")
    def state(self, run: PayoutRun) -> SafeString:
        return pill("done", "Done") if run.finished_at else pill("open", "Under way")

    @display(description="Payouts", ordering="n_made")
    def made(self, run: "CountedRun") -> SafeString:
        url = f"{reverse('admin:payments_payout_changelist')}?run__id__exact={run.pk}"
        return format_html('<a class="rh-link" href="{}">{}</a>', url, run.n_made)

    @display(description="Paid, or on its way")
    def amounts(self, run: PayoutRun) -> SafeString:
        return self.write_sums(run)

    def sums_of_rows(self, keys: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
        """A run has one mode: its payouts are all of real money, or all of test money."""
        rows = Payout.objects.filter(run__in=keys).exclude(status__in=Payout.UNDONE)
        found: dict[int, list[tuple[str, int]]] = {}
        for run_id, currency, amount in (
            rows.order_by("run", "currency").values_list("run", "currency").annotate(Sum("amount_minor"))
        ):
            found.setdefault(run_id, []).append((currency, amount))
        return found

    @display(description="Balance at Stripe")
    def balance(self, run: PayoutRun) -> str:
        """What it was as the run began, and what it did not cover."""
        funds = run.funds or {}
        sums = [format_minor(amount, currency) for currency, amount in funds.get("available", {}).items()]
        return " · ".join([*sums, *payout_funds.warnings(funds, {})]) or "not needed"

    @display(description="Left unpaid", ordering="n_skipped")
    def left_unpaid(self, run: "CountedRun") -> int:
        return run.n_skipped


@admin.register(LedgerCheckpoint)
class LedgerCheckpointAdmin(HasMode, PlatformAdmin[LedgerCheckpoint]):
    """Balances summed twice and found equal; one that differed has no time of checking."""

    list_display = ("venue", "mode", "account", "balance", "up_to_entry", "verified_at")
    list_filter = (("account", ChoicesDropdownFilter), ModeFilter)
    list_select_related = ("venue",)
    search_fields = ("venue__name",)
    ordering = ("-pk",)
    fields = ("venue", "mode", "account", "balance", "up_to_entry", "created_at", "verified_at")
    readonly_fields = ("mode", "balance")

    @display(description="Balance", ordering="balance_minor")
    def balance(self, checkpoint: LedgerCheckpoint) -> SafeString:
        return figures(checkpoint.balance_minor, checkpoint.currency)
