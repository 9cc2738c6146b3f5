"""Octo's way over HTTP against the running product, with every way a callback may travel."""

import datetime as dt
import json
import urllib.error
import urllib.request
import uuid

import pytest

from accounts.models import ApiToken
from bookings.states import Status
from payments.models import PaymentSettings, WebhookEvent
from tests.flows.journey import Journey, wait_for
from tests.support import factories
from tests.support.invariants import check_always

CARD = "8600000000000007"
PRICE = 80_000_000


class OctoJourney(Journey):
    """A conference room in Tashkent, paid in so'm to the platform's shop after the host's yes."""

    def __init__(self, stack) -> None:
        super().__init__(stack)
        venue = factories.venue(
            country="UZ",
            time_zone="Asia/Tashkent",
            currency="UZS",
            hold_limit_minutes=30,
            payment_provider="octo",
        )
        PaymentSettings.objects.create(venue=venue, provider="octo")
        self.room = factories.room(venue=venue, kind="conference", price_minor=PRICE)
        self.host = factories.host(venue=venue)
        self.token = ApiToken.issue(user=self.host, name="flows")[1]

    def ask(self) -> None:
        """Ask for an hour a week ahead, and let the host say yes."""
        day = dt.datetime.now(self.room.venue.zone).date() + dt.timedelta(days=7)
        choice = {
            "room": self.room.path,
            "start": f"{day}T10:00",
            "end": f"{day}T11:00",
            "party_size": 2,
            "guest": {"name": "Ada Guest", "email": f"{uuid.uuid4().hex[:8]}@example.org", "phone": ""},
        }
        status, answer = self.api("POST", "bookings", choice, **{"Idempotency-Key": uuid.uuid4().hex})
        assert status == 201, answer
        self.reference, self.secret = answer["reference"], answer["secret"]
        self.approve()

    @property
    def theirs(self) -> list[dict]:
        rows = self.control("books")["octo"]["payments"]
        return [row for row in rows if row["reference"] == self.reference]

    def check_paid_once(self) -> None:
        self.reach(Status.CONFIRMED)
        self.wait_quiet()
        assert [(row["status"], row["captured_minor"]) for row in self.theirs] == [("succeeded", PRICE)]
        assert self.booking.events.filter(verb="confirm").count() == 1
        check_always()


@pytest.fixture
def journey(stack) -> OctoJourney:
    stack.start()
    journey = OctoJourney(stack)
    journey.control("reset", {})
    return journey


def test_callback_without_the_return_confirms(journey):
    journey.ask()
    journey.pay(CARD)

    journey.check_paid_once()
    event = WebhookEvent.objects.get(payment=journey.payment)
    assert (event.provider, event.type, event.outcome) == ("octo", "octo.succeeded", "processed")


def test_return_before_the_callback_confirms_once(journey):
    journey.control("webhooks", {"mode": "hold"})
    journey.ask()
    journey.pay(CARD)
    assert journey.come_back() == Status.CONFIRMED

    journey.control("webhooks", {"mode": "normal"})
    journey.control("webhooks/release", {})
    wait_for(lambda: WebhookEvent.objects.filter(payment=journey.payment, outcome="processed").exists())
    journey.check_paid_once()


def test_callback_lost_is_made_good_by_the_sweep(journey):
    journey.control("webhooks", {"mode": "drop"})
    journey.ask()
    journey.pay(CARD)
    journey.control("clock", {"advance_seconds": 60})

    journey.check_paid_once()


def test_callback_thirty_two_times_at_once_counts_once(journey):
    journey.control("webhooks", {"mode": "duplicate", "copies": 32})
    journey.ask()
    journey.pay(CARD)

    journey.check_paid_once()
    assert WebhookEvent.objects.filter(payment=journey.payment).count() == 1


def test_forged_callback_moves_nothing_and_leaves_no_trace(journey):
    journey.ask()
    status, session = journey.as_guest("POST", "/payment/session", {})
    assert status == 200
    forged = {
        "shop_transaction_id": session["session_id"],
        "octo_payment_UUID": journey.theirs[0]["id"],
        "status": "succeeded",
        "signature": "0" * 40,
        "hash_key": "x",
    }
    request = urllib.request.Request(
        f"{journey.stack.url}/webhooks/octo/",
        json.dumps(forged).encode(),
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)

    assert refused.value.code == 400
    assert not WebhookEvent.objects.filter(event_id__startswith=journey.theirs[0]["id"]).exists()
    assert journey.booking.status == Status.PENDING_PAYMENT


def test_guest_cancels_and_the_money_comes_back_over_a_lost_answer(journey):
    journey.ask()
    journey.pay(CARD)
    journey.check_paid_once()
    fault = {"provider": "octo", "operation": "refund", "fault": "timeout_after", "times": 1}
    journey.control("faults", fault)
    status, answer = journey.as_guest("POST", "/cancel", {"reason": "Ill"})
    assert status == 200, answer
    journey.control("clock", {"advance_seconds": 120})

    wait_for(lambda: journey.payment.refunds.filter(status="succeeded").exists(), seconds=60)
    journey.wait_quiet()
    assert journey.theirs[0]["refunded_minor"] == PRICE
    assert journey.payment.refunds.count() == 1
    check_always()
