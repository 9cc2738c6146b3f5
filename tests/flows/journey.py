"""A guest, a host and the provider, each over HTTP: the steps flow tests are made of."""

import datetime as dt
import email
import email.policy
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import ApiToken
from bookings.models import Booking, EventReceipt
from core import clock
from notifications.models import Delivery
from payments.models import Payment, PaymentOperation, WebhookEvent
from tests.support import factories

VISA = "4242424242424242"


def wait_for(condition: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """Wait until `condition()` is true and return it; fails with its last value."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"still {found!r} after {seconds:.0f} s"
        time.sleep(0.05)


def mails_to_send() -> QuerySet[Delivery]:
    """Return what workers should be sending: a first try put off on purpose (notifications.mail.catalog) is not."""
    put_off = Q(attempts=0, next_attempt_at__gt=clock.now())
    return Delivery.objects.filter(state=Delivery.State.QUEUED).exclude(put_off)


class Journey:
    """A published hotel room, its host with an API token, and a guest without account."""

    def __init__(self, stack) -> None:
        self.stack = stack
        self.room = factories.room()
        self.host = factories.host(venue=self.room.venue)
        self.token = ApiToken.issue(user=self.host, name="flows")[1]
        self.reference = self.secret = ""

    # --- HTTP

    def call(self, method: str, url: str, data: dict | None = None, **headers: str) -> tuple[int, Any]:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(
            url, body, method=method, headers={"Content-Type": "application/json", **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def api(self, method: str, path: str, data: dict | None = None, **headers: str) -> tuple[int, Any]:
        return self.call(method, f"{self.stack.url}/api/v1/{path}", data, **headers)

    def control(self, call: str, data: dict | None = None) -> dict:
        method = "GET" if data is None else "POST"
        status, answer = self.call(method, f"{self.stack.sandbox_url}/_control/{call}", data)
        assert status == 200, answer
        return answer

    # --- the guest

    def book(self, *, days_ahead: int = 10, nights: int = 2) -> dict:
        check_in = dt.datetime.now(self.room.venue.zone).date() + dt.timedelta(days=days_ahead)
        choice = {
            "room": self.room.path,
            "check_in": check_in.isoformat(),
            "check_out": (check_in + dt.timedelta(days=nights)).isoformat(),
            "party_size": 2,
            "guest": {"name": "Ada Guest", "email": f"{uuid.uuid4().hex[:8]}@example.org", "phone": ""},
        }
        status, answer = self.api("POST", "bookings", choice, **{"Idempotency-Key": uuid.uuid4().hex})
        assert status == 201, answer
        self.reference, self.secret = answer["reference"], answer["secret"]
        return answer

    def as_guest(self, method: str, path: str, data: dict | None = None) -> tuple[int, Any]:
        return self.api(
            method, f"bookings/{self.reference}{path}", data, Authorization=f"Booking {self.secret}"
        )

    def as_host(self, method: str, path: str, data: dict | None = None) -> tuple[int, Any]:
        return self.api(
            method, f"bookings/{self.reference}{path}", data, Authorization=f"Bearer {self.token}"
        )

    def pay(self, card: str = VISA) -> str:
        """Pay on the provider's page; returns the return address, which is not visited."""
        status, session = self.as_guest("POST", "/payment/session", {})
        assert status == 200, session
        return self.control("pay", {"url": session["payment_url"], "card": card})["return_url"]

    def come_back(self) -> str:
        """Ask what came of the payment, as the return page does; returns the booking's status."""
        status, answer = self.as_guest("GET", "/payment/verify")
        assert status == 200, answer
        return answer["status"]

    # --- the host

    def approve(self) -> None:
        status, answer = self.as_host("POST", "/approve", {})
        assert status == 200, answer

    def decline(self) -> None:
        status, answer = self.as_host("POST", "/decline", {"reason": "Full"})
        assert status == 200, answer

    # --- what is so

    @property
    def booking(self) -> Booking:
        return Booking.objects.select_related("room", "venue").get(reference=self.reference)

    @property
    def payment(self) -> Payment:
        return Payment.objects.filter(booking=self.booking).latest("n")

    def is_status(self, status: str) -> Callable[[], bool]:
        return lambda: self.booking.status == status

    def reach(self, status: str, *, seconds: float = 30.0) -> Booking:
        wait_for(self.is_status(status), seconds=seconds)
        return self.booking

    def wait_quiet(self, *, seconds: float = 40.0) -> None:
        """Wait until nothing of this booking is left to do."""
        wait_for(lambda: not self.unfinished(), seconds=seconds)

    def unfinished(self) -> list[str]:
        booking = self.booking
        left = [
            EventReceipt.objects.filter(event__booking=booking, done_at=None),
            mails_to_send().filter(event__booking=booking),
            PaymentOperation.objects.filter(payment__booking=booking, state__in=["open", "unknown"]),
            WebhookEvent.objects.filter(payment__booking=booking, outcome="waiting"),
        ]
        return [str(row) for rows in left for row in rows]

    def mails(self, subject: str) -> list[EmailMessage]:
        """Return the mails of this booking whose subject begins so."""
        found = []
        for file in sorted(Path(self.stack.mail_dir).rglob("*.eml")):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if mail["Subject"].startswith(subject) and self.reference in mail["Subject"]:
                found.append(mail)
        return found

    def check_confirmed_once(self) -> None:
        """One capture at the provider, CONFIRMED here, every recipient told once."""
        self.wait_quiet()
        booking = self.booking
        assert booking.status == "CONFIRMED"
        books = self.control("books")["stripe"]
        mine = [row for row in books["payments"] if row["reference"] == self.reference]
        assert [(row["status"], row["captured_minor"]) for row in mine] == [
            ("succeeded", booking.total_minor)
        ]
        assert books["effects"]["capture"] == 1
        assert booking.events.filter(verb="confirm").count() == 1
        told = Delivery.objects.filter(
            event__booking=booking, event__verb="confirm", channel="email", recipient=booking.guest_email
        )
        assert [delivery.state for delivery in told] == ["sent"]
        mails = [mail for mail in self.mails("Booking Confirmed") if booking.guest_email in mail["To"]]
        assert len({mail["Message-ID"] for mail in mails}) == 1
