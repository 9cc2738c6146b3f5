"""Bookings on their way, a mail server, and the sandbox's Pusher."""

import datetime as dt
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking, BookingEvent
from notifications import services
from tests.notifications import smtp
from tests.sandbox import process
from tests.support import factories

NOW = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
HELD_UNTIL = NOW + dt.timedelta(days=7)


@pytest.fixture(autouse=True)
def no_quiet_channels() -> None:
    services._quiet_until.clear()


@pytest.fixture
def mail_server(settings) -> Iterator[smtp.Server]:
    """A real SMTP server that the mail settings point to."""
    with smtp.running() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 2
        yield server


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[process.Sandbox]:
    with process.running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process, settings) -> process.Sandbox:
    """The sandbox's Pusher, empty, with the settings pointing to it."""
    sandbox_process.control("reset", {})
    place = urlsplit(sandbox_process.base)
    settings.PUSHER_APP_ID = process.PUSHER["PUSHER_APP_ID"]
    settings.PUSHER_KEY = process.PUSHER["PUSHER_KEY"]
    settings.PUSHER_SECRET = process.PUSHER["PUSHER_SECRET"]
    settings.PUSHER_HOST, settings.PUSHER_PORT = place.hostname, place.port
    return sandbox_process


@pytest.fixture
def no_pusher(settings) -> None:
    settings.PUSHER_APP_ID = ""


class Story:
    """One booking, moved along by the verbs, a minute each; `event` is the last thing that happened to it."""

    def __init__(self, **submission) -> None:
        self.now = NOW
        self.booking: Booking = factories.booking(now=NOW, **submission)
        self.host = factories.host(venue=self.booking.venue)

    @property
    def event(self) -> BookingEvent:
        return self.booking.events.select_related("booking__room", "booking__venue").last()

    def authorized(self) -> "Story":
        return self._do(bookings.authorize, held_until=HELD_UNTIL)

    def approved(self) -> "Story":
        return self._do(bookings.approve, actor=member_actor(self.host))

    def confirmed(self) -> "Story":
        return self._do(bookings.confirm, paid_at=self.now)

    def capture_failed(self) -> "Story":
        return self._do(bookings.capture_failed, reason="the hold has lapsed")

    def declined(self, reason: str = "Water damage") -> "Story":
        return self._do(bookings.decline, actor=member_actor(self.host), reason=reason)

    def expired(self) -> "Story":
        return self._do(bookings.expire)

    def cancelled(self, by: str = "guest", reason: str = "") -> "Story":
        actor = {"guest": guest_actor(), "host": member_actor(self.host)}.get(by) or member_actor(
            factories.staff()
        )
        return self._do(bookings.cancel, actor=actor, reason=reason)

    def announced(self, notice: str, **data) -> "Story":
        return self._do(bookings.announce, notice=notice, data=data)

    def _do(self, verb, **arguments) -> "Story":
        self.now += dt.timedelta(minutes=1)
        self.booking = verb(booking_id=self.booking.pk, now=self.now, **arguments)
        return self


@pytest.fixture
def story(db) -> type[Story]:
    return Story
