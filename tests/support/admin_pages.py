"""Small helps of tests that walk the admin as a browser does."""

import html
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.forms import FileField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User

# Every model the admin lists, in one order for all runs.
REGISTRY = sorted(admin.site._registry, key=lambda model: model._meta.label)


def logged_in(user: User, **options) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def url(model: type[Model], page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode(errors="replace"))


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def queries(client: Client, address: str) -> int:
    """How many queries the page takes once everything that is kept is kept."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def filled(response: Any) -> dict[str, Any]:
    """Return what a browser would send back of a form page untouched."""
    context = response.context
    data: dict = {}
    for formset in [helper.formset for helper in context["inline_admin_formsets"]]:
        for form in [formset.management_form, *formset.forms]:
            data |= _values_of(form)
    return data | _values_of(context["adminform"].form)


def errors(response: Any) -> dict[str, list[str]]:
    return response.context["adminform"].form.errors


def inline_errors(response: Any) -> list[dict]:
    return [
        found
        for helper in response.context["inline_admin_formsets"]
        for found in helper.formset.errors
        if found
    ]


def _values_of(form) -> dict:
    data = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False or isinstance(bound.field, FileField):
            continue
        data[bound.html_name] = "on" if value is True else getattr(value, "pk", value)
    return data
