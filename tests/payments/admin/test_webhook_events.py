"""Staff's console of providers' messages, and the page of differences: asked again, mended, set aside, audited."""

import datetime as dt
import html
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from bookings.states import Status
from core import clock
from payments import tasks
from payments.models import Drift, Payment, ReconciliationRun, WebhookEvent
from payments.providers.stripe.client import platform_account
from payments.webhooks import services as webhooks
from payments.webhooks.masking import HIDDEN, masked
from tests.support import factories
from tests.support.invariants import check_always, check_quiet

CANARIES = {
    "name": "Elin Canary", "email": "canary@example.org", "phone": "+33 1 98 76 54 32",
    "line1": "7 Rue du Canari", "postal_code": "75999", "last4": "4321",
}  # fmt: skip


@pytest.fixture
def staff(transactional_db):
    return factories.staff(name="Sam Staff")


@pytest.fixture
def client(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def event_of(
    journey, kind: str = "payment_intent.amount_capturable_updated", n: int = 1, **fields
) -> WebhookEvent:
    """A message about the journey's payment, as the provider would send it."""
    payment = journey.payment
    payload = {
        "id": f"evt_{n}", "object": "event", "type": kind, "livemode": False,
        "data": {"object": {
            "id": payment.provider_ref or payment.session_ref, "client_secret": "pi_1_secret_canary",
            "description": f"Asked by {CANARIES['email']}, {CANARIES['phone']}, card 4242 4242 4242 4242",
            "shipping": {"name": CANARIES["name"], "address": {"line1": CANARIES["line1"]}},
            "charges": [{"billing_details": CANARIES, "payment_method_details": {"card": {"last4": "4321"}}}],
            "metadata": {"booking_reference": journey.booking.reference},
        }},
    }  # fmt: skip
    return WebhookEvent.objects.create(
        provider="stripe", event_id=f"evt_{n}", type=kind, payload=payload, payment=payment, **fields
    )


def url(page: str, *args) -> str:
    return reverse(f"admin:payments_webhookevent_{page}", args=args)


def text(response) -> str:
    return html.unescape(response.content.decode())


# --- one message ----------------------------------------------------------------------------------------------


def test_message_is_shown_without_anything_personal(journey, client):
    journey.authorize()
    event = event_of(journey, note=f"refused for {CANARIES['email']}")

    body = text(client.get(url("change", event.pk)))

    assert HIDDEN in body
    assert journey.booking.reference in body
    for canary in (*CANARIES.values(), "4242 4242", "secret_canary"):
        assert canary not in body, canary
    assert CANARIES["email"] not in text(client.get(url("changelist")))
    assert CANARIES["email"] not in text(client.get(url("replay", event.pk)))


def test_lost_change_is_found_by_processing_the_message_again(journey, client, staff):
    journey.pay()
    event = event_of(journey, outcome="parked", note="no such payment here", attempts=20)

    response = client.post(url("replay", event.pk), follow=True)

    event.refresh_from_db()
    assert "Processed." in text(response)
    assert (event.outcome, event.attempts, event.note) == ("processed", 1, "")
    assert journey.fresh.status == Status.PENDING_APPROVAL
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (staff, str(event.pk), "Processed again")


def test_message_processed_again_twice_changes_nothing(journey, client):
    journey.authorize()
    journey.approve()
    journey.work()
    event = event_of(journey)
    webhooks.process(event.pk)
    before = state_of(journey)

    for _ in range(2):
        journey.advance(minutes=1)
        client.post(url("replay", event.pk))

    assert state_of(journey) == before
    check_quiet(journey.sandbox)


def state_of(journey) -> tuple:
    payment, booking = journey.payment, journey.fresh
    movements = list(booking.ledger_transactions.values_list("key", flat=True))
    return payment.status, payment.captured_minor, booking.version, movements, journey.effects


def test_fresh_look_covers_a_message_asked_for_again(journey, client):
    journey.authorize()
    event = event_of(journey)
    looks = journey.payment.fetch_started

    client.post(url("replay", event.pk))
    assert journey.payment.fetch_started == looks
    journey.advance(minutes=1)
    client.post(url("replay", event.pk))

    event.refresh_from_db()
    assert journey.payment.fetch_started == looks + 1
    assert event.outcome == "processed"


def test_provider_out_of_reach_leaves_the_message_waiting(journey, client):
    journey.pay()
    event = event_of(journey)
    journey.fault("checkout.sessions.retrieve", "error_500")

    body = text(client.post(url("replay", event.pk), follow=True))

    event.refresh_from_db()
    assert event.outcome == "waiting"
    assert "Waiting." in body
    journey.advance(minutes=1)
    tasks.sweep_webhooks()
    assert journey.payment.status == "AUTHORIZED"


def test_asking_is_a_page_that_changes_nothing(journey, client):
    journey.pay()
    event = event_of(journey, outcome="parked")

    assert "Process this message again?" in text(client.get(url("replay", event.pk)))

    event.refresh_from_db()
    assert (event.outcome, event.replayed_at) == ("parked", None)


# --- many -----------------------------------------------------------------------------------------------------


def test_many_are_processed_again_by_workers(journey, client):
    journey.pay()
    events = [event_of(journey, n=n, outcome="parked") for n in range(3)]
    chosen = {"action": "replay_selected", "_selected_action": [event.pk for event in events]}

    body = text(client.post(url("changelist"), chosen, follow=True))

    assert "3 to be processed again." in body
    assert set(WebhookEvent.objects.values_list("outcome", flat=True)) == {"waiting"}
    tasks.sweep_webhooks()
    assert set(WebhookEvent.objects.values_list("outcome", flat=True)) == {"processed"}
    assert journey.payment.status == "AUTHORIZED"
    assert LogEntry.objects.count() == 3
    check_always()


def test_more_than_fifty_at_once_are_refused(journey, client):
    journey.checkout()
    for n in range(51):
        event_of(journey, n=n, outcome="parked")
    chosen = {
        "action": "replay_selected",
        "_selected_action": list(WebhookEvent.objects.values_list("pk", flat=True)),
    }

    body = text(client.post(url("changelist"), chosen, follow=True))

    assert "At most 50 at once" in body
    assert not WebhookEvent.objects.exclude(outcome="parked").exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"provider__exact": "stripe"}, 3), ({"provider__exact": "octo"}, 0), ({"family": "charge."}, 1),
        ({"family": "x"}, 3), ({"outcome__exact": "parked"}, 1), ({"age": "hour"}, 2), ({"age": "week"}, 3),
        ({"age": "stuck"}, 1), ({"q": "evt_2"}, 1), ({"q": "BOOKING"}, 3), ({"q": "nothing"}, 0),
    ],
    ids=str,
)  # fmt: skip
def test_messages_are_found(query, found, journey, client):
    journey.checkout()
    event_of(journey, n=1, outcome="parked")
    event_of(journey, "charge.refunded", n=2, outcome="processed")
    old = event_of(journey, n=3)
    WebhookEvent.objects.filter(pk=old.pk).update(received_at=clock.now() - dt.timedelta(hours=30))
    if query.get("q") == "BOOKING":
        query = {"q": journey.booking.reference}

    assert client.get(url("changelist"), query).context["cl"].result_count == found


# --- dead letters ---------------------------------------------------------------------------------------------


def test_parked_messages_wait_on_a_page_with_their_reason(journey, client):
    journey.checkout()
    event_of(journey, n=1, outcome="parked", note="amount: 1, not 2")
    event_of(journey, n=2, outcome="processed", note="fine")

    body = text(client.get(url("parked")))

    assert "amount: 1, not 2" in body
    assert "evt_1" in body
    assert "evt_2" not in body
    assert journey.booking.reference in body


def test_parked_message_is_ignored_with_a_reason(journey, client, staff):
    journey.checkout()
    event = event_of(journey, outcome="parked")

    refused = client.post(url("ignore", event.pk), {"reason": ""})
    event.refresh_from_db()
    assert (refused.status_code, event.outcome) == (422, "parked")
    client.post(url("ignore", event.pk), {"reason": "A test of the account"})

    event.refresh_from_db()
    assert (event.outcome, event.note) == ("ignored", "A test of the account")
    assert LogEntry.objects.get().change_message == "Ignored: A test of the account"


def test_processed_message_is_not_ignored(journey, client):
    journey.checkout()
    event = event_of(journey, outcome="processed")

    body = text(client.post(url("ignore", event.pk), {"reason": "no"}, follow=True))

    event.refresh_from_db()
    assert event.outcome == "processed"
    assert "nothing was changed" in body
    assert not LogEntry.objects.exists()


# --- who may ---------------------------------------------------------------------------------------------------


def test_hosts_meet_no_message_and_change_nothing(journey):
    journey.pay()
    event, drift = event_of(journey, outcome="parked"), drift_of(journey)
    client = Client()
    client.force_login(journey.host)

    pages = [url("parked"), url("replay", event.pk), url("ignore", event.pk)]
    pages += [reverse("admin:payments_reconciliationrun_compare")]
    pages += [reverse(f"admin:payments_drift_{name}", args=[drift.pk]) for name in ("mend", "set_aside")]
    for page in pages:
        assert client.get(page).status_code in (403, 404), page
        assert client.post(page, {"reason": "x"}).status_code in (403, 404), page
    event.refresh_from_db()
    drift.refresh_from_db()
    assert (event.outcome, drift.state) == ("parked", "open")
    assert not ReconciliationRun.objects.exists()


# --- differences ----------------------------------------------------------------------------------------------


def drift_of(journey, kind: str = "status", **fields) -> Drift:
    return Drift.objects.create(
        provider="stripe", provider_ref=journey.payment.provider_ref, kind=kind, payment=journey.payment,
        booking=journey.booking, **fields,
    )  # fmt: skip


def drift_url(page: str, drift: Drift) -> str:
    return reverse(f"admin:payments_drift_{page}", args=[drift.pk])


def test_difference_shows_both_sides_cause_and_one_button(journey, client):
    journey.pay()
    drift = drift_of(journey, ours="Started", theirs="authorized", cause="No message of it arrived.")

    body = text(client.get(drift_url("change", drift)))

    for words in ("Started", "authorized", "No message of it arrived.", "Look again at the provider"):
        assert words in body
    assert "Look again at the provider" in text(client.get(reverse("admin:payments_drift_changelist")))


def test_button_mends_and_is_audited(journey, client, staff):
    journey.pay()
    drift = drift_of(journey)

    client.post(drift_url("mend", drift))

    drift.refresh_from_db()
    assert (drift.state, drift.closed_by) == ("mended", staff)
    assert journey.payment.status == "AUTHORIZED"
    assert LogEntry.objects.get().change_message == "Mended: Looked again: they agree now."


def test_button_that_cannot_mend_says_why_and_leaves_it_open(journey, client):
    journey.authorize()
    Payment.objects.update(authorized_minor=1)
    drift = drift_of(journey)

    body = text(client.post(drift_url("mend", drift), follow=True))

    drift.refresh_from_db()
    assert drift.state == "open"
    assert "Not mended. Still held €0.01 here, held €200.00 there." in body


def test_difference_is_set_aside_with_a_reason(journey, client, staff):
    journey.pay()
    drift = drift_of(journey)

    assert client.post(drift_url("set_aside", drift), {"reason": " "}).status_code == 422
    client.post(drift_url("set_aside", drift), {"reason": "Known, see ticket 12"})

    drift.refresh_from_db()
    assert (drift.state, drift.note, drift.closed_by) == ("dismissed", "Known, see ticket 12", staff)


def test_mended_difference_stays_mended(journey, client, staff):
    journey.pay()
    drift = drift_of(journey)
    client.post(drift_url("mend", drift))

    client.post(drift_url("set_aside", drift), {"reason": "late"})

    drift.refresh_from_db()
    assert drift.state == "mended"


def test_get_of_the_button_is_refused(journey, client):
    journey.pay()

    assert client.get(drift_url("mend", drift_of(journey))).status_code == 405


def test_comparison_is_begun_by_hand_and_made_by_a_sweep(journey, client, settings):
    settings.RECONCILE_HOUR, settings.RECONCILE_PAUSE_SECONDS = 23, 0
    journey.pay()

    client.post(reverse("admin:payments_reconciliationrun_compare"))
    assert list(ReconciliationRun.objects.values_list("provider", "finished_at")) == [("stripe", None)]
    tasks.sweep_reconciliation()

    assert ReconciliationRun.objects.filter(provider="stripe", compared=1, finished_at__isnull=False).exists()
    assert journey.payment.status == "AUTHORIZED"


# --- masking --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"maskedPan": "860049******1234", "cardHolder": "ELIN CANARY"}, {"maskedPan": HIDDEN, "cardHolder": HIDDEN}),
        ({"receipt_email": "a@b.org", "Phone_Number": "1"}, {"receipt_email": HIDDEN, "Phone_Number": HIDDEN}),
        ("write to a.b+c@mail.example.org now", f"write to {HIDDEN} now"),
        ("call +998 90 123-45-67", f"call {HIDDEN}"),
        ("card 4242424242424242", "card [card]"),
        ("0e37df36-f698-11e6-8dd4-cb9ced3df976", "0e37df36-f698-11e6-8dd4-cb9ced3df976"),
        ("pi_3MtwBwLkdIwHu7ix28a3tqPa", "pi_3MtwBwLkdIwHu7ix28a3tqPa"),
        ({"evidence": {"customer_name": "Elin"}}, {"evidence": HIDDEN}),
    ],
    ids=str,
)  # fmt: skip
def test_masked(value, shown):
    assert masked(value) == shown


def test_messages_as_the_provider_sends_them_name_no_guest_once_masked(journey):
    journey.authorize()
    journey.approve()
    journey.work()
    events = [event.to_dict() for event in platform_account().client.v1.events.list({"limit": 50}).data]
    raw, shown = (json.dumps(one, default=str) for one in (events, [masked(event) for event in events]))
    guest = journey.booking.guest_email

    assert guest in raw
    assert guest not in shown
    assert '"last4": "4242"' in raw
    assert '"last4": "4242"' not in shown
    assert journey.payment.provider_ref in shown
