"""What the admin shows and lets whom do: everything a host meets there belongs to the host's own venues.

Rights come from membership and role, never from Django's model permissions; platform staff see all. An admin
class built on VenueScopedAdmin names the way from its rows to their venue, and who may see and edit them; lists,
filters, autocomplete, foreign keys, inlines, actions, history and delete pages follow from that.
"""

from functools import reduce
from typing import TYPE_CHECKING, Any

from django.contrib.admin.exceptions import NotRegistered
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.forms import ModelChoiceField
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.overrides import FORMFIELD_OVERRIDES_INLINE

from accounts.admin_tools.base import TYPED_NUMBERS, CarefulAdmin, Row
from accounts.signed_in import person_of
from rooms.models import VenueMember

if TYPE_CHECKING:
    # What the mixins are mixed into.
    from django.contrib.admin.options import BaseModelAdmin as AdminBase
    from django.contrib.admin.options import InlineModelAdmin as InlineBase
else:
    AdminBase = InlineBase = object

Role = VenueMember.Role
EVERYBODY = frozenset(Role)
MANAGERS = frozenset({Role.OWNER, Role.MANAGER})
NOBODY: frozenset[Role] = frozenset()


def roles_of(user: Any) -> dict[int, str]:
    """Return {venue id: role} of a user; asked once, as a user object does not outlive a request."""
    if not hasattr(user, "_venue_roles"):
        rows = VenueMember.objects.filter(user_id=user.pk).values_list("venue_id", "role")
        user._venue_roles = dict(rows)
    return user._venue_roles


def venue_ids(user: Any, roles: frozenset[Role]) -> list[int]:
    """Return the venues where a user has one of these roles."""
    return [venue_id for venue_id, role in roles_of(user).items() if role in roles]


class ScopedChoices(AdminBase):
    """Foreign keys in forms and inlines offer, and accept, only what the person may edit."""

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        kwargs.setdefault("queryset", choices_of(self.admin_site, db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def choices_of(admin_site: Any, db_field: ForeignKey, request: HttpRequest) -> QuerySet:
    """Return the rows a foreign key may point to. A model whose admin knows no venue is for staff alone."""
    model = db_field.remote_field.model
    try:
        related = admin_site.get_model_admin(model)
    except NotRegistered:
        related = None
    if isinstance(related, VenueScopedAdmin):
        return related.editable(request)
    rows = model._default_manager.all()
    return rows if person_of(request).is_platform_staff else rows.none()


class VenueScopedAdmin(ScopedChoices, CarefulAdmin[Row]):
    """Base of all our admin classes. `venue_path` leads from a row to its venue; "" where the row is the venue."""

    venue_path = "venue"
    view_roles = MANAGERS
    edit_roles = NOBODY
    staff_may_edit = False

    # --- rights

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.permits(request, obj, self.view_roles)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.permits(request, obj, self.edit_roles, staff=self.staff_may_edit)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def permits(
        self, request: HttpRequest, obj: Row | None, roles: frozenset[Role], *, staff: bool = True
    ) -> bool:
        """Return whether the person has one of the roles at the row's venue (at any venue without a row)."""
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        if user.is_platform_staff:
            return staff
        if obj is None:
            return bool(venue_ids(user, roles))
        return roles_of(user).get(self.venue_id_of(obj)) in roles

    def venue_id_of(self, obj: Row) -> int:
        """Follow `venue_path` from a row; a row not saved yet may know its venue already."""
        if not self.venue_path:
            return obj.pk
        *steps, last = self.venue_path.split(LOOKUP_SEP)
        return getattr(reduce(getattr, steps, obj), f"{last}_id")

    # --- rows

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return self._at_venues(super().get_queryset(request), request, self.view_roles)

    def editable(self, request: HttpRequest) -> QuerySet:
        """Return the rows a form may point to: those of venues where the person may edit."""
        return self._at_venues(self.get_queryset(request), request, self.edit_roles or self.view_roles)

    def _at_venues(self, rows: QuerySet, request: HttpRequest, roles: frozenset[Role]) -> QuerySet:
        if person_of(request).is_platform_staff:
            return rows
        return rows.filter(**{f"{self.venue_path or 'pk'}__in": venue_ids(request.user, roles)})


class ReadOnlyAdmin(VenueScopedAdmin[Row]):
    """Rows to look at: money and history are changed by services alone, whoever asks."""

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class ScopedInline(ScopedChoices, InlineBase):
    """Rows edited on their parent's page: whoever may edit the parent may edit them."""

    extra = 0
    formfield_overrides = FORMFIELD_OVERRIDES_INLINE | TYPED_NUMBERS

    def _parent(self) -> CarefulAdmin[Model]:
        parent = self.admin_site.get_model_admin(self.parent_model)
        assert isinstance(parent, CarefulAdmin)  # all our admin classes are
        return parent

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._parent().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._parent().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._parent().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._parent().has_change_permission(request, obj)


class ReadOnlyInline(ScopedInline, TabularInline):
    """Rows shown on their parent's page and changed nowhere."""

    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_add_permission = has_delete_permission = has_change_permission


class OwnRowsFilter(RelatedDropdownFilter):
    """A filter by a related row that offers only rows the person may see; hidden where there is no choice."""

    def field_choices(
        self, field: ForeignKey, request: HttpRequest, model_admin: VenueScopedAdmin
    ) -> list[tuple[int, str]]:
        related = model_admin.admin_site.get_model_admin(field.remote_field.model)
        return [(row.pk, str(row)) for row in related.get_queryset(request)]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1
