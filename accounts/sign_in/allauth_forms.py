"""allauth's forms in which a name or an address is typed for good, read like everywhere else."""

from allauth.account import forms as account
from allauth.mfa.webauthn import forms as keys
from django import forms

from core.typed.fields import EmailField, LineField

LONGEST_NAME = 100


def _address() -> EmailField:
    widget = forms.EmailInput({"autocomplete": "email", "placeholder": "Email address"})
    return EmailField(label="Email", max_length=254, widget=widget)


class SignupForm(account.SignupForm):
    email = _address()


class AddEmailForm(account.AddEmailForm):
    email = _address()


class AddKeyForm(keys.AddWebAuthnForm):
    name = LineField(max_length=LONGEST_NAME, required=False)


class EditKeyForm(keys.EditWebAuthnForm):
    name = LineField(max_length=LONGEST_NAME)
