"""People and their API tokens, for platform staff; only a superuser changes who may do what."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action

from accounts import people
from accounts.admin import recovery
from accounts.admin.person_page import shares_of
from accounts.admin_tools.base import PlatformAdmin
from accounts.models import ApiToken, PersonNote, User
from accounts.signed_in import person_of
from core.typed.phones import Digits, digits_of

# Shown on a person's page or not at all; their own admins know nothing of our rules.
for model in (Group, EmailAddress, EmailConfirmation, Authenticator):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class UserForm(ModelForm):
    """A person's account: locked only where nothing is left without anybody."""

    def clean_is_active(self) -> bool:
        is_active = self.cleaned_data["is_active"]
        if self.instance.is_active and not is_active and (reasons := people.why_not_locked(self.instance)):
            raise ValidationError(reasons)
        return is_active


class NoteInline(TabularInline):
    """Notes of staff about a person: added, and never changed."""

    model = PersonNote
    fk_name = "user"
    extra = 0
    fields = ("text", "author", "created_at")
    readonly_fields = ("author", "created_at")
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return person_of(request).is_platform_staff

    has_add_permission = has_view_permission

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    has_delete_permission = has_change_permission

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonNote]:
        return super().get_queryset(request).select_related("author")


@admin.register(User)
class UserAdmin(PlatformAdmin[User]):
    form = UserForm
    change_form_after_template = "admin/accounts/person.html"
    inlines = (NoteInline,)
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = (("is_staff", BooleanRadioFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("email", "name")
    search_help_text = "E-mail, name or phone"
    ordering = ("email",)
    fieldsets = (
        (None, {"fields": ("email", ("name", "phone"))}),
        ("Rights", {"fields": (("is_active", "is_staff", "is_superuser"), "groups")}),
        ("Dates", {"fields": (("date_joined", "last_login"),)}),
    )
    always_readonly = ("email", "date_joined", "last_login")
    rights = ("is_staff", "is_superuser", "groups")
    actions_detail = ("open_second_factor",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._second_factor)
        own = path("<int:pk>/second-factor/", view, name="accounts_user_second_factor")
        return [own, *super().get_urls()]

    def _second_factor(self, request: HttpRequest, pk: int) -> HttpResponse:
        return recovery.second_factor_page(request, self.get_object(request, str(pk)))

    @action(description="Reset second factor…", url_path="ask-second-factor", permissions=["view"])
    def open_second_factor(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:accounts_user_second_factor", args=[object_id]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The account, and below it what every app knows of the person."""
        shares = shares_of(self.get_object(request, object_id)) if self.has_view_permission(request) else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "shares": shares})

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseFormSet, change: bool) -> None:
        for one in formset.forms:
            one.instance.author = request.user
        super().save_formset(request, form, formset, change)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        digits = digits_of(search_term.strip())
        if not digits:
            return super().get_search_results(request, queryset, search_term)
        return queryset.alias(phone_digits=Digits("phone")).filter(phone_digits__contains=digits), False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Staff may correct a name and lock an account, though not that of a colleague."""
        if not self.has_view_permission(request):
            return False
        return request.user.is_superuser or obj is None or not obj.is_platform_staff

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.always_readonly if request.user.is_superuser else (*self.always_readonly, *self.rights)


@admin.register(ApiToken)
class ApiTokenAdmin(PlatformAdmin[ApiToken]):
    """Tokens may be taken away here; nobody can read them, for only their digest is kept."""

    list_display = ("name", "user", "scopes", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__email")
    ordering = ("-created_at",)
    fields = ("name", "user", "scopes", "created_at", "expires_at", "last_used_at")

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).select_related("user")
