"""The words of a search: accents, case and apostrophes do not count, and one slip of the finger is forgiven.

A slip is one letter missed, one too many, one wrong, or two neighbors changed over. It is only forgiven in a word that
stands nowhere as it was typed. The database keeps texts folded (`search_fold`)
and finds words in them by trigram indexes.
"""

import re
from collections.abc import Iterable
from functools import reduce
from operator import and_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.lookups import Contains, Exact, Lookup, Regex
from django.db.models.sql.compiler import SQLCompiler

from rooms.choices import AMENITIES
from rooms.models import Room, Venue

MOST_WORDS = 8
LONGEST_WORD = 60
# Shorter words are one slip from too many others; nobody types longer ones.
SHORTEST_SLIP, LONGEST_SLIP = 4, 24
# From so many letters on, the first may be wrong, and the word may go on after the slip ("beginer" → "beginners").
LONG_WORD = 5
ANY = "\ufffc"  # one letter, whichever


class Stored(Func):
    """A column that the database keeps beside a model's field and works out itself (rooms migration 0007)."""

    output_field = TextField()

    def __init__(self, beside: str, column: str) -> None:
        super().__init__(F(beside))
        self.column = column

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> tuple[str, Any]:
        field, params = compiler.compile(self.source_expressions[0])
        table = field.rpartition(".")[0]
        return f"{table}.{connection.ops.quote_name(self.column)}", params


_WORDS = Stored("name", "search_words")


class OfArray(Lookup):
    """Whether a value is one of an array's."""

    lookup_name = "of_array"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> tuple[str, Any]:
        sql, params = self.process_lhs(compiler, connection)
        array, array_params = self.process_rhs(compiler, connection)
        return f"{sql} = ANY {array}", [*params, *array_params]


def folded(text: str) -> list[str]:
    """Return the words of a text as the database compares them, the first few."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT search_fold(%s)", [text[:1000]])
        [found] = cursor.fetchone()
    return [word[:LONGEST_WORD] for word in found.split()[:MOST_WORDS]]


def mentioning(rooms: QuerySet[Room], words: Iterable[str]) -> QuerySet[Room]:
    """Return the rooms that bear every folded word somewhere: room, description, amenities, venue or city."""
    return rooms.filter(reduce(and_, map(_mentions, words)))


def in_a_name(words: Iterable[str]) -> Q:
    """Return the condition that the name of room or venue bears every folded word as it was typed."""
    room, venue = Stored("name", "search_name"), Stored("venue__name", "search_name")
    return reduce(and_, (Q(Contains(room, word)) | Q(Contains(venue, word)) for word in words))


def in_city(city: str) -> Q:
    """Return the condition that a room is in a city, however its name is written."""
    typed = Func(Value(city, output_field=TextField()), function="search_fold", output_field=TextField())
    return Q(Exact(Stored("venue__city", "search_city"), typed))


# --- one slip ---------------------------------------------------------------------------------------------


def slips(word: str) -> list[str]:
    """Return what a word may have been meant as, with ANY for a letter that is not known; sorted, without repeats."""
    count = len(word)
    if not SHORTEST_SLIP <= count <= LONGEST_SLIP:
        return []
    first = 0 if count >= LONG_WORD else 1
    wrong = {word[:at] + ANY + word[at + 1 :] for at in range(first, count)}
    missed = {word[:at] + ANY + word[at:] for at in range(first, count)}
    too_many = {word[:at] + word[at + 1 :] for at in range(first, count)}
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(first, count - 1)}
    return sorted((wrong | missed | too_many | swapped) - {word})


def _mentions(word: str) -> Q:
    """Return the condition that a room bears a word: as typed, or with a slip where it stands nowhere as typed."""
    exact = _bears(Contains, word, re.escape(word))
    meant = slips(word)
    if not meant or Room.objects.published().filter(exact).exists():
        return exact
    # One pattern for all: it is matched in one pass, however many words it means.
    words = "|".join(re.escape(one).replace(ANY, ".") for one in meant)
    tail = "" if len(word) > LONG_WORD else " "
    return _bears(Regex, f" (?:{words}){tail}", rf"\b(?:{words})\b")


def _bears(lookup: type[Lookup], sought: str, in_amenities: str) -> Q:
    venues = Venue.objects.filter(lookup(_WORDS, sought)).order_by().values("pk")
    # By an array, so that the index of each side serves the OR.
    found = Q(lookup(_WORDS, sought)) | Q(OfArray(F("venue"), ArraySubquery(venues)))
    amenities = _amenities(in_amenities)
    return found | Q(amenities__overlap=amenities) if amenities else found


def _amenities(pattern: str) -> list[str]:
    """Return the codes of the amenities whose code or label bears a pattern."""
    texts = {code: f"{code} {label}".lower().replace("-", " ") for code, label in AMENITIES.items()}
    return [code for code, text in texts.items() if re.search(pattern, text)]
