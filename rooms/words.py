"""The words of a search: accents, case and apostrophes do not count, and one slip of the finger is forgiven.

A slip is one letter missed, one too many, one wrong, or two neighbors changed over. It is only forgiven in a word that
stands nowhere as it was typed. The database folds both sides (`search_fold`) and finds them by trigram indexes.
"""

import re
from collections.abc import Iterable
from functools import reduce
from operator import and_

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.lookups import Exact, Lookup

from rooms.models import Room, Venue
from rooms.places import AMENITIES

MOST_WORDS = 8
LONGEST_WORD = 60
# Shorter words are one slip from too many others, longer ones cost an index scan for every letter four times over.
SHORTEST_SLIP, LONGEST_SLIP = 4, 24
# From so many letters on, the first may be wrong, and the word may go on after the slip ("beginer" → "beginners").
LONG_WORD = 5
ANY = "\ufffc"  # one letter, whichever


class Folded(Func):
    """Text as it is compared: lower case without accents and apostrophes, a space before and after each word."""

    function = "search_fold"
    arg_joiner = " || ' ' || "
    output_field = TextField()


class LikeAny(Lookup):
    """Whether a text is like one of several patterns."""

    lookup_name = "like_any"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        sql, params = self.process_lhs(compiler, connection)
        return f"{sql} LIKE ANY (%s)", [*params, list(self.rhs)]


class OfArray(Lookup):
    """Whether a value is one of an array's."""

    lookup_name = "of_array"

    def as_sql(self, compiler, connection):
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
    return rooms.filter(reduce(and_, (_mentions(_patterns(word)) for word in words)))


def in_a_name(words: Iterable[str]) -> Q:
    """Return the condition that the name of room or venue bears every folded word as it was typed."""
    names = Folded("name", "venue__name")
    return reduce(and_, (Q(LikeAny(names, [f"%{_like(word)}%"])) for word in words))


def in_city(city: str) -> Q:
    """Return the condition that a room is in a city, however its name is written."""
    return Q(Exact(Folded("venue__city"), Folded(Value(city, output_field=TextField()))))


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


def _patterns(word: str) -> tuple[list[str], list[str]]:
    """Return LIKE patterns and amenities for a word: as typed, or with a slip where it stands nowhere as typed."""
    exact = [f"%{_like(word)}%"], _amenities(re.escape(word))
    meant = slips(word)
    if not meant or exact[1] or Room.objects.published().filter(_mentions(exact)).exists():
        return exact
    tail = "%" if len(word) > LONG_WORD else " %"
    alternatives = "|".join(re.escape(one).replace(re.escape(ANY), ".") for one in meant)
    return [f"% {_like(one)}{tail}" for one in meant], _amenities(rf"\b(?:{alternatives})\b")


def _mentions(patterns: tuple[list[str], list[str]]) -> Q:
    like, amenities = patterns
    venues = Venue.objects.filter(LikeAny(Folded("name", "city"), like)).order_by().values("pk")
    # By an array, so that the index of each side serves the OR.
    found = Q(LikeAny(Folded("name", "description"), like)) | Q(OfArray(F("venue"), ArraySubquery(venues)))
    return found | Q(amenities__overlap=amenities) if amenities else found


def _amenities(pattern: str) -> list[str]:
    """Return the codes of the amenities whose code or label bears a pattern."""
    texts = {code: f"{code} {label}".lower().replace("-", " ") for code, label in AMENITIES.items()}
    return [code for code, text in texts.items() if re.search(pattern, text)]


def _like(word: str) -> str:
    """Return a word for LIKE, in which nothing but ANY means more than itself."""
    return re.sub(r"([\\%_])", r"\\\1", word).replace(ANY, "_")
