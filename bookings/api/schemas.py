"""What the bookings API takes and gives; amounts are minor units, instants ISO 8601 with offset."""

import datetime as dt
from typing import Annotated, Literal

from ninja import Field, Schema

from core.typed.json import Email, Moment, Phone, line, prose
from rooms.api.schemas import LineOut, QuoteIn, RefundStepOut

MOST_MINOR = 10**15
# Statuses by name; a test holds them to Status.
StatusName = Literal[
    "DRAFT", "PENDING_PAYMENT", "PENDING_APPROVAL", "CONFIRMED", "DECLINED", "CANCELLED", "EXPIRED", "COMPLETED",
]  # fmt: skip


Name = Annotated[str, line(120, least=1)]
Reason = Annotated[str, prose(2000)]


class GuestIn(Schema):
    name: Name
    email: Email
    phone: Phone = ""


class BookingIn(QuoteIn):
    """A choice as for a quote, and whose it is; whatever else is sent is ignored."""

    guest: GuestIn
    message: Reason = ""
    proof: Annotated[str, line(16)] = Field(
        "", description="The code mailed after a refusal with `proof_needed`; for visitors alone"
    )
    expected_total_minor: int | None = Field(
        None,
        strict=True,
        ge=0,
        le=MOST_MINOR,
        description="Refuse with `price_changed` if it costs something else",
    )


class DeclineIn(Schema):
    reason: Reason = ""


class CancelIn(Schema):
    reason: Reason = ""
    dry_run: bool = Field(default=False, strict=True, description="Only say what it would cost")


class ListQuery(Schema):
    """`after` is the reference of the last booking seen; `next` of an answer holds it."""

    status: Literal["", StatusName] = ""
    venue: Annotated[str, line(80)] = ""
    after: Annotated[str, line(16)] = ""
    limit: int = Field(50, ge=1, le=100)


class BookingCreated(Schema):
    reference: str
    secret: str | None = Field(
        description="Opens the booking: `Authorization: Booking <secret>`. Null where a request is sent again later "
        "than 15 minutes or from elsewhere: the guest is mailed the link"
    )
    status: StatusName
    total_minor: int
    currency: str
    payment_due_at: dt.datetime | None
    decide_by: dt.datetime | None
    url: str = Field(description="The guest's page, with the secret where that is told")


class GuestOut(Schema):
    name: str
    email: str
    phone: str


class PlaceOut(Schema):
    path: str = Field(description="venue/room")
    name: str
    venue: str
    venue_name: str
    kind: str


class BookingSummary(Schema):
    reference: str
    status: StatusName
    version: int = Field(description="Grows with every change")
    room: PlaceOut
    session: int | None
    guest: GuestOut
    party_size: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    time_zone: str
    total_minor: int
    due_minor: int = Field(description="What the booking should cost now")
    currency: str
    payment_due_at: dt.datetime | None
    decide_by: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime


class BookingList(Schema):
    items: list[BookingSummary]
    next: str | None


class DecisionOut(Schema):
    decision: Literal["approved", "declined"]
    made_at: dt.datetime
    made_by: str
    reason: str


class NextStepOut(Schema):
    who: Literal["guest", "host", "site", "nobody"]
    headline: str
    sentence: str
    deadline: dt.datetime | None


class HistoryOut(Schema):
    version: int
    at: dt.datetime
    verb: str
    from_status: StatusName
    to_status: StatusName
    actor_kind: str
    actor: str
    title: str
    detail: str
    reason: str


class CancellationOut(Schema):
    """What a guest who cancels gets back, now and later; before the host's yes it costs nothing."""

    refund_now_minor: int = Field(description="Of the money held or paid")
    fee_now_minor: int = Field(description="Would stay due")
    is_free_now: bool
    next_change_at: dt.datetime | None
    schedule: list[RefundStepOut] = Field(description="Once confirmed")


class BookingOut(BookingSummary):
    """A booking whole. `payments` and the `*_minor` sums of held, captured and refunded money come from payments."""

    message: str
    lines: list[LineOut]
    tax_minor: int
    policy: dict
    cancellation: CancellationOut | None = Field(description="Null once it cannot be cancelled any more")
    approval: str = Field(description="after_payment, before_payment or none, as it was when booked")
    capture: str = Field(description="on_confirmation or after_completion, as it was when booked")
    authorized_at: dt.datetime | None
    held_until: dt.datetime | None
    paid_at: dt.datetime | None
    confirmed_at: dt.datetime | None
    closed_at: dt.datetime | None
    decision: DecisionOut | None
    next_step: NextStepOut
    history: list[HistoryOut]
    held_minor: int
    captured_minor: int
    refunded_minor: int
    payments: list[dict]
    refunds: list[dict] = Field(description="Money that came back or is on its way, with the provider's id")
    credits: list[dict] = Field(description="Credits given instead; their codes for the guest alone")
    url: str


class ScheduleOut(Schema):
    until: dt.datetime | None = Field(description="Null for the last step")
    percent: int
    returned_minor: int


class CancelOut(BookingOut):
    dry_run: bool
    fee_minor: int = Field(description="Stays due after the cancellation")
    returned_minor: int = Field(
        description="Held or paid money that goes back now; nothing while the guest's bank disputes the payment"
    )
    money_back: str = Field(description="The same in words, as the guest's pages and mails say it")
    expected_by: dt.date | None = Field(description="The day by which the guest's bank shows what goes back")
    schedule: list[ScheduleOut] = Field(description="What a guest who cancels gets back, and until when")


Title = Name
WallTime = Annotated[
    Moment, Field(description="Without an offset: wall time of the venue", examples=["2027-01-05T18:30"])
]


class SessionQuery(Schema):
    since: Moment | None = None
    page: int = Field(1, ge=1, le=1000)


class SessionIn(Schema):
    """A session, or one a week at the same wall time: `count` of them, or up to and including the date `until`."""

    title: Title
    starts_at: WallTime
    ends_at: WallTime
    capacity: int | None = Field(
        None, ge=1, le=10_000, description="Seats; as many as the room has where left out"
    )
    price_minor: int | None = Field(
        None, ge=0, le=MOST_MINOR, description="Of a seat; null: the room's own price"
    )
    count: int | None = Field(None, ge=1, le=53)
    until: dt.date | None = None
    dry_run: bool = False


class SessionChangeIn(Schema):
    title: Title | None = None
    starts_at: WallTime | None = None
    ends_at: WallTime | None = None
    capacity: int | None = Field(None, ge=1, le=10_000)
    price_minor: int | None = Field(None, ge=0, le=MOST_MINOR, description="Null: the room's own price")


class ManagedSession(Schema):
    id: int | None = Field(description="Null where `dry_run` added nothing")
    room: str = Field(description="venue/room")
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    capacity: int
    seats_taken: int
    seats_left: int
    price_minor: int = Field(description="Of a seat")
    has_own_price: bool
    currency: str
    is_cancelled: bool


class SessionCreated(ManagedSession):
    """The first session, and in `items` all that were added."""

    items: list[ManagedSession]


class SessionList(Schema):
    items: list[ManagedSession]
    next: str | None


class SessionCancelIn(Schema):
    reason: Reason = Field(default="", description="Required unless `dry_run`; for the guests to read")
    dry_run: bool = False


class MoneyBackOut(Schema):
    currency: str
    refunded_minor: int
    released_minor: int
    total_minor: int


class ProgressOut(Schema):
    total: int
    done: int
    failed: int = Field(description="Given up after several tries: staff look")


class SessionCancelOut(Schema):
    """How many bookings are left to cancel and what goes back of them; `progress` once it has begun."""

    session: int
    title: str
    dry_run: bool
    is_cancelled: bool
    bookings: int
    sums: list[MoneyBackOut]
    progress: ProgressOut | None
