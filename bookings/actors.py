"""Who acts on a booking."""

from dataclasses import dataclass
from typing import Any

from bookings.models import BookingEvent

Kind = BookingEvent.Actor


@dataclass(frozen=True)
class Actor:
    """The kind of actor, and the user where there is one."""

    kind: str
    user: Any = None

    @property
    def is_guest(self) -> bool:
        return self.kind == Kind.GUEST


CLOCK = Actor(Kind.CLOCK)
PROVIDER = Actor(Kind.PROVIDER)


def guest_actor(user: Any = None) -> Actor:
    """The guest, logged in or not."""
    return Actor(Kind.GUEST, user if user is not None and user.is_authenticated else None)


def member_actor(user: Any) -> Actor:
    """A member of the venue's team, or platform staff."""
    return Actor(Kind.STAFF if user.is_platform_staff else Kind.HOST, user)
