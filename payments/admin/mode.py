"""Test and real money told apart in staff's lists: one column and one filter for all of them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from core.mode import mode_name


class HasMode:
    """An admin whose list may show `mode`; `mode_path` leads from a row to what knows it, as lookups do."""

    mode_path = "is_live"

    @display(description="Mode")
    def mode(self, row: Any) -> str:
        """Test or live."""
        for name in self.mode_path.split("__"):
            row = getattr(row, name)
        return mode_name(row).capitalize()


class ModeFilter(DropdownFilter):
    """Rows of test or of real money."""

    title = "mode"
    parameter_name = "mode"

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: HasMode
    ) -> None:
        self.path = model_admin.mode_path
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("live", "Live: real money"), ("test", "Test"))

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in ("live", "test"):
            return queryset
        return queryset.filter(**{self.path: self.value() == "live"})
