"""Refunds, credits and payments made by hand in the admin."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.admin_tools.base import PlatformAdmin
from accounts.admin_tools.confirm import staff_only
from accounts.signed_in import person_of
from payments.admin import refund_pages
from payments.admin.display import figures, link_to, pill
from payments.admin.mode import HasMode, ModeFilter
from payments.admin.sums import SummedList
from payments.credits import services as credits
from payments.models import Credit, OfflinePayment, Refund
from rooms.team.admin_access import OwnRowsFilter, ReadOnlyAdmin


@admin.register(Refund)
class RefundAdmin(SummedList, HasMode, ReadOnlyAdmin[Refund]):
    """Refunds to look at; the pages where they are given, and where a failed one is dealt with."""

    sum_label, sum_where = "Given back, or on its way", ~Q(status=Refund.Status.FAILED)
    money_path = "payment"

    venue_path = "payment__booking__venue"
    mode_path = "payment__is_live"
    list_display = (
        "state", "mode", "booking_link", "amount", "channel", "provider_ref", "created_at", "settled_at",
    )  # fmt: skip
    list_display_links = ("state",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ModeFilter,
        ("payment__booking__venue", OwnRowsFilter),
    )
    search_fields = ("provider_ref", "bank_reference", "payment__booking__reference")
    ordering = ("-created_at", "-pk")
    fields = (
        "state", "mode", "booking_link", "amount", "channel", "provider_ref", "bank_reference", "failure_reason",
        "solution", "solved_at", "created_at", "settled_at",
    )  # fmt: skip
    readonly_fields = ("state", "mode", "booking_link", "amount")
    actions_list = ("open_queue",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        return super().get_queryset(request).select_related("payment__booking__venue")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("give/<int:booking_id>/", wrap(refund_pages.give), name="payments_refund_give"),
            path("queue/", wrap(staff_only(refund_pages.queue)), name="payments_refund_queue"),
            path(
                "<int:refund_id>/solve/<slug:how>/",
                wrap(staff_only(refund_pages.solve)),
                name="payments_refund_solve",
            ),
        ]
        return own + super().get_urls()

    def has_queue_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return person_of(request).is_platform_staff

    @action(description="Waiting for us", url_path="waiting", permissions=["queue"])
    def open_queue(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:payments_refund_queue"))

    @display(description="Status", ordering="status")
    def state(self, refund: Refund) -> SafeString:
        return pill(refund.status, refund.get_status_display())

    @display(description="Booking")
    def booking_link(self, refund: Refund) -> SafeString:
        return link_to(refund.payment.booking)

    @display(description="Amount", ordering="amount_minor")
    def amount(self, refund: Refund) -> SafeString:
        return figures(refund.amount_minor, refund.payment.currency)


@admin.register(Credit)
class CreditAdmin(SummedList, HasMode, PlatformAdmin[Credit]):
    """Credits of guests; a code is money, so only its end is shown."""

    sum_of, sum_label = "left_now", "Left to be spent"

    list_display = ("ends_in", "mode", "booking_link", "amount", "left", "reason", "created_at")
    list_display_links = ("ends_in",)
    list_filter = (ModeFilter,)
    search_fields = ("booking__reference", "guest_email")
    ordering = ("-pk",)
    fields = (
        "ends_in",
        "mode",
        "booking_link",
        "guest_email",
        "amount",
        "left",
        "reason",
        "given_by",
        "expires_at",
        "created_at",
    )
    readonly_fields = ("ends_in", "mode", "booking_link", "amount", "left")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credit]:
        return credits.with_left(super().get_queryset(request)).select_related("booking")

    @display(description="Code")
    def ends_in(self, credit: Credit) -> str:
        return f"…{credit.code[-4:]}"

    @display(description="Given for")
    def booking_link(self, credit: Credit) -> SafeString:
        return link_to(credit.booking)

    @display(description="Amount", ordering="amount_minor")
    def amount(self, credit: Credit) -> SafeString:
        return figures(credit.amount_minor, credit.currency)

    @display(description="Left")
    def left(self, credit: "credits.Counted") -> SafeString:
        return figures(credit.left_now, credit.currency)


@admin.register(OfflinePayment)
class OfflinePaymentAdmin(HasMode, PlatformAdmin[OfflinePayment]):
    """What was paid past the providers; it is recorded on a booking's page."""

    mode_path = "payment__is_live"
    list_display = ("reference", "mode", "booking_link", "amount", "method", "received_date", "recorded_by")
    list_filter = (("method", ChoicesDropdownFilter), ModeFilter)
    search_fields = ("reference", "payment__booking__reference")
    ordering = ("-pk",)
    fields = (
        "reference", "mode", "booking_link", "amount", "method", "received_date", "recorded_by", "created_at",
    )  # fmt: skip
    readonly_fields = ("mode", "booking_link", "amount")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfflinePayment]:
        return super().get_queryset(request).select_related("payment__booking", "recorded_by")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(staff_only(refund_pages.record_offline))
        own = path("record/<int:booking_id>/", view, name="payments_offlinepayment_record")
        return [own, *super().get_urls()]

    @display(description="Booking")
    def booking_link(self, row: OfflinePayment) -> SafeString:
        return link_to(row.payment.booking)

    @display(description="Amount")
    def amount(self, row: OfflinePayment) -> SafeString:
        return figures(row.payment.amount_minor, row.payment.currency)
