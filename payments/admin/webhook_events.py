"""The console of providers' messages: what came, what became of it, and asking for it again. For staff alone."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from accounts.admin_tools.base import DaysFilter, PlatformAdmin
from accounts.admin_tools.confirm import Question, asked, note, staff_only
from core import clock
from core.queue import ring_now
from payments.admin.display import as_json, link_to, pill
from payments.models import Payment, WebhookEvent
from payments.webhooks import services as webhooks
from payments.webhooks.masking import masked_text

# Each is a look at the provider; more at once would be a flood.
MOST_AT_ONCE = 50
PARKED_SHOWN = 50
LOOKS_AGAIN = (
    "The provider is asked again and what it says is applied, as if the message had just come. "
    "What is right already stays as it is; a look within the last seconds counts."
)
# Groups of types that belong together, as the providers name them.
FAMILIES = (
    ("checkout.session.", "Pay page"), ("payment_intent.", "Payment"), ("charge.dispute.", "Dispute"),
    ("charge.", "Charge"), ("refund.", "Refund"), ("transfer.", "Transfer"), ("account.", "Account"),
    ("payout.", "Payout of the provider"), ("octo.", "Octo's callback"),
)  # fmt: skip
AGES = {
    "hour": ("In the last hour", dt.timedelta(hours=1)),
    "day": ("In the last day", dt.timedelta(days=1)),
    "week": ("In the last week", dt.timedelta(days=7)),
}


class TypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return FAMILIES

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        known = dict(FAMILIES)
        return queryset.filter(type__startswith=self.value()) if self.value() in known else queryset


class AgeFilter(DropdownFilter):
    title = "age"
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            *((key, words) for key, (words, _span) in AGES.items()),
            ("stuck", "Waiting for over an hour"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = clock.now()
        if self.value() == "stuck":
            return queryset.filter(outcome="waiting", received_at__lt=now - dt.timedelta(hours=1))
        age = AGES.get(self.value() or "")
        return queryset.filter(received_at__gte=now - age[1]) if age else queryset


@admin.register(WebhookEvent)
class WebhookEventAdmin(PlatformAdmin[WebhookEvent]):
    """What providers sent, personal data hidden; to be processed again, never to be changed."""

    list_display = ("came", "state", "booking_link", "attempts", "next_try", "what", "received_at")
    list_display_links = ("came",)
    list_filter = (
        ("provider", ChoicesDropdownFilter),
        TypeFilter,
        ("outcome", ChoicesDropdownFilter),
        AgeFilter,
        ("received_at", DaysFilter),
    )
    search_fields = ("event_id", "type", "payment__booking__reference", "payment__provider_ref")
    search_help_text = "Event, type, booking or the provider's payment"
    ordering = ("-pk",)
    actions = ("replay_selected",)
    actions_list = ("open_parked",)
    actions_detail = ("open_replay", "open_ignore")
    fields = (
        ("type", "state"), ("provider", "event_id"), ("booking_link", "payment_link"), "what",
        ("attempts", "next_try"), ("received_at", "processed_at", "replayed_at"), "message",
    )  # fmt: skip
    readonly_fields = ("state", "booking_link", "payment_link", "what", "next_try", "message")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        return super().get_queryset(request).select_related("payment__booking").defer("payload")

    def get_urls(self) -> list[URLPattern]:
        def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_site.admin_view(staff_only(view))

        own = [
            path("parked/", wrap(self.parked_view), name="payments_webhookevent_parked"),
            path("<int:pk>/replay/", wrap(self.replay_view), name="payments_webhookevent_replay"),
            path("<int:pk>/ignore/", wrap(self.ignore_view), name="payments_webhookevent_ignore"),
        ]
        return own + super().get_urls()

    # --- pages

    def parked_view(self, request: HttpRequest) -> HttpResponse:
        """Messages nobody could process: the oldest first, each with its reason and what can be done."""
        rows = list(
            self.get_queryset(request)
            .filter(outcome="parked")
            .order_by("received_at", "pk")[: PARKED_SHOWN + 1]
        )
        context = {
            **admin.site.each_context(request),
            "title": "Messages that wait for staff",
            "rows": [_parked(event) for event in rows[:PARKED_SHOWN]],
            "has_more": len(rows) > PARKED_SHOWN,
            "list_url": reverse("admin:payments_webhookevent_changelist"),
        }
        return TemplateResponse(request, "admin/payments/parked.html", context)

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Process one message again, now."""
        event = self.get_object(request, str(pk))

        def do(_reason: str) -> HttpResponse:
            webhooks.replay(event.pk)
            note(request, event, "Processed again")
            webhooks.process(event.pk)
            event.refresh_from_db()
            level = messages.SUCCESS if event.outcome == "processed" else messages.WARNING
            self.message_user(
                request, f"{event.get_outcome_display()}. {masked_text(event.note)}".strip(), level
            )
            return HttpResponseRedirect(_page(event))

        question = Question(
            "Process this message again?", LOOKS_AGAIN, "Process again", _page(event), _facts(event)
        )
        return asked(request, question, do)

    def ignore_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Set a parked message aside, with a reason."""
        event = self.get_object(request, str(pk))

        def do(reason: str) -> HttpResponse:
            if webhooks.ignore(event.pk, reason):
                note(request, event, f"Ignored: {reason}")
                self.message_user(request, "Ignored.", messages.SUCCESS)
            else:
                self.message_user(
                    request, "It waits for nobody any more; nothing was changed.", messages.WARNING
                )
            return HttpResponseRedirect(reverse("admin:payments_webhookevent_parked"))

        question = Question(
            "Ignore this message?", "It stays in the list, and nobody is asked about it again.", "Ignore",
            _page(event), _facts(event), reason="Why nothing is to be done",
        )  # fmt: skip
        return asked(request, question, do)

    # --- actions

    @admin.action(description="Process again", permissions=["view"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        rows = list(queryset.order_by("pk")[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            self.message_user(request, f"At most {MOST_AT_ONCE} at once; nothing was done.", messages.ERROR)
            return
        for event in rows:
            webhooks.replay(event.pk)
            note(request, event, "Processed again")
            ring_now("payments.tasks.process_webhook", event.pk)
        self.message_user(request, f"{len(rows)} to be processed again.", messages.SUCCESS)

    @action(description="Waiting for staff", url_path="waiting-for-staff", permissions=["view"])
    def open_parked(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:payments_webhookevent_parked"))

    @action(description="Process again…", url_path="ask-replay", permissions=["view"])
    def open_replay(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:payments_webhookevent_replay", args=[object_id]))

    @action(description="Ignore…", url_path="ask-ignore", permissions=["view"])
    def open_ignore(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:payments_webhookevent_ignore", args=[object_id]))

    # --- columns

    @display(description="Message", ordering="type")
    def came(self, event: WebhookEvent) -> SafeString:
        second = f"{event.get_provider_display()} {event.event_id}"
        return format_html('<span class="rh-two"><b>{}</b><small>{}</small></span>', event.type, second)

    @display(description="Outcome", ordering="outcome")
    def state(self, event: WebhookEvent) -> SafeString:
        return pill(event.outcome, event.get_outcome_display())

    @display(description="Booking")
    def booking_link(self, event: WebhookEvent) -> SafeString | str:
        return link_to(event.payment.booking) if event.payment else "–"

    @display(description="Payment")
    def payment_link(self, event: WebhookEvent) -> SafeString | str:
        return payment_link(event.payment) if event.payment else "–"

    @display(description="Next try")
    def next_try(self, event: WebhookEvent) -> dt.datetime | str:
        return event.next_attempt_at if event.outcome == "waiting" else "–"

    @display(description="Note")
    def what(self, event: WebhookEvent) -> str:
        return masked_text(event.note) or "–"

    @display(description="Message, personal data hidden")
    def message(self, event: WebhookEvent) -> SafeString:
        return as_json(event.payload)


def payment_link(payment: Payment) -> SafeString:
    url = reverse("admin:payments_payment_change", args=[payment.pk])
    return format_html(
        '<a class="rh-link" href="{}">{}</a>', url, payment.provider_ref or f"payment {payment.n}"
    )


def _page(event: WebhookEvent) -> str:
    return reverse("admin:payments_webhookevent_change", args=[event.pk])


def _facts(event: WebhookEvent) -> list[tuple[str, Any]]:
    return [
        ("Type", event.type), ("From", event.get_provider_display()), ("Event", event.event_id),
        ("Booking", event.payment.booking.reference if event.payment else ""),
        ("Outcome", event.get_outcome_display()), ("Note", masked_text(event.note)),
    ]  # fmt: skip


def _parked(event: WebhookEvent) -> dict[str, Any]:
    return {
        "event": event,
        "note": masked_text(event.note),
        "url": _page(event),
        "booking": link_to(event.payment.booking) if event.payment else "",
        "replay_url": reverse("admin:payments_webhookevent_replay", args=[event.pk]),
        "ignore_url": reverse("admin:payments_webhookevent_ignore", args=[event.pk]),
    }
