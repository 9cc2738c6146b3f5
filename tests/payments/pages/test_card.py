"""Cards taken on our own page: a payment intent in place of a hosted page, and the same `sync`."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from payments import tasks
from payments.lifecycle import services as lifecycle
from tests.payments.conftest import VISA, Journey
from tests.support import factories

DECLINED = "4000000000000002"


@pytest.fixture
def embedded(journey: Journey, settings) -> Journey:
    settings.STRIPE_EMBEDDED = True
    settings.STRIPE_JS_URL = f"{journey.sandbox.base}/stripe-js/v3/"
    return journey


def pay(journey: Journey, card: str = VISA) -> dict:
    return journey.sandbox.control("pay", {"payment_intent": journey.payment.session_ref, "card": card})


def test_checkout_embedded_is_an_intent_on_our_own_page(embedded):
    checkout = embedded.checkout()

    payment = embedded.payment
    assert payment.session_ref.startswith("pi_")
    assert payment.client_secret.startswith(f"{payment.session_ref}_secret_")
    assert checkout.url.endswith(reverse("payments:card", args=[embedded.booking.reference]))
    assert embedded.checkout().session_ref == checkout.session_ref
    assert embedded.effects["intent_create"] == 1


def test_paid_embedded_is_held_then_captured_once(embedded):
    embedded.checkout()
    assert pay(embedded)["result"] == "succeeded"
    embedded.sync()
    assert (embedded.payment.status, embedded.fresh.status) == ("AUTHORIZED", "PENDING_APPROVAL")

    embedded.approve()
    embedded.settle()

    assert (embedded.payment.status, embedded.fresh.status) == ("CAPTURED", "CONFIRMED")
    assert embedded.effects["capture"] == 1


def test_refused_card_embedded_leaves_the_same_intent_to_pay(embedded):
    embedded.checkout()
    assert pay(embedded, DECLINED)["result"] == "declined"
    embedded.sync()
    assert (embedded.payment.status, embedded.payment.failure_code) == ("CREATED", "generic_decline")

    pay(embedded)
    embedded.sync()

    assert embedded.fresh.status == "PENDING_APPROVAL"
    assert embedded.booking.payments.count() == 1


def test_time_over_embedded_cancels_the_intent_and_frees_the_room(embedded):
    embedded.checkout()
    embedded.advance(minutes=60)

    tasks.sweep_unpaid()

    assert (embedded.payment.status, embedded.fresh.status) == ("FAILED", "EXPIRED")
    assert pay(embedded)["result"] == "canceled"
    assert [row["captured_minor"] for row in embedded.theirs] == [0]


def test_paid_at_the_last_moment_embedded_is_released_with_the_expiry(embedded):
    embedded.checkout()
    pay(embedded)
    embedded.advance(minutes=60)

    tasks.sweep_unpaid()
    embedded.work()

    assert embedded.fresh.status == "EXPIRED"
    assert embedded.theirs[0]["status"] == "canceled"
    assert embedded.theirs[0]["captured_minor"] == 0


def test_session_api_embedded_gives_the_client_secret(embedded, client):
    answer = client.post(
        f"/api/v1/bookings/{embedded.booking.reference}/payment/session",
        headers={"Authorization": f"Booking {embedded.booking.secret}"},
    )

    assert answer.status_code == 200
    assert answer.json()["client_secret"] == embedded.payment.client_secret
    assert answer.json()["session_id"] == embedded.payment.session_ref


def test_card_page_names_only_the_script_it_needs(embedded, client):
    embedded.checkout()
    client.get(embedded.booking.secret_path)

    answer = client.get(reverse("payments:card", args=[embedded.booking.reference]))

    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    for directive in ("script-src", "frame-src", "connect-src"):
        rule = next(part for part in policy.split("; ") if part.startswith(directive))
        assert embedded.sandbox.base in rule
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert embedded.payment.client_secret in answer.content.decode()


def test_card_page_of_another_guest_is_not_found(embedded, client):
    embedded.checkout()
    client.force_login(factories.user())

    answer = client.get(reverse("payments:card", args=[embedded.booking.reference]))

    assert answer.status_code == 404


def test_card_page_once_paid_leads_to_the_booking(embedded, client):
    embedded.checkout()
    pay(embedded)
    lifecycle.sync(embedded.payment.pk)
    client.get(embedded.booking.secret_path)

    answer = client.get(reverse("payments:card", args=[embedded.booking.reference]))

    assert answer.status_code == 302
    assert answer.url == embedded.booking.get_absolute_url()


def test_card_form_looks_as_asked():
    """As our own script asks Stripe's element for it; in a browser e2e/test_embedded.py sees it."""
    script = Path(settings.BASE_DIR, "static", "js", "card.js").read_text()
    asked = re.search(r"appearance = \{(.*?)\};", script)[1]

    assert 'colorPrimary: "#1976d2"' in asked
    assert 'fontFamily: "Roboto, sans-serif"' in asked
    assert "stripe.elements({ clientSecret: form.dataset.clientSecret, appearance })" in script
