"""What a member types while deciding on a booking: a reason, and for staff the fee to keep."""

from dataclasses import dataclass
from typing import Any

from django import forms

from accounts.admin_tools.confirm import ReasonForm, reason_field
from bookings.models import Booking
from core.money import format_minor
from core.typed.fields import typed_minor
from rooms.admin.forms import amount_field


@dataclass(frozen=True)
class Decision:
    """A verb a member may use, and the words around it. `reason`: "" for none, else the field's label."""

    verb: str
    question: str
    button: str
    done: str
    reason: str = ""
    reason_required: bool = False
    is_grave: bool = False


class DecisionForm(ReasonForm):
    """Why a guest is turned away."""

    def __init__(self, decision: Decision, data: Any = None) -> None:
        is_required = decision.reason_required
        super().__init__(
            reason_field(decision.reason, most=500, is_required=is_required, is_focused=True), data
        )

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with, beside who calls it."""
        return {"reason": self.cleaned_data["reason"]}


class FeeForm(DecisionForm):
    """A cancellation by staff, who may keep a fee of their own choosing."""

    fee = amount_field("Fee to keep; empty for none", required=False)

    def __init__(self, decision: Decision, data: Any = None, *, booking: Booking) -> None:
        super().__init__(decision, data)
        self.booking = booking
        self.fields["fee"].label = f"Fee to keep ({booking.currency}); empty for none"

    def clean_fee(self) -> int | None:
        text, currency = self.cleaned_data["fee"], self.booking.currency
        if not text.strip():
            return None
        most = format_minor(self.booking.due_minor, currency)
        out_of_reach = f"From nothing to {most}, what the booking costs."
        fee_minor = typed_minor(text, currency, negative=out_of_reach)
        if fee_minor > self.booking.due_minor:
            raise forms.ValidationError(out_of_reach)
        return fee_minor

    def arguments(self) -> dict[str, Any]:
        return super().arguments() | {"fee_minor": self.cleaned_data["fee"]}
