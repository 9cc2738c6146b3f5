"""Money in the admin: to look at, never to edit. Hosts see their venues' money, staff the works behind it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from accounts.admin_tools.base import DaysFilter, PlatformAdmin
from accounts.signed_in import person_of
from bookings.models import Booking
from bookings.search import found
from core.money import format_minor
from core.typed.phones import Digits
from payments.admin.display import as_json, figures, link_to, pill
from payments.admin.mode import HasMode, ModeFilter
from payments.admin.sums import SummedList
from payments.ledger import posting as ledger
from payments.models import (
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentOperation,
    Provider,
    Settlement,
)
from payments.search import payments_of
from rooms.team.admin_access import OwnRowsFilter, ReadOnlyAdmin, ReadOnlyInline, venue_ids


class MismatchFilter(DropdownFilter):
    title = "agreement"
    parameter_name = "agreement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("no", "Provider and booking disagree"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.exclude(mismatch="") if self.value() == "no" else queryset


@admin.register(Payment)
class PaymentAdmin(SummedList, HasMode, ReadOnlyAdmin[Payment]):
    sum_of, sum_label = "captured_minor", "Taken"
    venue_path = "booking__venue"
    list_display = ("state", "mode", "booking_link", "venue", "amount", "held", "taken", "created_at")
    list_display_links = ("state",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        MismatchFilter,
        ModeFilter,
        ("booking__venue", OwnRowsFilter),
        ("created_at", DaysFilter),
    )
    list_select_related = ("booking__venue",)
    search_fields = ("booking__reference",)
    search_help_text = "Guest, reference, phone, amount, card"
    ordering = ("-created_at", "-pk")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "booking_link",
                    ("provider", "mode", "n"),
                    "taken_by",
                    "state",
                    "is_two_stage",
                    "mismatch",
                )
            },
        ),
        ("Amounts", {"fields": (("amount", "held", "taken"),)}),
        (
            "At the provider",
            {
                "fields": (
                    "provider_ref",
                    "charge_ref",
                    "session_ref",
                    ("card_brand", "card_last4"),
                    "failure_code",
                )
            },
        ),
        (
            "Times",
            {
                "fields": (
                    ("created_at", "authorized_at", "captured_at"),
                    ("capture_before", "session_expires_at", "closed_at"),
                    ("synced_at", "next_sync_at"),
                )
            },
        ),
    )
    readonly_fields = ("booking_link", "taken_by", "mode", "state", "amount", "held", "taken")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        return super().get_queryset(request).select_related("booking__venue")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Payment], search_term: str
    ) -> tuple[QuerySet[Payment], bool]:
        """Find a payment by its own facts, or by those of its booking."""
        term = search_term.replace("\x00", "").strip()
        if not term:
            return queryset, False
        bookings = Booking.objects.alias(guest_phone_digits=Digits("guest_phone")).filter(found(term))
        return queryset.filter(payments_of(term) | Q(booking__in=bookings.values("pk"))), False

    @display(description="Status", ordering="status")
    def state(self, payment: Payment) -> SafeString:
        return pill(payment.status, payment.get_status_display())

    @display(description="Booking", ordering="booking__reference")
    def booking_link(self, payment: Payment) -> SafeString:
        return link_to(payment.booking)

    @display(description="Venue", ordering="booking__venue__name")
    def venue(self, payment: Payment) -> str:
        return payment.booking.venue.name

    @display(description="Account")
    def taken_by(self, payment: Payment) -> str:
        if payment.provider not in (Provider.STRIPE, Provider.OCTO):
            return "None: moved past the providers"
        return f"{payment.account}, the venue's own" if payment.account else "The platform's"

    @display(description="Amount", ordering="amount_minor")
    def amount(self, payment: Payment) -> SafeString:
        return figures(payment.amount_minor, payment.currency)

    @display(description="Held")
    def held(self, payment: Payment) -> SafeString:
        return figures(
            payment.authorized_minor if payment.status == Payment.Status.AUTHORIZED else 0, payment.currency
        )

    @display(description="Taken", ordering="captured_minor")
    def taken(self, payment: Payment) -> SafeString:
        return figures(payment.captured_minor, payment.currency)


class KindFilter(DropdownFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return tuple((kind, kind.replace("_", " ").capitalize()) for kind in ledger.KINDS)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(kind=self.value()) if self.value() in ledger.KINDS else queryset


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("account", "amount")
    readonly_fields = ("amount",)
    verbose_name_plural = "entries: they add up to zero"

    @display(description="Amount")
    def amount(self, entry: LedgerEntry) -> SafeString:
        return figures(entry.amount_minor, entry.currency)


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(HasMode, ReadOnlyAdmin[LedgerTransaction]):
    """Every movement: of a booking, or a payout's of no booking."""

    list_display = ("key", "mode", "words", "about", "entries_in_words", "created_at")
    list_filter = (KindFilter, ModeFilter, ("booking__venue", OwnRowsFilter), ("created_at", DaysFilter))
    search_fields = ("key", "booking__reference", "payout__key")
    ordering = ("-pk",)
    fields = ("key", "mode", "words", "about", "currency", "created_at")
    readonly_fields = ("mode", "words", "about")
    inlines = (EntryInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerTransaction]:
        rows = super().get_queryset(request)
        return rows.select_related("booking__venue", "payout__venue").prefetch_related("entries")

    def _at_venues(self, rows: QuerySet, request: HttpRequest, roles: frozenset) -> QuerySet:
        if person_of(request).is_platform_staff:
            return rows
        own = venue_ids(request.user, roles)
        return rows.filter(Q(booking__venue__in=own) | Q(payout__venue__in=own))

    def venue_id_of(self, obj: LedgerTransaction) -> int:
        subject = obj.booking or obj.payout
        assert subject is not None  # a row's constraint
        return subject.venue_id

    @display(description="Kind", ordering="kind")
    def words(self, movement: LedgerTransaction) -> str:
        return movement.words

    @display(description="About")
    def about(self, movement: LedgerTransaction) -> SafeString:
        if movement.booking:
            return link_to(movement.booking)
        url = reverse("admin:payments_payout_change", args=[movement.payout_id])
        return format_html('<a class="rh-link" href="{}">Payout</a>', url)

    @display(description="Entries")
    def entries_in_words(self, movement: LedgerTransaction) -> str:
        return ", ".join(
            f"{entry.get_account_display()} {format_minor(entry.amount_minor, entry.currency)}"
            for entry in movement.entries.all()
        )


@admin.register(PaymentOperation)
class PaymentOperationAdmin(PlatformAdmin[PaymentOperation]):
    list_display = ("key", "kind", "status", "attempts", "error_code", "created_at", "finished_at")
    list_filter = (("state", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    search_fields = ("key", "payment__booking__reference", "provider_request_id")
    ordering = ("-pk",)
    fields = (
        "key", "kind", "status", "booking_link", "parameters", "attempts", "lease_until", "error_code", "error",
        "provider_request_id", "created_at", "finished_at",
    )  # fmt: skip
    readonly_fields = ("status", "booking_link", "parameters")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PaymentOperation]:
        return super().get_queryset(request).select_related("payment__booking")

    @display(description="State", ordering="state")
    def status(self, operation: PaymentOperation) -> SafeString:
        return pill(operation.state, operation.get_state_display())

    @display(description="Booking")
    def booking_link(self, operation: PaymentOperation) -> SafeString:
        return link_to(operation.payment.booking)

    @display(description="Parameters")
    def parameters(self, operation: PaymentOperation) -> SafeString:
        return as_json(operation.params)


class DueFilter(DropdownFilter):
    title = "work"
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (
            ("due", "Something is to be done"),
            ("stuck", f"Tried {Settlement.ALARM_AFTER} times and failed"),
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "due":
            return queryset.filter(due_at__isnull=False)
        return queryset.filter(Settlement.STUCK) if self.value() == "stuck" else queryset


@admin.register(Settlement)
class SettlementAdmin(PlatformAdmin[Settlement]):
    """Bookings whose money may not be as it should yet, and why."""

    list_display = ("booking_link", "due_at", "attempts", "last_error")
    list_display_links = ("due_at",)
    list_filter = (DueFilter,)
    search_fields = ("booking__reference",)
    ordering = ("due_at", "-pk")
    fields = ("booking_link", "due_at", "attempts", "last_error")
    readonly_fields = ("booking_link",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Settlement]:
        return super().get_queryset(request).select_related("booking")

    @display(description="Booking")
    def booking_link(self, settlement: Settlement) -> SafeString:
        return link_to(settlement.booking)
