"""Payment settings in the admin: one page a venue, for its owners and managers, and for staff."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters
from unfold.decorators import display

from accounts.sign_in.stepup import lead_to_proof
from core import dates
from payments.admin.sums import RowSums
from payments.models import PayeeChange, PaymentSettings, VenuePayments
from payments.payouts.balance import owed_by_venue
from payments.payouts.payees import problem_of
from payments.phrases import KEYS_TRIED
from payments.venue_settings import services as venue_settings
from payments.venue_settings.forms import PaymentSettingsForm
from payments.venue_settings.payee_changes import OWNERS_ALONE, PayeeNotProven
from payments.venue_settings.services import InvalidSettings
from rooms.team.admin_access import MANAGERS, VenueScopedAdmin
from rooms.team.permissions import may

MOST_CHANGES = 20
BREAK = SafeString("<br>")
LEVELS = {"ok": messages.SUCCESS, "refused": messages.ERROR}


@admin.register(VenuePayments)
class VenuePaymentsAdmin(RowSums, VenueScopedAdmin[VenuePayments]):
    """Every venue, with or without saved settings; nothing of a key or an account is shown but its end."""

    venue_path = ""
    edit_roles = MANAGERS
    staff_may_edit = True
    form = PaymentSettingsForm
    readonly_fields = ("payee_account", "payee_history")
    list_display = ("name", "provider", "online", "payouts", "owed")
    search_fields = ("name", "slug")
    ordering = ("name",)
    change_form_outer_after_template = "admin/payments/try_keys.html"
    fieldsets = (
        (None, {"fields": ("takes_online_payment", "provider")}),
        (
            "Octo",
            {
                "fields": ("octo_shop_id", ("octo_secret", "octo_unique_key"), "octo_hold_minutes"),
                "description": "Keys are kept encrypted and not shown again.",
            },
        ),
        (
            "Payouts",
            {
                "fields": (
                    "payout_method", "account_holder", ("bank_account", "bank_code"), "stripe_account_ref",
                    "payee_account", "payout_minimum", "payee_history",
                )
            },
        ),
        (
            "Agreed with the platform",
            {"fields": (("platform_fee_percent", "processing_fee_bearer"), "payout_delay_hours")},
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[VenuePayments]:
        return super().get_queryset(request).select_related("payment_settings")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: VenuePayments | None = None) -> bool:
        return False

    def get_form(
        self, request: HttpRequest, obj: VenuePayments | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        form = super().get_form(request, obj, change, **kwargs)
        may_move = obj is not None and may(request.user, "payee", obj) and lead_to_proof(request) is None
        return type(form.__name__, (form,), {"user": request.user, "may_move_payee": may_move})

    def get_fieldsets(self, request: HttpRequest, obj: VenuePayments | None = None) -> list:
        """Say above the payee's fields why they are shut, and how an owner opens them."""
        told = _payee_note(request, obj) if obj else ""
        return [
            (name, {**options, "description": told} if name == "Payouts" and told else options)
            for name, options in super().get_fieldsets(request, obj)
        ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_keys)
        own = path("<int:venue_id>/try-keys/", view, name="payments_venuepayments_try_keys")
        return [own, *super().get_urls()]

    def sums_of_rows(self, keys: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
        return owed_by_venue(keys)

    @display(description="Owed to the venue")
    def owed(self, venue: VenuePayments) -> SafeString:
        return self.write_sums(venue)

    @method_decorator(sensitive_post_parameters("octo_secret", "octo_unique_key", "bank_account"))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: VenuePayments, form: PaymentSettingsForm, change: bool
    ) -> None:
        try:
            venue_settings.save(
                venue_id=obj.pk, changes=form.changes, user=request.user, is_proven=form.may_move_payee
            )
        except PayeeNotProven:  # somebody else moved the payee between our check and now
            messages.error(request, "Not saved: where the money goes was changed meanwhile. Look again.")
        except InvalidSettings as error:  # somebody else saved between our check and now
            messages.error(request, f"Not saved: {error}")

    def log_change(self, request: HttpRequest, obj: VenuePayments, message: Any) -> Any:
        """The service has noted it, for the API's callers, too."""

    def try_keys(self, request: HttpRequest, venue_id: int) -> HttpResponse:
        """Ask Octo whether it knows the keys as saved: changes nothing, here or there."""
        venue = self.get_object(request, str(venue_id))
        if request.method == "POST":
            if not self.has_change_permission(request, venue):
                raise PermissionDenied
            word = venue_settings.try_keys(venue)
            messages.add_message(request, LEVELS.get(word, messages.WARNING), KEYS_TRIED[word])
        return HttpResponseRedirect(reverse("admin:payments_venuepayments_change", args=[venue.pk]))

    # --- columns

    @display(description="What Stripe says of the account")
    def payee_account(self, venue: VenuePayments) -> str:
        row = _row(venue)
        if row.payout_method != PaymentSettings.Method.STRIPE:
            return "–"
        if row.stripe_account_checked_at is None:
            return "Not asked yet."
        asked = dates.staff_moment_in_zone(row.stripe_account_checked_at, venue.time_zone)
        return f"{row.stripe_account_problem or 'It can be paid.'} (asked {asked})"

    @display(description="Changes of where the money goes")
    def payee_history(self, venue: VenuePayments) -> SafeString | str:
        rows = PayeeChange.objects.filter(venue_id=venue.pk).select_related("changed_by")[:MOST_CHANGES]
        told = [
            (
                dates.staff_moment_in_zone(row.changed_at, venue.time_zone), row.changed_by, row.before or "nothing",
                row.after or "nothing", ", ".join(row.fields),
            )
            for row in rows
        ]  # fmt: skip
        return format_html_join(BREAK, "{}, {}: {} → {} ({})", told) or "None yet."

    @display(description="Provider")
    def provider(self, venue: VenuePayments) -> str:
        return _row(venue).get_provider_display()

    @display(description="Online payment", boolean=True, ordering="takes_online_payment")
    def online(self, venue: VenuePayments) -> bool:
        return venue.takes_online_payment

    @display(description="Payouts")
    def payouts(self, venue: VenuePayments) -> str:
        row = _row(venue)
        return f"{row.get_payout_method_display()}{': not payable' if problem_of(row) else ''}"


def _payee_note(request: HttpRequest, venue: VenuePayments) -> SafeString | str:
    if not may(request.user, "payee", venue):
        return OWNERS_ALONE
    days = settings.PAYEE_CHANGE_HOLD_DAYS
    proof = lead_to_proof(request)
    if proof is None:
        return f"A change is told to all owners by mail, and holds payouts for {days} days."
    return format_html(
        '<a class="rh-link" href="{}">Confirm that it is you</a> to change where the money goes, a shop of your own '
        "included. A change is told to all owners by mail, and holds payouts for {} days.", proof["Location"], days,
    )  # fmt: skip


def _row(venue: VenuePayments) -> PaymentSettings:
    return getattr(venue, "payment_settings", None) or PaymentSettings.fresh(venue)
