"""The admin's form of a cancellation policy: rows of hours and per cent, checked as a whole."""

from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from core.typed.fields import WholeField
from rooms.models import CancellationPolicy
from rooms.models.tiers import MOST_HOURS

ROWS = 6
Tier = dict[str, int]


class TiersWidget(forms.MultiWidget):
    """A table of rows, each with hours and per cent; rows left empty are no tiers."""

    template_name = "admin/rooms/tiers.html"

    def __init__(self) -> None:
        widgets: dict[str, forms.Widget | type[forms.Widget]] = {}
        for n in range(1, ROWS + 1):
            widgets[f"hours_{n}"] = _number(f"Row {n}: hours before the start", MOST_HOURS)
            widgets[f"percent_{n}"] = _number(f"Row {n}: per cent that comes back", 100)
        super().__init__(widgets)

    def decompress(self, value: list[Tier] | None) -> list[int | None]:
        tiers = (value or [])[:ROWS]
        numbers: list[int | None] = [number for tier in tiers for number in (tier["hours"], tier["percent"])]
        return numbers + [None] * (2 * ROWS - len(numbers))

    def get_context(self, name: str, value: Any, attrs: dict | None) -> dict[str, Any]:
        # Django takes any list for the boxes' own values: tiers are a list, too.
        is_tiers = not value or isinstance(value[0], dict)
        context = super().get_context(name, self.decompress(value) if is_tiers else value, attrs)
        boxes = [
            widget.render(box["name"], box["value"], {"id": box["attrs"].get("id", "")})
            for widget, box in zip(self.widgets, context["widget"]["subwidgets"], strict=True)
        ]
        context["rows"] = list(zip(boxes[::2], boxes[1::2], strict=True))
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        # A template of the site, which the renderer of plain form widgets does not know.
        return render_to_string(template_name, context)

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else ""


def _number(label: str, most: int) -> forms.Widget:
    return UnfoldAdminIntegerFieldWidget({"aria-label": label, "min": 0, "max": most, "inputmode": "numeric"})


class TiersField(forms.MultiValueField):
    """Tiers as a list of {"hours", "percent"}, most hours first.

    Refuses half a row, hours said twice, and that who cancels later gets more back.
    """

    widget = TiersWidget

    def __init__(self, **kwargs: Any) -> None:
        numbers = [
            WholeField(min_value=0, max_value=most) for _n in range(ROWS) for most in (MOST_HOURS, 100)
        ]
        super().__init__(numbers, require_all_fields=False, required=False, **kwargs)
        for number in numbers:
            number.required = False

    def clean(self, value: Any) -> list[Tier]:
        texts = list(value or []) + [""] * (2 * ROWS)
        rows = [self._row(n + 1, texts[2 * n], texts[2 * n + 1]) for n in range(ROWS)]
        tiers = sorted((row for row in rows if row), key=lambda tier: -tier["hours"])
        if any(earlier["hours"] == later["hours"] for earlier, later in pairwise(tiers)):
            raise ValidationError("Each number of hours once.", code="twice")
        if any(later["percent"] > earlier["percent"] for earlier, later in pairwise(tiers)):
            raise ValidationError("Who cancels later cannot get more back.", code="rising")
        return tiers

    def _row(self, n: int, hours: Any, percent: Any) -> Tier | None:
        if hours in (None, "") and percent in (None, ""):
            return None
        if hours in (None, "") or percent in (None, ""):
            raise ValidationError(f"Row {n}: fill in both the hours and the per cent.", code="half")
        found = {}
        for name, text, field in (("hours", hours, self.fields[0]), ("per cent", percent, self.fields[1])):
            try:
                found[name] = field.clean(text)
            except ValidationError as error:
                raise ValidationError(f"Row {n}, {name}: {error.messages[0]}") from error
        return {"hours": found["hours"], "percent": found["per cent"]}

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(data) != (initial or [])
        except ValidationError:
            return True


class PolicyForm(forms.ModelForm):
    tiers = TiersField(
        label="What comes back",
        help_text=(
            "Cancelled at least so many hours before the start, so much of the price comes back. After the last row "
            "nothing does. All rows empty: everything, until the start. One row of 0 hours and 0 %: nothing, ever."
        ),
    )

    class Meta:
        model = CancellationPolicy
        fields = ("venue", "name", "tiers")
