"""What the API reads and writes of closed dates."""

import datetime as dt
from typing import Annotated

from ninja import Field, Schema
from pydantic import StringConstraints

from core.typed.json import line

Note = Annotated[str, line(200)]
Slug = Annotated[str, StringConstraints(max_length=80)]


class ClosingQuery(Schema):
    page: int = Field(1, ge=1, le=1000)


class ClosingIn(Schema):
    """Dates at the venue, both included; by the night, the nights that begin on them."""

    first_date: dt.date
    last_date: dt.date
    rooms: list[Slug] | None = Field(
        None, min_length=1, max_length=1000, description="Left out: all rooms, those added later, too"
    )
    years: int = Field(1, ge=1, le=10, description="The same dates in so many years, one after the other")
    note: Note = ""


class ClosingOut(Schema):
    id: int
    venue: str
    is_whole_venue: bool
    rooms: list[str] = Field(description="venue/room, as they are closed now")
    first_date: dt.date
    last_date: dt.date
    years: int
    note: str


class ClosingList(Schema):
    items: list[ClosingOut]
    next: str | None
