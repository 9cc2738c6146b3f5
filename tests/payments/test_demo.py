"""seed_demo, with the sandbox and without."""

from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking, EventReceipt
from bookings.states import Status
from payments.demo.scripts import PAID, UNPAID
from payments.models import Payment
from rooms.demo import catalog


@pytest.fixture(autouse=True)
def _demo(settings, tmp_path):
    settings.DEBUG = True
    settings.MEDIA_ROOT = tmp_path
    for venue in catalog.venues():
        for room in venue.rooms:
            for picture in room.pictures:
                (tmp_path / picture.name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / picture.name).write_bytes(b"drawn before")


def statuses() -> Counter:
    return Counter(Booking.objects.values_list("status", flat=True))


@pytest.mark.django_db
def test_seed_demo_outside_debug_is_refused(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError):
        call_command("seed_demo")

    assert not Booking.objects.exists()


@pytest.mark.django_db
def test_seed_demo_without_sandbox_makes_what_needs_no_money(settings, capsys):
    settings.SANDBOX_URL = "http://127.0.0.1:9"

    call_command("seed_demo")

    said = capsys.readouterr().out
    assert "the sandbox is out of reach" in said
    assert f"{len(UNPAID)} bookings made" in said
    assert set(statuses()) == {
        Status.PENDING_APPROVAL, Status.CONFIRMED, Status.DECLINED, Status.CANCELLED, Status.EXPIRED,
        Status.COMPLETED,
    }  # fmt: skip
    assert not Payment.objects.exists()


@pytest.mark.django_db
def test_seed_demo_again_makes_nothing_twice(settings):
    settings.SANDBOX_URL = ""

    call_command("seed_demo")
    before = statuses()
    call_command("seed_demo")

    assert statuses() == before


@pytest.mark.django_db
def test_seed_demo_old_bookings_announce_nothing(settings):
    settings.SANDBOX_URL = ""

    call_command("seed_demo")

    open_receipts = EventReceipt.objects.filter(done_at=None)
    old = Booking.objects.filter(submission_key__in=["demo-desk-past", "demo-study-past", "demo-forgotten"])
    assert old.count() == 3
    assert not open_receipts.filter(event__booking__in=old).exists()
    assert open_receipts.filter(event__booking__submission_key="demo-desk-asked").exists()


def test_seed_demo_with_sandbox_moves_real_money(octo_sandbox, settings):
    settings.SANDBOX_URL = octo_sandbox.base

    call_command("seed_demo")

    assert set(statuses()) == set(Status) - {Status.DRAFT}
    by_key = {booking.submission_key: booking for booking in Booking.objects.filter(payments__isnull=False)}
    payments = {key.removeprefix("demo-"): booking.payments.get().status for key, booking in by_key.items()}
    assert payments == {story.key: EXPECTED[story.ending] for story in PAID if f"demo-{story.key}" in by_key}
    assert len(payments) >= len(PAID) - 3
    assert not Payment.objects.exclude(mismatch="").exists()
    by_octo = Payment.objects.get(provider="octo")
    assert (by_octo.booking.venue.slug, by_octo.currency) == ("techpark-yunusobod", "UZS")
    assert set(Booking.objects.filter(payments__isnull=False).values_list("currency", flat=True)) == {
        "EUR", "GBP", "USD", "UZS",
    }  # fmt: skip


EXPECTED = {
    "awaiting": "AUTHORIZED", "confirmed": "CAPTURED", "declined": "VOIDED", "withdrawn": "VOIDED",
    "agreed_and_paid": "CAPTURED", "refunded": "CAPTURED", "left_early": "CAPTURED", "unpaid": "CREATED",
}  # fmt: skip
