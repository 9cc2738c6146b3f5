"""What one history is made of: who asks for what, and how the surroundings behave."""

from typing import Any, NamedTuple

Action = tuple[Any, ...]


class Offer(NamedTuple):
    """What one guest will ask for. Amounts in minor units, spans in hours."""

    kind: str
    approval: str
    capture: str
    provider: str
    slot: int
    total_minor: int
    tax_minor: int
    policy: dict
    starts_in: float
    hours: float
    answer_hours: int
    takes_online_payment: bool = True
    is_own_shop: bool = False  # the venue's own, at Octo


class Plan(NamedTuple):
    """All that is fixed before a history begins."""

    offers: tuple[Offer, ...]
    refund_mood: str = "instant"
    octo_hold_minutes: int = 30
    fee_delay_seconds: int = 0
    is_silent: bool = False  # no webhook is ever sent
    is_reversed: bool = False  # healing delivers the last message first
    keeps_bells: bool = False  # healing hears the doorbells before it sweeps
    is_live: bool = False  # real money
    # With the database only:
    has_nights: bool = False  # the comparison with the providers is made every night
    payee: tuple[str, int, int] | None = (
        None  # venues are paid: by what, hours after the start, from which sum
    )
    octo_tells: bool = False  # Octo sends a message of refunds, too
