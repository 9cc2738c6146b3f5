"""Hearing of an event writes one row per channel and recipient, and nothing else."""

import datetime as dt

import pytest
from django.db import transaction

from bookings.lifecycle import outbox
from bookings.models import EventReceipt
from core import clock
from notifications.models import Delivery
from notifications.subscriber import on_booking_event
from tests.support import factories

Channel = Delivery.Channel


def told(event, channel: str = Channel.EMAIL) -> list[tuple[str, str]]:
    on_booking_event(event)
    rows = Delivery.objects.filter(event=event, channel=channel).order_by("pk")
    return list(rows.values_list("message", "recipient"))


def test_event_tells_guest_and_every_host_once(story, no_pusher):
    venue = factories.venue(email="desk@hotel.example")
    guest = factories.guest_details(email="ada@example.org")
    tale = story(room=factories.room(venue=venue), guest=guest).authorized()
    factories.host(venue=venue, email="DESK@hotel.example")
    factories.host(venue=venue, email="clerk@hotel.example", role="clerk")

    assert told(tale.event) == [
        ("authorized", "ada@example.org"),
        ("host_request", "desk@hotel.example"),
        ("host_request", tale.host.email),
        ("host_request", "clerk@hotel.example"),
    ]


def test_inactive_members_and_other_venues_hear_nothing(story, no_pusher):
    venue = factories.venue(email="")
    tale = story(room=factories.room(venue=venue)).authorized()
    factories.host(venue=venue, is_active=False)
    factories.host(venue=factories.venue())

    assert told(tale.event) == [
        ("authorized", tale.booking.guest_email), ("host_request", tale.host.email),
    ]  # fmt: skip


def test_guest_who_is_host_too_gets_the_guests_mail(story, no_pusher):
    venue = factories.venue(email="Ada@example.org")
    guest = factories.guest_details(email="ada@example.org")
    tale = story(room=factories.room(venue=venue), guest=guest).authorized()

    assert ("authorized", "ada@example.org") in told(tale.event)
    assert Delivery.objects.filter(recipient__iexact="ada@example.org").count() == 1


def test_every_event_goes_to_both_channels(story):
    tale = story(room=factories.room(venue=factories.venue(slug="grand"))).authorized().approved().confirmed()
    tale.announced("remind_guest")

    for event in tale.booking.events.select_related("booking__room", "booking__venue"):
        assert told(event, Channel.PUSHER) == [
            ("booking-updated", "private-venue-grand"),
            ("booking-updated", f"private-booking-{tale.booking.reference}"),
        ]


@pytest.mark.parametrize("missing", ["PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET"])
def test_pusher_without_its_settings_is_off(story, settings, missing):
    setattr(settings, missing, "")

    assert told(story().event, Channel.PUSHER) == []


def test_event_heard_twice_changes_nothing(story):
    event = story().authorized().event
    first = told(event)
    Delivery.objects.filter(event=event).update(state=Delivery.State.SENT)

    assert told(event) == first
    assert not Delivery.objects.filter(event=event, state=Delivery.State.QUEUED).exists()


def test_workers_are_rung_after_the_commit_only(story, django_capture_on_commit_callbacks, no_pusher):
    event = story().authorized().declined().event

    with django_capture_on_commit_callbacks() as rung, transaction.atomic():
        on_booking_event(event)
        assert rung == []

    assert len(rung) == 1


def test_first_mail_waits_and_rings_nobody_yet(story, django_capture_on_commit_callbacks, no_pusher):
    event = story().event

    with django_capture_on_commit_callbacks() as rung, transaction.atomic():
        on_booking_event(event)

    assert rung == []
    assert Delivery.objects.get(event=event).next_attempt_at > clock.now() + dt.timedelta(seconds=90)


def test_outbox_hands_the_event_over(story):
    tale = story()

    outbox.deliver(tale.event.pk)

    assert EventReceipt.objects.get(event=tale.event, subscriber="notifications").done_at is not None
    assert Delivery.objects.filter(event=tale.event, message="received").count() == 1
