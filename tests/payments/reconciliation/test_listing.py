"""The provider's own list of payments: all of a period, newest first, a page at a time."""

import datetime as dt

import pytest

from core import clock
from payments.providers.base import State, Unavailable
from payments.providers.stripe import client
from tests.payments.comparing import make_intent

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def listed(sandbox, monkeypatch):
    """Three payments, two to a page; returns their ids, the oldest first."""
    monkeypatch.setattr(client, "LIST_PAGE", 2)
    return [make_intent(booking_reference=f"RH{n}") for n in range(3)]


def payments(since: dt.timedelta = MINUTE, until: dt.timedelta = MINUTE):
    now = clock.now()
    return client.platform_account().list_payments(now - since, now + until)


def test_list_goes_over_all_pages_newest_first(listed):
    found = list(payments())

    assert [seen.provider_ref for seen in found] == listed[::-1]
    assert {(seen.state, seen.captured_minor, seen.currency) for seen in found} == {
        (State.CAPTURED, 5_000, "EUR")
    }
    assert [seen.reference for seen in found] == ["RH2", "RH1", "RH0"]


def test_list_shows_what_a_fetch_shows(journey):
    journey.authorize()
    journey.approve()
    journey.work()
    payment = journey.payment

    (listed,) = payments()

    fetched = client.platform_account().fetch(
        session_ref=payment.provider_ref, provider_ref=payment.provider_ref
    )
    assert listed == fetched
    assert (listed.payment_id, listed.is_two_stage) == (str(payment.public_id), True)


def test_list_ends_before_its_end_and_begins_with_its_beginning(listed):
    assert list(payments(since=MINUTE, until=-MINUTE / 2)) == []


def test_page_is_asked_for_when_it_is_needed(listed, sandbox):
    found = payments()
    first = [next(found), next(found)]
    order = {"provider": "stripe", "operation": "payment_intents.list", "fault": "error_500", "times": 1}
    sandbox.control("faults", order)

    with pytest.raises(Unavailable):
        next(found)

    assert [seen.provider_ref for seen in first] == [listed[2], listed[1]]
