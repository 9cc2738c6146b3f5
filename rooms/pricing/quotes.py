"""The price of a stay, worked out line by line; pure given a room with its venue and price rules."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from core.money import format_minor, percent_of
from rooms.availability.stays import Stay, count_units, unit_length
from rooms.models import PriceRule, Room, Session
from rooms.sales_modes import capture_for, holds_first

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Line:
    """One line of a quote, in minor units. `kind` is stay, discount (negative), cleaning or tax."""

    kind: str
    label: str
    quantity: int
    unit_minor: int
    amount_minor: int


@dataclass(frozen=True)
class Quote:
    """What a stay costs, and how it is paid when booked now.

    Of the total, `held_today_minor` is asked of the guest's card as a hold and `charged_today_minor` is taken at
    once; both are 0 where the host answers first or nothing is paid online. `capture` (Room.Capture) is when the
    money is taken, as the booking freezes it.
    """

    lines: tuple[Line, ...]
    total_minor: int
    tax_minor: int
    currency: str
    held_today_minor: int
    charged_today_minor: int
    capture: str
    units: int

    def as_lines(self) -> list[dict]:
        """Return the lines as JSON: `[{kind, label, quantity, unit_minor, amount_minor}]`."""
        return [asdict(line) for line in self.lines]


def quote(
    room: Room, stay: Stay, party_size: int, *, now: dt.datetime, session: Session | None = None
) -> Quote:
    """Return the price of a stay booked at `now`: units by price, a long stay's discount, cleaning, tax.

    A `session` may have a price a seat of its own.
    """
    units = party_size if room.kind == Room.Kind.WORKSHOP else stay.units
    rules = list(room.price_rules.all())
    currency = room.venue.currency
    dates = unit_dates(room, stay, units)
    prices = [
        unit_price(room, rules, date) if session is None else seat_price(session, room, rules, date)
        for date in dates
    ]
    lines = _stay_lines(room, prices, currency)
    lines += _discount_lines(rules, dates, units, sum(line.amount_minor for line in lines))
    if room.cleaning_fee_minor:
        lines.append(_single("cleaning", "Cleaning", room.cleaning_fee_minor))
    tax_minor = percent_of(sum(line.amount_minor for line in lines), room.venue.tax_percent)
    if tax_minor:
        lines.append(_single("tax", f"Tax, {_percent(room.venue.tax_percent)}", tax_minor))
    total_minor = sum(line.amount_minor for line in lines)
    capture = capture_for(room, stay.ends_at, now)
    held_minor, charged_minor = _paid_today(room, capture, total_minor)
    return Quote(
        tuple(lines), total_minor, tax_minor, currency, held_minor, charged_minor, capture, units
    )  # fmt: skip


def _paid_today(room: Room, capture: str, total_minor: int) -> tuple[int, int]:
    """Return what of the total is held, and what is charged, when the room is booked now; minor units."""
    if room.approval == Room.Approval.BEFORE_PAYMENT or not room.venue.takes_online_payment:
        return 0, 0
    return (total_minor, 0) if holds_first(room.approval, capture) else (0, total_minor)


def unit_price(room: Room, rules: Iterable[PriceRule], date: dt.date) -> int:
    """Return a unit's price on a local date, in minor units: the narrowest rule's, else the room's own."""
    rule = _narrowest(rule for rule in rules if rule.price_minor is not None and _covers(rule, date))
    return room.price_minor if rule is None or rule.price_minor is None else rule.price_minor


def seat_price(session: Session, room: Room, rules: Iterable[PriceRule], date: dt.date) -> int:
    """Return a seat's price in a session, in minor units: its own, else the room's on that date."""
    return unit_price(room, rules, date) if session.price_minor is None else session.price_minor


def unit_dates(room: Room, stay: Stay, units: int) -> list[dt.date]:
    """Return the local date each night, hour, appointment or seat falls on."""
    zone = room.venue.zone
    first_date = stay.starts_at.astimezone(zone).date()
    if room.kind == Room.Kind.WORKSHOP:
        return [first_date] * units
    if room.is_by_night:
        return [first_date + ONE_DAY * n for n in range(units)]
    length = unit_length(room)
    return [(stay.starts_at + length * n).astimezone(zone).date() for n in range(units)]


def _stay_lines(room: Room, prices: Iterable[int], currency: str) -> list[Line]:
    """Group units by price, in the order they come."""
    counts = Counter(prices)
    return [
        Line("stay", _stay_label(room, count, price, currency), count, price, count * price)
        for price, count in counts.items()
    ]


def _stay_label(room: Room, count: int, price: int, currency: str) -> str:
    units = count_units(count, room.unit)
    return f"{units} at {format_minor(price, currency)}" if price else f"{units}, free of charge"


def _discount_lines(
    rules: Sequence[PriceRule], dates: list[dt.date], units: int, sum_minor: int
) -> list[Line]:
    """Return the discount of the longest stay reached, if any; it is taken off the units, not cleaning."""
    reached = [
        (rule.min_units, rule.discount_percent, rule.pk or 0, rule.name)
        for rule in rules
        if rule.discount_percent is not None
        and rule.min_units is not None
        and rule.min_units <= units
        and _covers(rule, dates[0])
    ]
    if not reached:
        return []
    _units, percent, _pk, name = max(reached)
    amount_minor = -percent_of(sum_minor, percent)
    label = f"{name}, −{_percent(percent)}"
    return [_single("discount", label, amount_minor)] if amount_minor else []


def _narrowest(rules: Iterable[PriceRule]) -> PriceRule | None:
    """Return the rule on the fewest dates: the shortest season, then the fewest weekdays, then the newest."""
    return min(rules, key=_width, default=None)


def _width(rule: PriceRule) -> tuple[int, int, int]:
    return (_season_days(rule), len(rule.weekdays) or 7, -(rule.pk or 0))


def _season_days(rule: PriceRule) -> int:
    """Return how long a rule's season is; an open end reaches to the end of the calendar."""
    return ((rule.last_date or dt.date.max) - (rule.first_date or dt.date.min)).days


def _covers(rule: PriceRule, date: dt.date) -> bool:
    if rule.weekdays and date.weekday() not in rule.weekdays:
        return False
    if rule.first_date and date < rule.first_date:
        return False
    return not (rule.last_date and date > rule.last_date)


def _single(kind: str, label: str, amount_minor: int) -> Line:
    return Line(kind, label, 1, amount_minor, amount_minor)


def _percent(percent: Decimal) -> str:
    """Write 10.00 as `10%` and 7.50 as `7.5%`."""
    return f"{percent.normalize():f}%"
