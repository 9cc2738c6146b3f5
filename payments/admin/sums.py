"""Sums of lists of money: above a list of all its rows, and beside each row of what belongs to it.

By currency, never of real and test money together, and at one query a list, however long it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.mode import site_is_live
from core.money import format_minor

if TYPE_CHECKING:
    # What the mixins are mixed into.
    from django.contrib.admin import ModelAdmin as AdminBase
else:
    AdminBase = object


@dataclass(frozen=True)
class ListSum:
    """What all rows of one currency and mode add up to, in minor units."""

    currency: str
    is_test: bool
    amount_minor: int


class SummedList(AdminBase):
    """Mixed into an admin class: its list begins with the sums of `sum_of`, over all rows the filters leave.

    `money_path` leads from a row to where its currency and mode are kept ("": its own); rows outside `sum_where` are
    listed and not added up.
    """

    list_before_template = "admin/payments/sums.html"
    sum_of = "amount_minor"
    sum_label = "In this list"
    sum_where = Q()
    money_path = ""

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = _list_context(response)
        if changelist := context.get("cl"):
            context["sums"] = self.sums(changelist.queryset)
        return response

    def sums(self, rows: QuerySet) -> list[ListSum]:
        """Return the sums by currency; on a site of real money test money comes last."""
        path = f"{self.money_path}__" if self.money_path else ""
        found = (
            rows.order_by()
            .values(unit=F(f"{path}currency"), is_real=F(f"{path}is_live"))
            .annotate(total=Sum(self.sum_of, filter=self.sum_where, default=0))
            .order_by("-is_real", "unit")
        )
        # On a site in test mode everything is test money, and the page says so already.
        return [
            ListSum(row["unit"], site_is_live() and not row["is_real"], row["total"])
            for row in found
            if row["total"]
        ]


class RowSums(AdminBase):
    """Mixed into an admin class whose rows hold no amount of their own: `sums_of_rows` tells what belongs to each."""

    def sums_of_rows(self, keys: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
        """Return {row's key: [(currency, minor units)]}, in one query."""
        raise NotImplementedError

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if changelist := _list_context(response).get("cl"):
            rows = list(changelist.result_list)
            found = self.sums_of_rows([row.pk for row in rows])
            for row in rows:
                row.known_sums = found.get(row.pk, [])
            changelist.result_list = rows
        return response

    def write_sums(self, row: Any) -> SafeString:
        """Write the sums of a row: those of its list, or asked for on its own page."""
        if not hasattr(row, "known_sums"):
            row.known_sums = self.sums_of_rows([row.pk]).get(row.pk, [])
        told = " · ".join(format_minor(amount, currency) for currency, amount in row.known_sums)
        return format_html('<span class="rh-figures">{}</span>', told or "–")


def _list_context(response: HttpResponse) -> dict[str, Any]:
    """Return the context of a list that an answer is about to show; empty where it shows something else."""
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        return response.context_data or {}
    return {}
