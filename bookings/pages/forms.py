"""What a guest fills in to book, and to cancel."""

import uuid
from typing import Any

from django import forms

from core.typed.fields import EmailField, LineField, PhoneField, ProseField, WholeField
from rooms.models import Room

LONGEST_MESSAGE = 2000
MOST_MINOR = 2**53


class GuestForm(forms.Form):
    """Who books. When and for how many is rooms.pages.forms.ChoiceForm's; both are sent together.

    `submission_key` makes the form one booking however often it is sent; `expected_total_minor` is the price the
    guest saw, in minor units.
    """

    name = LineField(
        label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="Your booking's link is sent here.",
    )  # fmt: skip
    phone = PhoneField(
        label="Phone", max_length=32, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        help_text="For the host, in case you are late.",
    )  # fmt: skip
    message = ProseField(
        label="Message to the host", max_length=LONGEST_MESSAGE, required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    proof = LineField(
        label="Code from our mail", max_length=16, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text="Eight digits, mailed to the address above.",
    )  # fmt: skip
    submission_key = forms.UUIDField(widget=forms.HiddenInput)
    expected_total_minor = WholeField(
        min_value=0, max_value=MOST_MINOR, required=False, widget=forms.HiddenInput
    )

    is_proof_needed = False

    KEPT = ("name", "email", "phone", "message")

    def __init__(
        self, data: Any = None, *, room: Room, user: Any = None, kept: dict | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        if room.kind == Room.Kind.EXPERT:
            self.fields["message"].label = "What is it about?"
            self.fields["message"].help_text = "Describe your problem, so that the expert comes prepared."
        if user is not None and user.is_authenticated:
            self.initial.update(name=user.name, email=user.email, phone=user.phone)
        self.initial.update(kept or {})

    @property
    def asks_proof(self) -> bool:
        """Whether the code is asked for: it was, or was typed."""
        return self.is_proof_needed or bool(self.is_bound and self.data.get("proof"))

    def typed(self) -> dict[str, str]:
        """Return what was typed, valid or not, to keep it while the guest looks for another time."""
        return {name: str(self.data.get(name, ""))[:LONGEST_MESSAGE].replace("\0", "") for name in self.KEPT}

    def show_again(self, *, total_minor: int | None = None, new_key: bool = False) -> None:
        """Put another price, or another key, into the form that is shown again."""
        shown = dict(self.data.items())
        if total_minor is not None:
            shown["expected_total_minor"] = str(total_minor)
        if new_key:
            shown["submission_key"] = str(uuid.uuid4())
        self.data = shown


class CancelForm(forms.Form):
    """A guest's reason, and the fee that was shown: another one is said before it is taken."""

    reason = ProseField(
        label="Why?", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The host reads this.",
    )  # fmt: skip
    expected_fee_minor = WholeField(min_value=0, max_value=MOST_MINOR, widget=forms.HiddenInput)


def action_label(room: Room, *, pays_now: bool) -> str:
    """Return what the book form's button says: what happens when it is pressed."""
    if pays_now:
        return "Continue to payment"
    return "Complete booking" if room.approval == Room.Approval.NONE else "Send request"
