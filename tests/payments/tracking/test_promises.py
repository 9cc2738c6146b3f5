"""What a guest is told of money that comes back: the same words before, on the page, in the API and in the mail."""

import datetime as dt
import html

import pytest

from bookings.actors import guest_actor
from bookings.bulk import services as bulk
from bookings.bulk.services import Sum, Target
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.dates import full_date, full_moment_in_zone, local
from notifications.mail import render
from notifications.mail.catalog import MESSAGES, messages_of
from payments.lifecycle import services as lifecycle
from payments.models import Refund
from rooms.pricing.policies import READY_MADE
from tests.api.callers import as_guest_of
from tests.payments.paying import confirmed, paid_by_hand
from tests.support.pages import text

ZONE = "Europe/Paris"


def shown_by(business_days: int) -> str:
    """The sentence with the day so many working days from today at the venue."""
    day = local(clock.now(), ZONE).date()
    while business_days:
        day += dt.timedelta(days=1)
        business_days -= day.weekday() < 5
    return f"Your bank shows it by {full_date(day)}."


def unpaid(journey) -> Booking:
    return journey.fresh


def held(journey) -> Booking:
    journey.authorize()
    return journey.fresh


def paid(journey) -> Booking:
    return confirmed(journey).fresh


def half_kept(journey) -> Booking:
    confirmed(journey)
    policy = {"name": "Half", "tiers": [{"hours": 0, "percent": 50}]}
    Booking.objects.filter(pk=journey.booking.pk).update(policy=policy)
    return journey.fresh


def all_kept(journey) -> Booking:
    confirmed(journey)
    Booking.objects.filter(pk=journey.booking.pk).update(
        policy={"name": "Non-refundable", "tiers": READY_MADE["Non-refundable"]}
    )
    return journey.fresh


def disputed(journey) -> Booking:
    confirmed(journey)
    journey.sandbox.control("dispute", {"payment_intent": journey.payment.provider_ref})
    journey.sync()
    return journey.fresh


def lost(journey) -> Booking:
    disputed(journey)
    case = journey.payment.disputes.get().provider_ref
    journey.sandbox.control("dispute", {"dispute": case, "resolve": "lost"})
    journey.sync()
    return journey.fresh


def by_hand(journey) -> Booking:
    return paid_by_hand(nights=2)


CASES = [
    (unpaid, 0, "You have not been charged."),
    (held, 20_000, "The hold of €200.00 is released. Nothing was charged."),
    (paid, 20_000, "€200.00 goes back to your card. {in_10_days}"),
    (half_kept, 10_000,
     "€100.00 goes back to your card. {in_10_days} €100.00 is kept by the cancellation policy."),
    (all_kept, 0, "€200.00 is kept by the cancellation policy."),
    (disputed, 0,
     "Your bank has taken €200.00 back already; nothing more is returned while the case is open."),
    (lost, 0, "Your bank has given you €200.00 back already; nothing more is returned."),
    (by_hand, 20_000, "€200.00 goes back to you, the way you paid. {in_5_days}"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "returned_minor", "words"), CASES, ids=[case[0].__name__ for case in CASES])
def test_what_comes_back_is_said_alike_before_after_by_page_api_and_mail(
    client, journey, made, returned_minor, words
):
    booking = made(journey)
    words = words.format(in_10_days=shown_by(10), in_5_days=shown_by(5))
    client.get(booking.secret_path)
    address = f"bookings/{booking.reference}/cancel"

    before = html.unescape(text(client.get(f"{booking.get_absolute_url()}cancel/")))
    asked = as_guest_of(booking).post(address, {"dry_run": True}).json()
    done = as_guest_of(booking).post(address, {}).json()
    page = html.unescape(text(client.get(booking.get_absolute_url())))
    mail = mail_of(booking)

    assert (asked["returned_minor"], done["returned_minor"]) == (returned_minor, returned_minor)
    assert words in asked["money_back"]
    assert asked["money_back"] == done["money_back"] == done["next_step"]["sentence"]
    for place in (before, page, mail):
        assert asked["money_back"] in place
    names_a_day = "shows it by" in words
    assert (done["expected_by"] is not None) == names_a_day
    if names_a_day:
        assert full_date(dt.date.fromisoformat(done["expected_by"])) in words


# A venue that cancels keeps nothing, whatever its policy keeps of a guest's own cancellation.
IN_BULK = [
    (unpaid, []), (held, [Sum("EUR", 0, 20_000)]), (paid, [Sum("EUR", 20_000, 0)]),
    (all_kept, [Sum("EUR", 20_000, 0)]), (disputed, []), (lost, []), (by_hand, [Sum("EUR", 20_000, 0)]),
]  # fmt: skip


@pytest.mark.parametrize(("made", "sums"), IN_BULK, ids=[case[0].__name__ for case in IN_BULK])
def test_what_comes_back_is_counted_alike_where_a_venue_cancels_many(journey, made, sums):
    booking = made(journey)

    seen = bulk.preview(Target(booking.room, booking.starts_at, booking.ends_at))

    assert (seen.bookings, seen.sums) == ([booking], sums)


def mail_of(booking: Booking) -> str:
    """The text of the mail that tells the guest of the newest event, on one line for each paragraph."""
    fresh = Booking.objects.select_related("room", "venue").get(pk=booking.pk)
    event = fresh.events.latest("version")
    event.booking = fresh
    names = [message.name for message in messages_of(event)]
    told = next(MESSAGES[name] for name in names if name.startswith("cancelled"))
    return render.write(told, fresh, event).text


def test_refund_on_its_way_and_confirmed_names_the_day_that_was_promised(client, journey):
    booking = paid(journey)
    client.get(booking.secret_path)

    bookings.cancel(booking_id=booking.pk, actor=guest_actor())
    lifecycle.settle(booking.pk)
    sent = text(client.get(booking.get_absolute_url()))
    journey.work()
    refund = Refund.objects.get()
    shown = as_guest_of(booking).get(f"bookings/{booking.reference}").json()

    assert booking.status == Status.CONFIRMED
    # In the sentence, to be seen and to be read aloud, and beside the refund itself.
    assert sent.count(shown_by(10)) == 3
    assert shown_by(10) in shown["next_step"]["sentence"]
    assert full_date(dt.date.fromisoformat(shown["refunds"][0]["expected_by"])) in shown_by(10)
    told = journey.fresh.events.filter(verb="refund_confirmed").first()
    assert refund.status == "succeeded"
    assert full_date(dt.date.fromisoformat(told.data["expected_by"])) in shown_by(10)


def test_hold_that_is_released_leaves_the_statement_by_the_day_that_was_promised(client, journey):
    booking = held(journey)
    client.get(booking.secret_path)
    promised = f"The hold leaves your statement by {full_date(booking.held_until, ZONE)} at the latest."

    before = text(client.get(f"{booking.get_absolute_url()}cancel/"))
    bookings.cancel(booking_id=booking.pk, actor=guest_actor())
    mail = mail_of(booking)
    journey.work()
    page = text(client.get(booking.get_absolute_url()))

    assert promised in before
    assert promised in mail
    assert page.count(promised) == 3


def test_page_after_paying_says_first_where_the_money_is_then_when_the_host_answers(client, journey):
    booking = held(journey)
    client.get(booking.secret_path)

    page = text(client.get(f"{booking.get_absolute_url()}return/"))

    assert "<h1>Your money is held, not taken</h1>" in page
    when = full_moment_in_zone(booking.decide_by, ZONE)
    said = f"The host answers by {when}. If the answer is no, or there is none, nothing is charged."
    assert f'<p class="lead" role="status">{said}</p>' in page
