"""A booking's journey in phases, each of which may be cut off anywhere and is then asked for again."""

import http.client
import time
import urllib.error
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from accounts.models import ApiToken
from bookings.models import EventReceipt
from core import clock
from payments.models import PaymentOperation, Payout, PayoutRun, Refund, Settlement, WebhookEvent
from payments.payouts import services as payouts
from payments.payouts.services import PayoutError
from tests.flows.journey import Journey, mails_to_send, wait_for
from tests.kill_sweep.ways import Way
from tests.support import factories, invariants

# What a client sees of a server that died under its request.
CUT_OFF = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)
QUIET_SECONDS = 60.0
# Any sum below the price.
PART_MINOR = 5_000
# Past the stay, the venue's delay, and the days until a charge's money is there to be paid out.
UNTIL_PAYOUT_SECONDS = 16 * 86_400
STRIPE_PAYOUTS = Payout.objects.filter(method=Payout.Method.STRIPE)


class Story(Journey):
    """The phases: what comes before each, what it does, and what must be true in the end."""

    def __init__(self, stack: Any, way: Way) -> None:
        self.stack, self.way = stack, way
        self.room = way.room(self)
        self.host = factories.host(venue=self.room.venue)
        self.token = ApiToken.issue(user=self.host, name="sweep")[1]
        self.reference = self.secret = self.pay_url = self.session_id = ""
        self.key, self.refund_key = uuid.uuid4().hex, uuid.uuid4().hex
        self.email = f"{uuid.uuid4().hex[:8]}@example.org"
        self.is_paid = False

    @cached_property
    def staff_token(self) -> str:
        return ApiToken.issue(user=factories.staff(), name="sweep")[1]

    # --- one step, asked for until it is answered

    def once(self, path: str, data: dict, authorization: str = "", **headers: str) -> Any:
        """Post a request; None when the server died under it, was not there, or says that it could not."""
        if authorization:
            headers["Authorization"] = authorization
        try:
            status, answer = self.api("POST", path, data, **headers)
        except CUT_OFF:
            return None
        if status >= 500:
            return None
        assert status in (200, 201), answer
        return answer

    def create(self) -> Any:
        guest = {"name": "Ada Guest", "email": self.email, "phone": ""}
        choice = {**self.way.choice(self.room), "party_size": 2, "guest": guest}
        answer = self.once("bookings", choice, **{"Idempotency-Key": self.key})
        if answer:
            self.reference, self.secret = answer["reference"], answer["secret"]
        return answer

    def checkout(self) -> Any:
        answer = self.once(f"bookings/{self.reference}/payment/session", {}, f"Booking {self.secret}")
        if answer:
            self.pay_url, self.session_id = answer["payment_url"], answer["session_id"]
        return answer

    def authorize(self) -> Any:
        if not self.is_paid:
            is_embedded = self.session_id.startswith("pi_")
            what = {"payment_intent": self.session_id} if is_embedded else {"url": self.pay_url}
            assert self.control("pay", {**what, "card": self.way.card})["result"] == "succeeded"
            self.is_paid = True
        return True

    def approve(self) -> Any:
        return self._as_host("approve")

    accept = approve

    def decline(self) -> Any:
        return self._as_host("decline", reason="Full")

    def cancel(self) -> Any:
        return self._as_host("cancel", reason="Water damage")

    def withdraw(self) -> Any:
        return self.once(f"bookings/{self.reference}/cancel", {}, f"Booking {self.secret}")

    def refund(self) -> Any:
        part = {"amount_minor": PART_MINOR, "reason": "Noise at night"}
        path, key = f"payments/{self.payment.public_id}/refund", {"Idempotency-Key": self.refund_key}
        return self.once(path, part, f"Bearer {self.staff_token}", **key)

    def payout(self) -> Any:
        """Let the stay pass, then begin a run, as staff do with a button; workers go on with it."""
        if self.booking.starts_at > clock.now():
            self.control("clock", {"advance_seconds": UNTIL_PAYOUT_SECONDS})
        try:
            return payouts.begin_run()
        except PayoutError:
            return PayoutRun.objects.latest("pk")

    def _as_host(self, verb: str, **data: str) -> Any:
        return self.once(f"bookings/{self.reference}/{verb}", data, f"Bearer {self.token}")

    # --- the whole

    def come_to(self, phase: str) -> None:
        """Go undisturbed through all that comes before a phase."""
        for earlier in self.way.before[phase]:
            self.insist(earlier)
            self.reach_end_of(earlier)

    def insist(self, phase: str) -> None:
        wait_for(getattr(self, phase), seconds=QUIET_SECONDS)

    def reach_end_of(self, phase: str, *, seconds: float = QUIET_SECONDS) -> None:
        """Wait until the phase's end is reached and nothing is left to do; both within `seconds`."""
        end = time.monotonic() + seconds
        wait_for(self._asked(lambda: self._is_over(phase)), seconds=seconds)
        if phase not in ("create", "checkout", "accept"):
            try:
                wait_for(self._asked(lambda: not self.unfinished()), seconds=end - time.monotonic())
            except AssertionError:
                raise AssertionError(f"left after {seconds:.0f} s: {self.unfinished()}") from None

    def _is_over(self, phase: str) -> bool:
        if phase == "refund" and not Refund.objects.filter(
            payment__booking=self.booking, amount_minor=PART_MINOR, status=Refund.Status.SUCCEEDED
        ):
            return False
        if phase == "payout" and not Payout.objects.filter(venue=self.room.venue, status=Payout.Status.PAID):
            return False
        return self.booking.status == self.way.ends[phase]

    def _asked(self, question: Callable[[], bool]) -> Callable[[], bool]:
        """A question to a database that may be away for a while."""

        def answer() -> bool:
            try:
                return question()
            except (OperationalError, InterfaceError):
                connection.close()
                return False

        return answer

    def unfinished(self) -> list[str]:
        """What is left to do, of this booking and of any other."""
        now = clock.now()
        left = [
            EventReceipt.objects.filter(done_at=None),
            mails_to_send(),
            PaymentOperation.objects.filter(state__in=["open", "unknown"]),
            PaymentOperation.objects.filter(kind="refund", state="done", refund=None),
            WebhookEvent.objects.filter(outcome="waiting"),
            Settlement.objects.filter(due_at__lte=now),
            Settlement.objects.filter(booking__reference=self.reference, due_at__isnull=False),
            PayoutRun.objects.filter(finished_at=None),
            # Those to a bank wait for staff.
            STRIPE_PAYOUTS.filter(status__in=[Payout.Status.READY, Payout.Status.SENDING]),
        ]
        return [str(row) for rows in left for row in rows]

    def check(self) -> None:
        """The promises, over everything in the database, and one effect of each kind at the provider."""
        invariants.check_quiet(self)
        assert not WebhookEvent.objects.filter(outcome="parked"), "H5 a message is parked"
        books = self.control("books")
        mine = [row for row in books[self.way.provider]["payments"] if row["reference"] == self.reference]
        assert len(mine) <= 1, f"M6 {len(mine)} payments at the provider"
        sent = sorted(row["transfer_group"] for row in books["stripe"]["transfers"])
        paid = STRIPE_PAYOUTS.filter(status=Payout.Status.PAID).values_list("key", flat=True)
        assert sent == sorted(paid), "M7 transfers at the provider"
