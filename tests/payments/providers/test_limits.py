"""What nobody can charge is not sold: least and most per provider, asked at every door."""

import pytest

from bookings.actors import member_actor
from bookings.errors import NotChargeable
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from payments.credits import services as credits
from payments.credits.services import CreditRefused
from payments.lifecycle import services as lifecycle
from payments.models import Drift, Payment, Provider
from payments.providers.base import Limits
from payments.providers.limits import limits_of, part_by_credit
from payments.providers.octo.client import OctoProvider
from payments.providers.stripe.client import StripeProvider
from rooms.models import Room
from tests.api.callers import Api, choice
from tests.payments.credits.test_credits import credit_of, spend
from tests.payments.octo_way import octo_venue
from tests.support import factories

pytestmark = pytest.mark.django_db
NONE = Room.Approval.NONE


# --- what providers tell ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "least"), [("USD", 50), ("EUR", 50), ("GBP", 30), ("UZS", 750_000), ("eur", 50)]
)
def test_stripe_tells_its_least_and_eight_digits(currency, least):
    assert limits_of("stripe", currency) == Limits(least, 99_999_999)


@pytest.mark.parametrize("currency", ["UZS", "USD"])
def test_octo_tells_of_no_limit(currency):
    assert limits_of("octo", currency) == Limits(1, None)


@pytest.mark.parametrize("provider", [StripeProvider, OctoProvider])
def test_every_provider_tells_limits_by_currency_and_method(provider):
    limits = provider.limits("USD", "card")

    assert limits.least_minor > 0
    assert limits.most_minor is None or limits.most_minor > limits.least_minor


# --- the doors --------------------------------------------------------------------------------------------------


def dear_room(**fields) -> Room:
    """A hotel room of 40,000 euros a night: 24 nights can be charged, 25 cannot."""
    return factories.room(price_minor=4_000_000, approval=NONE, **fields)


TOO_MUCH = "This costs more than can be paid online, €999,999.99: choose fewer nights."


def test_quote_beyond_the_most_is_refused_by_the_field_and_one_within_is_not(client):
    room, api = dear_room(), Api(client=client)

    refused = api.post("quotes", choice(room, nights=25))
    taken = api.post("quotes", choice(room, nights=24))

    assert (refused.status_code, taken.status_code) == (422, 200)
    error = refused.json()["errors"][0]
    assert (error["field"], error["code"], error["message"]) == ("check_out", "not_chargeable", TOO_MUCH)
    assert taken.json()["total_minor"] == 96_000_000


def test_booking_beyond_the_most_is_refused_and_takes_no_room(client):
    room = dear_room()
    guest = {"name": "Ada", "email": "ada@example.org"}

    answer = Api(client=client).post("bookings", choice(room, nights=25) | {"guest": guest})

    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (422, TOO_MUCH)
    assert not Booking.objects.exists()
    assert not room.occupancies.exists()


def test_form_beyond_the_most_says_so_by_the_field(client):
    room = dear_room(is_published=True)
    chosen = choice(room, nights=25)
    chosen.pop("room")

    page = client.get(f"/rooms/{room.path}/book/", chosen)

    assert "choose fewer nights" in page.content.decode() or page.status_code == 302


@pytest.mark.parametrize(("price", "is_sold"), [(49, False), (50, True)])
def test_seat_below_the_least_is_not_sold_online(client, price, is_sold):
    room = factories.room(kind="workshop", price_minor=price, approval=NONE)
    session = factories.session(room=room)

    answer = Api(client=client).post("quotes", {"room": room.path, "session": session.pk, "party_size": 1})

    assert answer.status_code == (200 if is_sold else 422)
    if not is_sold:
        assert answer.json()["errors"][0]["message"] == (
            "This costs less than can be paid online, €0.50: choose more seats."
        )


def test_free_room_and_one_paid_at_the_venue_ask_no_provider(client):
    for room in (
        factories.room(price_minor=0, approval=NONE),
        factories.room(price_minor=40_000_000, venue=factories.venue(takes_online_payment=False)),
    ):
        assert Api(client=client).post("quotes", choice(room, nights=7)).status_code == 200


def test_request_that_the_provider_would_never_take_cannot_be_approved():
    room = factories.room(approval=Room.Approval.BEFORE_PAYMENT, venue=octo_venue(), price_minor=120_000_000)
    booking = factories.booking(room=room, nights=1)
    room.venue.payment_provider = "stripe"
    room.venue.save(update_fields=["payment_provider"])
    host = member_actor(factories.host(venue=room.venue))

    with pytest.raises(NotChargeable, match="costs more than can be paid online"):
        bookings.approve(booking_id=booking.pk, actor=host)

    booking.refresh_from_db()
    assert (booking.status, booking.decision) == (Status.PENDING_APPROVAL, "")


# --- credits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spendable", "missing", "part"),
    [
        (12_960, 12_980, 12_930),  # the least stays to be paid
        (12_980, 12_980, 12_980),
        (20_000, 12_980, 12_980),
        (12_930, 12_980, 12_930),
        (100, 12_980, 100),
        (20, 40, 0),  # less than the least is missing: all or nothing
        (40, 40, 40),
    ],
)
def test_credit_pays_all_or_leaves_what_can_be_charged(spendable, missing, part):
    booking = factories.booking(room=factories.room(approval=NONE))

    assert part_by_credit(booking, spendable, missing) == part


def test_credit_that_would_leave_twenty_cents_is_used_for_less():
    credit = credit_of(12_960)
    booking = factories.booking(room=factories.room(approval=NONE, price_minor=12_980))

    payment = spend(booking, credit)

    booking.refresh_from_db()
    assert (payment.captured_minor, booking.status) == (12_930, Status.PENDING_PAYMENT)
    assert credits.left_minor(credit) == 30


def test_credit_that_can_do_neither_is_refused_and_stays_whole():
    credit = credit_of(12_940)
    booking = factories.booking(room=factories.room(approval=NONE, price_minor=12_980))
    spend(booking, credit)
    other = credit_of(40)

    with pytest.raises(CreditRefused, match="would leave less than can be paid online"):
        spend(booking, other)

    assert credits.left_minor(other) == 40


# --- the pay page -----------------------------------------------------------------------------------------------


def test_pay_page_of_what_can_never_be_charged_is_refused_at_once_and_calls_nobody(sandbox):
    venue = octo_venue()
    booking = factories.booking(room=factories.room(venue=venue, approval=NONE, price_minor=120_000_000))
    venue.payment_provider = "stripe"
    venue.save(update_fields=["payment_provider"])

    with pytest.raises(NotChargeable, match="costs more than can be paid online"):
        lifecycle.start_checkout(booking.pk)

    assert not Payment.objects.exists()


@pytest.fixture
def unlimited(settings):
    """What we know of the provider's limits is wrong: it refuses more than it told."""
    settings.CHARGE_LIMITS = "tests.payments.providers.test_limits.no_limits"


def no_limits(_provider: str, _currency: str) -> Limits:
    return Limits()


def test_pay_page_refused_for_good_asks_staff_and_is_not_called_an_outage(unlimited, sandbox, client):
    booking = factories.booking(room=factories.room(approval=NONE, price_minor=30))
    client.get(booking.secret_path)

    page = client.post(f"/bookings/{booking.reference}/pay/", follow=True).content.decode()

    assert "The payment provider does not take this payment" in page
    assert "temporarily unavailable" not in page
    assert "as soon as" not in page
    payment = Payment.objects.get()
    assert (payment.status, payment.failure_code, payment.session_ref) == ("FAILED", "not_taken", "")
    drift = Drift.objects.get()
    assert (drift.kind, drift.state, drift.booking, drift.ours) == (
        "refused", "open", booking, "€0.30 to pay",
    )  # fmt: skip
    assert booking.events.filter(verb="payment_refused").count() == 1


def test_pay_page_refused_for_good_again_is_one_difference(unlimited, sandbox):
    booking = factories.booking(room=factories.room(approval=NONE, price_minor=30))

    with pytest.raises(NotChargeable):
        lifecycle.start_checkout(booking.pk)
    with pytest.raises(NotChargeable):
        lifecycle.start_checkout(booking.pk)

    assert (Drift.objects.count(), Payment.objects.filter(provider=Provider.STRIPE).count()) == (1, 2)
