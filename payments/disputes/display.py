"""What a dispute's page says: how it stands, what happens next, how long is left, and the form of its answer."""

import datetime as dt
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from bookings.models import Booking
from bookings.panels import HOST
from bookings.phrases import guest as guest_phrases
from bookings.phrases import host as host_phrases
from core.money import format_minor
from core.typed.fields import LineField, ProseField
from payments.disputes import evidence
from payments.disputes import services as dispute_services
from payments.ledger import given_back
from payments.models import Dispute

Status = Dispute.Status
TONES = {
    Status.INQUIRY: "held", Status.NEEDS_RESPONSE: "bad", Status.UNDER_REVIEW: "held", Status.WON: "good",
    Status.LOST: "bad", Status.CLOSED: "quiet",
}  # fmt: skip
SOON = dt.timedelta(days=2)


class AnswerForm(forms.Form):
    """The texts of an answer; `is_final` is asked for only when it is sent."""

    is_final = forms.BooleanField(
        required=False,
        label="This is our whole answer: the bank takes it once, and it cannot be changed.",
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, is_sending: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in evidence.FIELDS:
            is_line = field.most == evidence.LINE
            widget = UnfoldAdminTextInputWidget() if is_line else UnfoldAdminTextareaWidget({"rows": 3})
            self.fields[field.name] = (LineField if is_line else ProseField)(
                label=field.label, help_text=field.help, max_length=field.most, required=False, widget=widget
            )
        self.is_sending = is_sending

    def texts(self) -> dict[str, str]:
        """Return the texts by the provider's names."""
        return {field.name: self.cleaned_data[field.name] for field in evidence.FIELDS}

    def text_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in evidence.FIELDS]

    def clean_is_final(self) -> bool:
        if self.is_sending and not self.cleaned_data["is_final"]:
            raise forms.ValidationError("Please confirm that this is the whole answer.")
        return self.cleaned_data["is_final"]


def page_of(dispute: Dispute, booking: Booking, now: dt.datetime) -> dict[str, Any]:
    """Return what the page shows of a dispute. Six queries."""
    reason, was_given = evidence.reason_of(dispute), given_back.of(dispute.payment)
    return {
        "dispute": dispute,
        "booking": booking,
        "now": now,
        "tone": TONES[Status(dispute.status)],
        "left": time_left(dispute, now),
        "next": next_step(dispute, booking),
        "reason": reason,
        "given": given_back.in_words(was_given.by_channel, booking.currency),
        "twice_minor": was_given.twice_minor,
        "why_not": dispute_services.why_not(dispute),
        "stay": host_phrases.write_stay(booking),
        "zone": host_phrases.local_times(booking)[0].tzinfo,
        "timeline": [
            guest_phrases.moment(booking, event, HOST)
            for event in booking.events.filter(data__dispute=dispute.provider_ref)
            .select_related("actor")
            .order_by("version")
        ],
    }


def time_left(dispute: Dispute, now: dt.datetime) -> host_phrases.TimeLeft | None:
    """Return how long the case may still be answered; None where it is not ours to answer."""
    if not dispute.may_answer or dispute.due_by is None:
        return None
    left = dispute.due_by - now
    if left <= dt.timedelta(0):
        return host_phrases.TimeLeft("time is over", "over")
    return host_phrases.TimeLeft(f"{host_phrases.write_span(left)} left", "soon" if left <= SOON else "quiet")


def next_step(dispute: Dispute, booking: Booking) -> str:
    """Say how the case stands, and what happens next."""
    amount = format_minor(dispute.amount_minor, booking.currency)
    fee = (
        f" The fee of {format_minor(dispute.fee_minor, booking.currency)} stays paid."
        if dispute.fee_minor
        else ""
    )
    return {
        Status.INQUIRY: (
            f"The guest's bank asks about {amount}. No money was taken back yet. Answer it, or refund the guest in "
            "full: that ends it."
        ),
        Status.NEEDS_RESPONSE: (
            f"The bank has taken {amount} back for now. Unanswered, it is lost. While the case is open nothing is "
            "refunded, and the venue is not paid out for this booking."
        ),
        Status.UNDER_REVIEW: "The answer is with the bank, which decides. That can take two to three months.",
        Status.WON: f"The bank decided for the venue: {amount} came back.{fee}",
        Status.LOST: f"The bank decided for the guest: {amount} went back to them.{fee}",
        Status.CLOSED: "The inquiry ended without money being taken back.",
    }[Status(dispute.status)]
