import datetime as dt

import pytest
from django.core.cache import cache
from django.test import Client

from payments.lifecycle import refresh
from payments.models import Payment
from tests.api.callers import as_guest_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def journey(journey, time_machine):
    """A booking whose pay page is open, in a moment that passes only when told to."""
    cache.clear()
    journey.checkout()
    time_machine.move_to(dt.datetime.now(dt.UTC), tick=False)
    return journey


def fetches() -> int:
    return Payment.objects.get().fetch_started


def guest_of(booking) -> Client:
    client = Client()
    client.get(booking.secret_path)
    return client


def test_return_page_status_and_api_share_one_look_in_three_seconds(journey, time_machine):
    guest, reference = guest_of(journey.booking), journey.booking.reference
    program, payment = as_guest_of(journey.booking), Payment.objects.get()
    before = fetches()

    codes = {guest.get(f"/bookings/{reference}/return/").status_code for _ in range(40)}
    codes |= {program.get(f"payments/{payment.public_id}/status").status_code for _ in range(40)}
    codes |= {program.get(f"bookings/{reference}/payment/verify").status_code for _ in range(40)}

    assert (codes, fetches() - before) == ({200}, 1)

    time_machine.shift(refresh.FRESH)
    guest.get(f"/bookings/{reference}/return/")

    assert fetches() - before == 2


def test_return_page_while_the_provider_is_down_asks_it_no_more_than_the_limit(journey):
    guest, before = guest_of(journey.booking), fetches()
    journey.sandbox.control(
        "faults", {"provider": "stripe", "operation": "*", "fault": "error_500", "times": 999}
    )

    codes = {guest.get(f"/bookings/{journey.booking.reference}/return/").status_code for _ in range(30)}

    assert codes == {200}
    assert fetches() - before <= refresh.LOOKS_PER_MINUTE


def test_return_after_paying_shows_what_the_provider_says(journey, time_machine):
    journey.pay()
    time_machine.shift(refresh.FRESH)

    refresh.verify(journey.booking.pk)

    assert Payment.objects.get().status == "AUTHORIZED"


def test_return_after_a_refusal_and_another_card_within_three_seconds_shows_the_hold(journey):
    journey.pay("4000000000009995")
    journey.sync()
    assert Payment.objects.get().failure_code == "insufficient_funds"
    journey.pay()

    page = guest_of(journey.booking).get(f"/bookings/{journey.booking.reference}/return/").content.decode()

    assert "Your money is held, not taken" in page
    assert Payment.objects.get().status == "AUTHORIZED"


def test_return_page_after_a_refusal_asks_no_more_than_the_limit(journey):
    journey.pay("4000000000009995")
    journey.sync()
    guest, before = guest_of(journey.booking), fetches()

    codes = {guest.get(f"/bookings/{journey.booking.reference}/return/").status_code for _ in range(30)}

    assert codes == {200}
    assert fetches() - before == refresh.LOOKS_PER_MINUTE
