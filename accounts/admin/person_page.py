"""What staff see on a person's page beside the account: each app's share, by settings.PERSON_PANELS."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from accounts.people import Person, of_user

# The newest of each kind; the list behind has them all.
MOST_ROWS = 10


@dataclass(frozen=True)
class Row:
    """One thing of a person: where it leads, what it is, a second line, and what stands beside it."""

    url: str
    title: str
    detail: str = ""
    side: str = ""


@dataclass(frozen=True)
class Share:
    """One app's part of the page; `more_url` leads to the whole list where `rows` are only its newest."""

    title: str
    rows: list[Row] = field(default_factory=list)
    more_url: str = ""
    empty: str = "None."


def shares_of(user: User) -> list[Share]:
    """Ask every app for what it knows of a user: by the account, and by each address of it."""
    sources: Iterable[Callable[[Person], Share]] = map(import_string, settings.PERSON_PANELS)
    person = of_user(user)
    return [source(person) for source in sources]


def share(title: str, rows: list[Row], *, more_url: str, empty: str) -> Share:
    """Return a share of at most MOST_ROWS; `rows` may hold one more, and then there is more to see."""
    return Share(title, rows[:MOST_ROWS], more_url if len(rows) > MOST_ROWS else "", empty)
