"""The quick select says what Django's own would."""

import datetime as dt

import pytest
from django import forms
from django.test.html import parse_html

from core.web.widgets import PlainSelect

CHOICES = [
    ("", "Start"),
    ("09:00", "9:00 AM"),
    ("09:30", "9:30 <AM>"),
    ('"', "&"),
    (7, "Seven"),
]


@pytest.mark.parametrize("value", ["", None, "09:30", 7, "7", '"', "unknown", dt.time(9)])
def test_plain_select_renders_as_djangos_own(value):
    attrs = {"id": "id_start", "required": True, "disabled": False, "aria-describedby": "help"}
    own, djangos = (
        widget(attrs={"class": "short", "data-x": "<"}, choices=CHOICES).render("start", value, attrs)
        for widget in (PlainSelect, forms.Select)
    )

    assert parse_html(own) == parse_html(djangos)
