"""Reads venues.toml: what the demo's marketplace consists of, as plain dataclasses."""

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.money import to_minor
from rooms.demo.pictures import Picture

FILE = Path(__file__).with_name("venues.toml")

ALTS = {
    "bedroom": "A made bed between two lamps, beside a window on {city}",
    "studio": "A bed along the wall, a desk and a wide window on {city}",
    "suite": "A sofa under three panes with a view of {city}",
    "attic": "A bed beneath the beams of the roof, a small window on {city} above it",
    "hostel": "Bunk beds, an armchair and a window on {city}",
    "meeting": "A meeting table with chairs, a screen and pendant lamps",
    "boardroom": "A long table before a wall of glass, {city} outside",
    "huddle": "Armchairs around a low table and a whiteboard",
    "library": "A table with lamps between shelves of books",
    "consult": "Two armchairs facing each other over a small table",
    "workshop": "A long workbench with pots, shelves and tools behind it",
    "classroom": "A bench with stools in front of a large whiteboard",
    "outlook": "A window seat with cushions, and {city} beyond the glass",
    "bath": "A freestanding bath under a round window",
    "breakfast": "A table laid for two with eggs, coffee and croissants",
    "facade": "The house from the street, trees on both sides",
}
# At which hours a detail may be seen; the venue's slug chooses.
DETAIL_HOURS = {
    "facade": ("golden", "noon", "dusk", "morning"),
    "outlook": ("dusk", "morning", "night", "golden", "noon"),
    "bath": ("noon", "golden", "cloudy"),
    "breakfast": ("morning",),
}


@dataclass(frozen=True)
class RoomEntry:
    """One room of the catalog; `facts` are fields of rooms.Room, `sessions` its weekly session if it has any."""

    name: str
    facts: dict[str, Any]
    policy: str
    pictures: tuple[Picture, ...]
    alts: tuple[str, ...]
    sessions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class VenueEntry:
    """One venue of the catalog; `facts` are fields of rooms.Venue."""

    facts: dict[str, Any]
    roles: dict[str, str]
    rooms: tuple[RoomEntry, ...]
    weekend_percent: int
    season_percent: int
    days: tuple[int, ...]
    opens: dt.time
    closes: dt.time


def venues() -> list[VenueEntry]:
    """Return the whole catalog."""
    with FILE.open("rb") as file:
        return [_venue(data) for data in tomllib.load(file)["venue"]]


def _venue(data: dict[str, Any]) -> VenueEntry:
    facts = {
        key: data[key] for key in ("slug", "name", "address", "city", "country", "time_zone", "currency")
    }
    facts |= {
        "description": data["about"],
        "email": f"desk@{data['slug']}.demo.test",
        "tax_percent": data.get("tax", "0"),
        "check_in_time": dt.time.fromisoformat(data.get("check_in", "15:00")),
        "answer_hours": data.get("answer_hours", 24),
        "takes_online_payment": data.get("online", True),
    }
    return VenueEntry(
        facts=facts,
        roles=data["roles"],
        rooms=tuple(_room(data, {**data["room"], **room}, n) for n, room in enumerate(data["rooms"])),
        weekend_percent=data.get("weekend", 0),
        season_percent=data.get("season", 0),
        days=tuple(data.get("days", ())),
        opens=dt.time.fromisoformat(data.get("opens", "00:00")),
        closes=dt.time.fromisoformat(data.get("closes", "00:00")),
    )


def _room(venue: dict[str, Any], data: dict[str, Any], n: int) -> RoomEntry:
    currency = venue["currency"]
    way = (
        {"approval": "none", "capture": "on_confirmation"}
        if data.get("free")
        else {
            "approval": data.get("approval", "after_payment"),
            "capture": data.get("capture", "on_confirmation"),
        }
    )
    facts = {
        "kind": data["kind"],
        "description": data["about"],
        "capacity": data["capacity"],
        "size_m2": data.get("size"),
        "amenities": sorted({*data["amenities"], *data.get("extra", ())}),
        "price_minor": to_minor(data["price"], currency),
        "cleaning_fee_minor": to_minor(data.get("cleaning", "0"), currency),
        "min_units": data["min"],
        "max_units": data["max"],
        "buffer_after_minutes": data.get("buffer", 0),
        "appointment_minutes": data.get("minutes", 60),
        **way,
    }
    scenes = [(data["scene"], data["hour"]), *_details(venue, n)]
    pictures = tuple(_picture(venue, data["name"], place, *shot) for place, shot in enumerate(scenes))
    alts = tuple(ALTS[scene].format(city=venue["city"]) for scene, _hour in scenes)
    return RoomEntry(data["name"], facts, data.get("policy", ""), pictures, alts, data.get("sessions", {}))


def _details(venue: dict[str, Any], n: int) -> list[tuple[str, str]]:
    """Return one or two more views for the venue's n-th room; rooms of a venue share them."""
    details, turn = venue["details"], len(venue["slug"])
    chosen = dict.fromkeys(details[(n + step) % len(details)] for step in range(1 + (n % 2 == 0)))
    return [(scene, DETAIL_HOURS[scene][turn % len(DETAIL_HOURS[scene])]) for scene in chosen]


def _picture(venue: dict[str, Any], room: str, place: int, scene: str, hour: str) -> Picture:
    stem = f"{venue['slug']}-{scene}" if place else f"{venue['slug']}-{room.lower().replace(' ', '-')}"
    name = "".join(letter for letter in stem if letter.isascii() and (letter.isalnum() or letter == "-"))
    return Picture(f"rooms/demo/{name}.jpg", scene, venue["palette"], venue["city"], hour)
