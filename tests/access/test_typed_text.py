"""Every place where people type words reads them by core.typed.text: columns, forms, the admin, the API.

A new column, field or schema fails here until it is one of the typed ones, or is named as no text of people's.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from annotated_types import GroupedMetadata
from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import RequestFactory
from ninja import Schema

from config.api.root import api
from core.files.pictures import PictureField
from core.security.crypto import EncryptedTextField
from core.typed.columns import Typed
from core.typed.fields import EmailField, LineField, PhoneField, ProseField
from core.typed.json import Reading
from core.zones import ZoneField
from payments.disputes.display import AnswerForm
from tests.support import factories

APPS = ("accounts", "rooms", "bookings", "payments", "notifications", "calendars")
PACKAGES = (*APPS, "config", "core")
TYPED = (LineField, ProseField, PhoneField, EmailField)

# Columns that our own code fills, or a provider; or a form whose field is read.
NOT_TYPED = {
    "accounts.User": {"password"},
    "accounts.FormerAddress": {"email"},
    "accounts.ApiToken": {"digest"},
    "rooms.Venue": {"payment_provider"},
    "rooms.Invitation": {"digest"},
    "rooms.VenueNotice": {"kind", "recipient", "subject", "because", "action", "link", "last_error"},
    "rooms.Occupancy": {"reference", "source", "external_uid"},
    "bookings.Booking": {
        "reference", "currency", "submission_key", "submission_digest", "asked_by",
    },
    "bookings.BookingEvent": {"verb"},
    "bookings.EventReceipt": {"subscriber", "last_error"},
    "bookings.BulkCancellation": set(),
    "bookings.BulkCancellationItem": {"error"},
}  # fmt: skip
# Of payments and notifications: what providers tell, keys, and reasons that ProseField has read.
WRITTEN_BY_CODE = ("payments", "notifications")
TYPED_IN_PAYMENTS = {"payments.OfflinePayment": {"reference"}, "payments.PaymentSettings": {"account_holder"}}

# Fields of forms that hold no words: keys, secrets, amounts and moments that are read by readers of their own.
NO_WORDS = {
    "key", "submission_key", "octo_secret", "octo_unique_key", "price", "cleaning_fee", "amount", "fee", "password1",
    "password2", "password", "start", "end", "slug", "currency", "oldpassword", "username",
    "payment_provider", "clerk_limit",
}  # fmt: skip
# Fields of the API: secrets, codes with a pattern of their own, and the path of a room that is looked up.
NO_WORDS_IN_API = {"octo_secret", "octo_unique_key", "currency", "room"}


def text_columns() -> list[models.Field]:
    return [
        field
        for name in APPS
        for model in apps.get_app_config(name).get_models()
        if not model._meta.proxy
        for field in model._meta.local_fields
        if isinstance(field, models.CharField | models.TextField | EncryptedTextField)
        and not field.choices
        and not isinstance(field, models.SlugField | ZoneField)
    ]


def column_offends(field: models.Field) -> bool:
    label = field.model._meta.label
    if isinstance(field, Typed):
        return False
    if field.model._meta.app_label in WRITTEN_BY_CODE:
        return field.name in TYPED_IN_PAYMENTS.get(label, set())
    return field.name not in NOT_TYPED.get(label, set())


def test_every_column_of_words_is_typed():
    columns = text_columns()

    assert [str(field) for field in columns if column_offends(field)] == []
    assert sum(isinstance(field, Typed) for field in columns) == 35


def modules() -> Iterator[Any]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if ".migrations." not in found.name and ".management." not in found.name:
                yield importlib.import_module(found.name)


def forms_of_ours() -> set[type[forms.BaseForm]]:
    return {
        found
        for module in modules()
        for _name, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, forms.BaseForm) and found.__module__.split(".")[0] in PACKAGES
    }


def field_offends(name: str, field: forms.Field) -> bool:
    """A field for free text that neither reads it nor is known to hold none; or one for files that does not look."""
    is_text = isinstance(field, forms.CharField) and not isinstance(
        field, (*TYPED, forms.UUIDField, forms.JSONField)
    )
    if isinstance(field, forms.FileField):
        return not isinstance(field, PictureField)
    return is_text and name not in NO_WORDS and not isinstance(field.widget, forms.PasswordInput)


def offending(origin: str, fields: dict[str, forms.Field]) -> list[str]:
    return [f"{origin}.{name}" for name, field in fields.items() if field_offends(name, field)]


def test_every_form_reads_words():
    found = forms_of_ours()

    assert [line for form in found for line in offending(form.__qualname__, form.base_fields)] == []
    assert len(found) > 25
    assert offending("AnswerForm", AnswerForm().fields) == []


@pytest.mark.django_db
def test_every_form_of_the_admin_reads_words():
    request = RequestFactory().get("/admin/")
    request.user = factories.staff()
    request.user.is_superuser = True
    offences, seen = [], 0

    for model, model_admin in admin.site._registry.items():
        is_typed_in = model_admin.has_add_permission(request) or model_admin.has_change_permission(request)
        if model._meta.app_label not in APPS or not is_typed_in:
            continue
        forms_here = [model_admin.get_form(request)]
        forms_here += [row.get_formset(request).form for row in model_admin.get_inline_instances(request)]
        for form in forms_here:
            seen += len(form.base_fields)
            offences += offending(f"{model._meta.label}:{form.__qualname__}", form.base_fields)

    assert offences == []
    assert seen > 60


def inputs() -> Iterator[type[Schema]]:
    """Yield the schemas the API takes, in bodies and in addresses."""
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                for group in operation.models:
                    yield from (
                        field.annotation
                        for field in group.model_fields.values()
                        if inspect.isclass(field.annotation) and issubclass(field.annotation, Schema)
                    )


def schema_offences(schema: type[Schema]) -> Iterator[str]:
    for name, field in schema.model_fields.items():
        for annotation, metadata in _unions(field.annotation, tuple(field.metadata)):
            if inspect.isclass(annotation) and issubclass(annotation, Schema):
                yield from schema_offences(annotation)
            elif annotation is str and name not in NO_WORDS_IN_API and not _is_read(metadata):
                yield f"{schema.__qualname__}.{name}"


def _unions(annotation: Any, metadata: tuple) -> Iterator[tuple[Any, tuple]]:
    """Yield each type of a union with what is said of it."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _unions(inner, (*metadata, *more))
    elif get_args(annotation) and get_origin(annotation) not in (list, dict):
        for one in get_args(annotation):
            yield from _unions(one, metadata)
    else:
        yield annotation, metadata


def _is_read(metadata: tuple) -> bool:
    # A text's type comes as one group of what makes it.
    parts = [part for one in metadata for part in (one if isinstance(one, GroupedMetadata) else (one,))]
    return any(isinstance(getattr(part, "func", None), Reading) for part in parts)


def test_every_schema_the_api_takes_reads_words():
    taken = set(inputs())

    assert sorted({line for schema in taken for line in schema_offences(schema)}) == []
    assert len(taken) > 8


def test_the_walk_finds_what_was_forgotten():
    class Forgotten(forms.Form):
        title = forms.CharField()
        address = forms.EmailField()
        scan = forms.FileField()

    class ForgottenIn(Schema):
        title: str
        note: str | None = None

    assert offending("Forgotten", Forgotten.base_fields) == [
        f"Forgotten.{name}" for name in ("title", "address", "scan")
    ]
    assert [line.split(".")[-1] for line in schema_offences(ForgottenIn)] == ["title", "note"]
