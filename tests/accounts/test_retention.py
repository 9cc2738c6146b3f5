"""What is forgotten in time, and what stays."""

import datetime as dt
import json

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import ApiToken, FormerAddress
from accounts.tasks import sweep_retention
from bookings.models import Booking
from core import clock
from notifications.models import Delivery
from payments.models import WebhookEvent
from rooms.models import Invitation, VenueNotice
from tests.support import factories

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
PAYLOAD = {
    "id": "evt_1", "type": "charge.succeeded", "created": 1, "livemode": False,
    "data": {
        "object": {
            "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 100, "receipt_email": "a@example.org",
            "billing_details": {"name": "Ada", "address": {"line1": "Street 1"}},
        }
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _surroundings(time_machine):
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)


def message(event_id: str, age: dt.timedelta, outcome: str = "processed") -> WebhookEvent:
    return WebhookEvent.objects.create(
        provider="stripe", event_id=event_id, type="charge.succeeded", payload=PAYLOAD, outcome=outcome,
        received_at=clock.now() - age,
    )  # fmt: skip


def test_message_of_a_provider_loses_its_words_after_ninety_days_and_keeps_what_tells_it_apart():
    old, young = message("evt_1", 90 * DAY + SECOND), message("evt_2", 90 * DAY)
    waiting = message("evt_3", 200 * DAY, outcome="waiting")

    sweep_retention()
    sweep_retention()

    for row in (old, young, waiting):
        row.refresh_from_db()
    assert old.payload == {
        "id": "evt_1", "type": "charge.succeeded", "created": 1, "livemode": False, "emptied": True,
        "data": {
            "object": {
                "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 100, "receipt_email": "",
                "billing_details": {"name": "", "address": {"line1": ""}},
            }
        },
    }  # fmt: skip
    assert (young.payload, waiting.payload) == (PAYLOAD, PAYLOAD)
    assert (old.provider, old.event_id, old.outcome) == ("stripe", "evt_1", "processed")


def test_emptied_message_holds_no_word_of_a_person():
    message("evt_1", 100 * DAY)

    sweep_retention()

    told = json.dumps(WebhookEvent.objects.get().payload)
    assert not any(word in told for word in ("Ada", "example.org", "Street"))


def test_mail_is_forgotten_after_a_year_unless_it_is_on_its_way():
    event = factories.booking().events.first()
    for n, (age, state) in enumerate(
        [(365 * DAY + SECOND, "sent"), (365 * DAY, "sent"), (400 * DAY, "queued"), (400 * DAY, "parked")]
    ):
        Delivery.objects.create(
            event=event, channel="email", recipient=f"{n}@example.org", message="confirmed", state=state,
            created_at=clock.now() - age,
        )  # fmt: skip

    sweep_retention()

    kept = Delivery.objects.order_by("recipient").values_list("recipient", flat=True)
    assert [address for address in kept if address[0].isdigit()] == ["1@example.org", "2@example.org"]


def test_what_opens_nothing_any_more_is_deleted(client, time_machine):
    user = factories.host(venue=factories.venue())
    client.force_login(user)
    ApiToken.issue(user=user, name="week", days=7)
    ApiToken.issue(user=user, name="year", days=365)
    time_machine.shift(7 * DAY)

    sweep_retention()

    assert list(ApiToken.objects.values_list("name", flat=True)) == ["year"]
    assert Session.objects.count() == 1
    time_machine.shift(8 * DAY)
    sweep_retention()
    assert Session.objects.count() == 0


def test_former_address_is_forgotten_when_it_is_written_to_no_more(time_machine):
    user = factories.user()
    FormerAddress.objects.create(user=user, email="old@example.org", replaced_at=clock.now() - 30 * DAY)
    FormerAddress.objects.create(
        user=user, email="late@example.org", replaced_at=clock.now() - 30 * DAY + SECOND
    )

    sweep_retention()

    assert FormerAddress.objects.get().email == "late@example.org"


def test_mail_about_a_venue_and_an_invitation_are_forgotten_once_over():
    venue = factories.venue()
    owner, now = factories.host(venue=venue), clock.now()
    for n, (age, next_attempt_at) in enumerate([(366, None), (364, None), (366, now)]):
        VenueNotice.objects.create(
            venue=venue, kind="approved", recipient=f"{n}@example.org", created_at=now - age * DAY,
            next_attempt_at=next_attempt_at,
        )  # fmt: skip
    for days, accepted_at in [(31, None), (29, None), (31, now)]:
        Invitation.objects.create(
            venue=venue, email="x@example.org", role="clerk", digest=f"{days}{accepted_at}", invited_by=owner,
            expires_at=now - days * DAY, accepted_at=accepted_at,
        )  # fmt: skip

    sweep_retention()

    assert sorted(VenueNotice.objects.values_list("recipient", flat=True)) == [
        "1@example.org",
        "2@example.org",
    ]
    assert Invitation.objects.filter(accepted_at=None).get().expires_at == now - 29 * DAY
    assert Invitation.objects.count() == 2


def test_chosen_key_is_forgotten_after_a_day_and_a_pages_own_is_kept(time_machine):
    chosen, own = factories.booking(), factories.booking()
    Booking.objects.filter(pk=chosen.pk).update(submission_key="api:abc:def")
    Booking.objects.filter(pk=own.pk).update(submission_key="web:abc")
    time_machine.shift(DAY - SECOND)
    sweep_retention()
    before = Booking.objects.get(pk=chosen.pk).submission_key
    time_machine.shift(SECOND)
    sweep_retention()

    assert before == "api:abc:def"
    assert Booking.objects.get(pk=chosen.pk).submission_key == f"ended:{chosen.pk}"
    assert Booking.objects.get(pk=own.pk).submission_key == "web:abc"


def test_retention_runs_every_night():
    entry = settings.CELERY_BEAT_SCHEDULE["accounts.tasks.sweep_retention"]

    assert entry["task"] == sweep_retention.name
    assert (entry["schedule"].hour, entry["schedule"].minute) == ({3}, {20})
