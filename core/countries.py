"""Countries as people call them, with their time zones and their money.

Which countries there are, and which zones are in use in each, is tzdata's to say; names and currencies are CLDR's.
Zones that tzdata keeps for old programs alone (Africa/Asmera) are in none of them.
"""

import functools
import re
import unicodedata
from importlib.resources import files

from babel import Locale
from babel.numbers import get_territory_currencies

# Rows begin with a country's code; the zones of one come with the most peopled first.
CODES, ZONES = "iso3166.tab", "zone.tab"
PLACED = re.compile(r"(?!Etc/)\w+/")


def _rows(table: str) -> list[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def sorting(name: str) -> str:
    """Return a name as it is compared: without accents, in small letters."""
    return "".join(
        one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one)
    ).lower()


@functools.cache
def names() -> dict[str, str]:
    """Return the name of each country by its ISO 3166 code, in the order of names."""
    known = Locale("en").territories
    found = {code: known.get(code, name) for code, name in _rows(CODES)}
    return dict(sorted(found.items(), key=lambda item: sorting(item[1])))


def choices() -> list[tuple[str, str]]:
    """Return all countries for a form; by reference in migrations, which so do not follow each renaming."""
    return list(names().items())


@functools.cache
def zones() -> dict[str, tuple[str, ...]]:
    """Return the zones in use in each country, by its code."""
    found: dict[str, tuple[str, ...]] = {}
    for code, _where, zone, *_comment in _rows(ZONES):
        found[code] = (*found.get(code, ()), zone)
    return found


@functools.cache
def old_zone_names() -> dict[str, str]:
    """Return {a name kept for old programs: the zone it means}; browsers still say Asia/Calcutta.

    Those without a place, such as CET or Japan, say too little, and are none.
    """
    text = files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
    links = [line.split() for line in text.splitlines() if line.startswith("L ")]
    present = {zone for of_country in zones().values() for zone in of_country}
    return {old: zone for _link, zone, old in links if old not in present and PLACED.match(old)}


def currency_of(code: str) -> str:
    """Return the currency people of a country pay with; empty where there is none of its own."""
    return next(iter(get_territory_currencies(code)), "")
