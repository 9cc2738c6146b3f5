"""Forms of people's accounts: what sign-up asks beyond allauth, the profile, and new API tokens."""

from typing import Any

from django import forms
from django.http import HttpRequest

from accounts.models import ApiToken, User
from accounts.scopes import LONGEST_GRAVE_DAYS, SCOPES, USUAL, USUAL_DAYS, refusal_of
from core.typed.fields import LineField, PhoneField

LONGEST_NAME = 120


class SignupForm(forms.Form):
    """Asked at sign-up beside e-mail and password; allauth takes it as the base of its own form."""

    name = LineField(
        label="Your name", max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = PhoneField(
        label="Phone", max_length=32, required=False, widget=forms.TextInput(
            attrs={"autocomplete": "tel", "type": "tel"}
        ), help_text="So that a host can reach you.",
    )  # fmt: skip
    field_order = ["name", "email", "phone", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Keep what was asked; allauth calls this once the user exists."""
        user.name = self.cleaned_data["name"]
        user.phone = self.cleaned_data["phone"]
        user.save(update_fields=["name", "phone"])


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "phone"]
        labels = {"name": "Your name", "phone": "Phone"}
        help_texts = {"phone": "Filled in for you when you book."}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        }


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label="It may", choices=list(SCOPES.items()), initial=list(USUAL), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": refusal_of([], USUAL_DAYS)},
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label="It ends after", coerce=int, initial=USUAL_DAYS, choices=[(n, f"{n} days") for n in (7, 30, 90, 365)],
        help_text=f"At most {LONGEST_GRAVE_DAYS} days if it may change where payouts go or a team. "
        "A new password ends it, too.",
    )  # fmt: skip

    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": "What is it for?"}
        help_texts = {"name": "For example: front-desk screen."}

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if {"scopes", "days"} <= set(values) and (refusal := refusal_of(values["scopes"], values["days"])):
            self.add_error("days", refusal)
        return values
