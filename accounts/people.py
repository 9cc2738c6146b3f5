"""One person across all apps: what is held about them, and how it is erased.

Each app names its keeper in settings.PERSON_KEEPERS, as it names who hears of bookings.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import BinaryField, QuerySet
from django.utils.module_loading import import_string

from accounts.models import User
from core import dates
from core.errors import Refusal
from core.security.crypto import EncryptedTextField
from core.security.scrub import pattern_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Person:
    """Known by an address; `words` are all names, addresses and phone numbers they go by with us."""

    emails: frozenset[str]
    user: User | None = None
    words: frozenset[str] = field(default_factory=frozenset)

    @property
    def account(self) -> User:
        """Their account. Raises: NobodyKnown, for a person without."""
        if self.user is None:
            raise NobodyKnown
        return self.user


@dataclass(frozen=True)
class Blocker:
    """Why a person cannot be erased yet, and the day from which it may be tried again; None: only once it is done."""

    reason: str
    until: dt.date | None = None

    def __str__(self) -> str:
        return f"{self.reason} ({f'until {dates.full_date(self.until)}' if self.until else 'no date of its own'})"


class NobodyKnown(Exception):
    """There is nothing about this address."""


class ErasureRefused(Refusal):
    """The person cannot be erased now; `blockers` say why and until when."""

    def __init__(self, blockers: list[Blocker]) -> None:
        super().__init__("erasure_refused", "; ".join(map(str, blockers)))
        self.blockers = blockers


class Keeper:
    """What an app does about a person; each app has a subclass, and overrides what it has something to say to."""

    def words(self, person: Person) -> set[str]:
        return set()

    def export(self, person: Person) -> dict[str, Any]:
        return {}

    def blockers(self, person: Person) -> list[Blocker]:
        return []

    def why_not_locked(self, user: User) -> list[str]:
        """Return why this account may not be locked now."""
        return []

    def erase(self, person: Person, pattern: Any) -> None:
        """Take the person out of the app's rows; within a transaction."""


def find(email: str) -> Person:
    """Return the person who goes by this address. Raises: NobodyKnown."""
    email = email.strip().lower()
    user = User.objects.filter(email__iexact=email).first()
    if user is None and (address := EmailAddress.objects.filter(email__iexact=email, verified=True).first()):
        user = address.user
    person = Person(frozenset({email}))
    if user is not None:
        person = Person(of_user(user).emails | {email}, user)
    words = {word for keeper in _keepers() for word in keeper.words(person) if word}
    if not words:
        raise NobodyKnown
    return Person(person.emails, user, frozenset(words | person.emails))


def of_user(user: User) -> Person:
    """Return the person behind an account, by its addresses; their words are not looked up (one query)."""
    known = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    return Person(frozenset({user.email.lower(), *(address.lower() for address in known)}), user)


def export(person: Person) -> dict[str, Any]:
    """Return all that is held about a person, as plain JSON by app and kind."""
    return {name: rows for keeper in _keepers() for name, rows in keeper.export(person).items()}


@transaction.atomic
def erase(person: Person) -> None:
    """Pseudonymize a person everywhere; amounts, ledger and what happened when stay. Raises: ErasureRefused."""
    blockers = [blocker for keeper in _keepers() for blocker in keeper.blockers(person)]
    if blockers:
        raise ErasureRefused(blockers)
    pattern = pattern_of(person.words)
    for keeper in _keepers():
        keeper.erase(person, pattern)
    log.info("person_erased", user_id=person.user and person.user.pk)


def why_not_locked(user: User) -> list[str]:
    """Return what would be left without anybody if this account were locked; nothing: it may be."""
    return [reason for keeper in _keepers() for reason in keeper.why_not_locked(user)]


def rows_of(rows: QuerySet, *left_out: str) -> list[dict[str, Any]]:
    """Return rows as an export shows them: no files, no secrets, nothing of `left_out`."""
    names = [
        one.attname
        for one in rows.model._meta.concrete_fields
        if not isinstance(one, BinaryField | EncryptedTextField) and one.attname not in left_out
    ]
    return list(rows.order_by("pk").values(*names))


def _keepers() -> Iterator[Keeper]:
    return (import_string(path)() for path in settings.PERSON_KEEPERS)
