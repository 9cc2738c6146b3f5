"""What the rooms API takes and gives; amounts are minor units, instants ISO 8601 with offset."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from django.conf import settings
from ninja import Field, Schema

from core.money import Currency, InvalidAmount, to_minor
from core.typed.json import Amount, Email, Moment, Whole, line
from rooms.availability.stays import InvalidStay
from rooms.search.query import Search

Kind = Literal["hotel", "conference", "expert", "workshop"]
Role = Literal["owner", "manager", "clerk"]


class SearchQuery(Schema):
    """Filters of the room list; `start`/`end` without an offset are wall time of each venue."""

    q: Annotated[str, line(100)] = ""
    city: Annotated[str, line(80)] = ""
    kind: Literal["", "hotel", "conference", "expert", "workshop"] = ""
    check_in: dt.date | None = None
    check_out: dt.date | None = None
    start: Moment | None = None
    end: Moment | None = None
    guests: Whole | None = Field(None, ge=1, le=10_000)
    price_max_minor: Whole | None = Field(None, ge=0, description="Of a unit, in minor units of `currency`")
    price_max: Amount | None = Field(None, ge=0, description="The same in whole units, for example 120.50")
    currency: Literal["", Currency] = Field("", description="Prices are compared in it; empty: the site's")
    amenities: list[str] = []
    sort: Literal["", "relevance", "price", "price_desc", "capacity", "name"] = ""
    page: Whole = Field(1, ge=1, le=1000)

    def as_search(self) -> Search:
        """Return the search. Raises: InvalidStay for a limit of more decimals than its currency has."""
        asked = self.dict(exclude={"page", "price_max"})
        if self.price_max is not None and self.price_max_minor is None:
            asked["price_max_minor"] = self._limit_minor(self.price_max)
        return Search(**asked)

    def _limit_minor(self, limit: Decimal) -> int:
        try:
            return to_minor(limit, self.currency or settings.DEFAULT_CURRENCY)
        except InvalidAmount as error:
            raise InvalidStay("price_max", "invalid", "Give an amount like 120.50.") from error


class AvailabilityQuery(Schema):
    """Local dates of the venue, `to` not included."""

    first: dt.date | None = Field(None, alias="from")
    end: dt.date | None = Field(None, alias="to")


class QuoteIn(Schema):
    """A choice to be priced: dates, hours or a session, as the room is booked."""

    room: str = Field(description="venue/room", examples=["hotel-lutetia/garden-double"])
    check_in: dt.date | None = None
    check_out: dt.date | None = None
    start: Moment | None = None
    end: Moment | None = None
    session: int | None = None
    party_size: Whole = Field(1, ge=1, le=10_000)


class PhotoOut(Schema):
    url: str
    alt: str
    width: int
    height: int


class VenueOut(Schema):
    slug: str
    name: str
    city: str
    country: str
    address: str
    time_zone: str
    currency: str


class RoomOut(Schema):
    path: str = Field(description="venue/room")
    name: str
    kind: Kind
    unit: str
    venue: VenueOut
    description: str
    capacity: int
    size_m2: int | None
    amenities: list[str]
    price_minor: int
    currency: str
    approval: str
    photos: list[PhotoOut]
    url: str
    total_minor: int | None = Field(None, description="Of the dates searched for")


class ComparedOut(Schema):
    currency: str
    rates_as_of: dt.date | None = Field(description="Null: no fresh rates, each currency compared by itself")


class RoomList(Schema):
    items: list[RoomOut]
    next: str | None
    total: int = Field(description="Of all pages")
    compared: ComparedOut | None = Field(
        None, description="How prices were sorted or limited, where they were"
    )


class SessionOut(Schema):
    id: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    seats_left: int


class RoomDetail(RoomOut):
    cleaning_fee_minor: int
    min_units: int
    max_units: int
    appointment_minutes: int | None
    notice_minutes: int
    booking_window_days: int
    check_in_time: str | None
    check_out_time: str | None
    cancellation: list[str] = Field(description="What comes back when, one sentence a tier")
    opening_hours: list[dict]
    sessions: list[SessionOut]


class DayOut(Schema):
    date: dt.date
    is_free: bool = Field(description="A stay that may be booked holds this night")
    can_start: bool = Field(description="The shortest stay may begin with it")
    state: Literal["free", "taken", "past", "closed", "far"]
    price_minor: int


class SlotOut(Schema):
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_free: bool
    session: int | None = None


class AvailabilityOut(Schema):
    """Nights in `days` for rooms by the night, else `slots`; `is_free` says whether all of it is."""

    room: str
    unit: str
    time_zone: str
    currency: str
    first: dt.date = Field(alias="from")
    end: dt.date = Field(alias="to")
    is_free: bool
    days: list[DayOut]
    slots: list[SlotOut]


class LineOut(Schema):
    kind: str
    label: str
    quantity: int
    unit_minor: int
    amount_minor: int


class RefundStepOut(Schema):
    """What comes back when cancelling up to and including `until`; null: at any later time."""

    until: dt.datetime | None
    percent: int
    refund_minor: int


class CancellationTermsOut(Schema):
    policy: str = Field(description="Its name; empty where everything comes back until the start")
    rules: list[str]
    schedule: list[RefundStepOut]


class QuoteOut(Schema):
    room: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    units: int
    lines: list[LineOut]
    total_minor: int
    tax_minor: int
    currency: str
    held_today_minor: int = Field(description="Held on the card when booked now, not taken")
    charged_today_minor: int = Field(description="Taken at once when booked now")
    capture: str = Field(description="When the money is taken: on_confirmation or after_completion")
    cancellation: CancellationTermsOut
    is_free: bool


class RoleIn(Schema):
    role: Role


class InvitationIn(RoleIn):
    email: Email


class MemberOut(Schema):
    id: int
    email: str
    name: str
    role: Role
    is_active: bool = Field(description="Whether the person may sign in")


class InvitationOut(Schema):
    id: int
    email: str
    role: Role
    invited_by: str
    expires_at: dt.datetime


class TeamOut(Schema):
    members: list[MemberOut]
    invitations: list[InvitationOut]
