"""HTML from small templates: every value is escaped unless it is markup already."""

import html
from functools import cache
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def render(template: str, **values: object) -> Markup:
    """A template file with its `$names` filled in; Raises: KeyError for one that is missing."""
    return Markup(_template(template).substitute({name: escaped(value) for name, value in values.items()}))


def element(tag: str, content: object = "", **attributes: object) -> Markup:
    """One element; `class_` stands for class, and an attribute that is None or False is left out."""
    parts = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        parts.append(f" {name}" if value is True else f' {name}="{html.escape(str(value))}"')
    return Markup(f"<{tag}{''.join(parts)}>{escaped(content)}</{tag}>")


def joined(parts: list[Markup]) -> Markup:
    return Markup("".join(parts))


def escaped(value: object) -> Markup:
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(str(value)))


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / name).read_text(encoding="utf-8"))
