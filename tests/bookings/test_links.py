"""A guest's link: signed by a key of its own, ended half a year after the last, and had anew."""

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.core.checks.registry import registry
from django.test import Client
from django.urls import reverse

from bookings import link_keys, links
from bookings.actors import guest_actor
from bookings.models import Booking, BookingEvent
from core import clock
from payments.models import Dispute, Payment, Refund
from tests.api.callers import Api, as_guest_of
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _surroundings(time_machine):
    cache.clear()
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)


@pytest.fixture
def booking():
    return factories.booking()


def opens(booking: Booking, path: str = "") -> bool:
    return Client().get(path or booking.secret_path).status_code == 302


def main_of(response) -> str:
    """The page's own part, without the tokens of its forms."""
    main = re.search(r"<main.*</main>", text(response), re.DOTALL)[0]
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", main)


def notices(booking: Booking) -> list[str]:
    rows = BookingEvent.objects.filter(booking=booking, verb__in=["link_sent", "new_link"])
    return list(rows.order_by("version").values_list("verb", flat=True))


def payment_of(booking: Booking) -> Payment:
    return Payment.objects.create(
        booking=booking, provider="stripe", n=1, is_two_stage=False, currency="EUR", amount_minor=10_000
    )


# --- keys -----------------------------------------------------------------------------------------------------


def test_link_signed_before_there_were_keys_opens_still(booking, settings):
    before = booking.secret_path
    settings.BOOKING_LINK_KEYS = ["first"]

    assert booking.secret_path != before
    assert opens(booking, before)
    assert opens(booking)


def test_link_outlives_a_new_key_and_a_new_secret_key_and_ends_with_its_own(booking, settings):
    settings.BOOKING_LINK_KEYS = ["first"]
    path = booking.secret_path
    settings.BOOKING_LINK_KEYS, settings.SECRET_KEY = ["second", "first"], "another"
    rotated = opens(booking, path)
    signed_by_second = booking.secret_path
    settings.BOOKING_LINK_KEYS = ["second"]

    assert rotated
    assert signed_by_second != path
    assert not opens(booking, path)
    assert opens(booking, signed_by_second)


@pytest.mark.parametrize("given", ["", "0", "é" * 32, "\ud800", "0" * 10_000])
def test_secret_that_is_none_verifies_nothing(booking, given):
    assert not booking.is_secret(given)
    assert not link_keys.verify(given, booking.reference, 1)


# --- its end --------------------------------------------------------------------------------------------------


def test_link_opens_for_half_a_year_after_the_stay_and_no_longer(booking, time_machine):
    program = as_guest_of(booking)
    time_machine.move_to(booking.ends_at + 180 * DAY - dt.timedelta(seconds=1), tick=False)
    before = opens(booking), program.get(f"bookings/{booking.reference}").status_code
    time_machine.shift(1)

    assert before == (True, 200)
    assert not opens(booking)
    assert program.get(f"bookings/{booking.reference}").status_code == 404


def test_session_that_knew_the_link_ends_with_it(booking, time_machine):
    browser = Client()
    browser.get(booking.secret_path)
    session = browser.session
    time_machine.move_to(booking.ends_at + 180 * DAY, tick=False)
    session.set_expiry(3600)
    session.save()

    assert browser.get(booking.get_absolute_url()).status_code == 404


def test_link_lives_on_from_the_last_refund(booking):
    later = booking.ends_at + 100 * DAY
    Refund.objects.create(
        payment=payment_of(booking), provider_ref="re_1", amount_minor=100, status="succeeded",
        created_at=booking.ends_at, settled_at=later,
    )  # fmt: skip

    assert links.ends_at(booking) == later + 180 * DAY


def test_link_lives_on_from_the_end_of_a_dispute(booking):
    closed_at = booking.ends_at + 120 * DAY
    Dispute.objects.create(
        payment=payment_of(booking), provider_ref="dp_1", status="lost", amount_minor=100,
        opened_at=booking.ends_at, closed_at=closed_at,
    )  # fmt: skip

    assert links.ends_at(booking) == closed_at + 180 * DAY


@pytest.mark.parametrize("what", ["dispute", "refund", "failed refund"])
def test_link_does_not_end_while_money_is_open(booking, time_machine, what):
    payment, opened_at = payment_of(booking), booking.ends_at
    if what == "dispute":
        Dispute.objects.create(
            payment=payment, provider_ref="dp_1", status="under_review", amount_minor=100, opened_at=opened_at
        )
    else:
        status = "failed" if what == "failed refund" else "pending"
        Refund.objects.create(
            payment=payment, provider_ref="re_1", amount_minor=100, status=status, created_at=opened_at
        )
    time_machine.move_to(booking.ends_at + 400 * DAY, tick=False)

    assert opens(booking)


def test_link_of_a_guest_with_an_account_ends_and_the_login_opens_the_booking(time_machine):
    user = factories.user()
    booking = factories.booking(user=user)
    time_machine.move_to(booking.ends_at + 181 * DAY, tick=False)
    browser = Client()
    browser.force_login(user)

    assert not opens(booking)
    assert browser.get(booking.get_absolute_url()).status_code == 200


# --- a new one ------------------------------------------------------------------------------------------------


def test_link_that_opens_nothing_looks_alike_whether_ended_wrong_or_of_no_booking(booking, time_machine):
    time_machine.move_to(booking.ends_at + 180 * DAY, tick=False)
    paths = [
        booking.secret_path,
        reverse("bookings:open", args=[booking.reference, "0" * 32]),
        reverse("bookings:open", args=["RHNOTHING0", "0" * 32]),
    ]

    answers = [Client().get(path) for path in paths]
    pages = [main_of(answer).replace("RHNOTHING0", booking.reference) for answer in answers]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "Send me a new link" in pages[0]
    assert pages[0] == pages[1] == pages[2]


def test_new_link_of_an_ended_one_is_mailed_and_opens_for_another_half_year(booking, time_machine):
    old = booking.secret_path
    time_machine.move_to(booking.ends_at + 200 * DAY, tick=False)

    answer = Client().post(reverse("bookings:new_link", args=[booking.reference]))

    booking.refresh_from_db()
    assert answer.status_code == 200
    assert notices(booking) == ["new_link"]
    assert (booking.link_version, links.ends_at(booking)) == (2, clock.now() + 180 * DAY)
    assert not opens(booking, old)
    assert opens(booking)


def test_link_asked_for_by_a_stranger_is_mailed_and_stays_what_it_is(booking):
    stranger = Client()

    known = stranger.post(reverse("bookings:new_link", args=[booking.reference]))
    unknown = stranger.post(reverse("bookings:new_link", args=["RHNOTHING0"]))

    booking.refresh_from_db()
    assert (
        text(known).split("<main")[1]
        == text(unknown).replace("RHNOTHING0", booking.reference).split("<main")[1]
    )
    assert booking.secret not in text(known)
    assert (notices(booking), booking.link_version) == (["link_sent"], 1)
    assert opens(booking)


def test_link_asked_for_by_many_is_mailed_three_times_a_day(booking, time_machine):
    for n in range(8):
        time_machine.shift(1)
        Client(REMOTE_ADDR=f"203.0.113.{n}").post(reverse("bookings:new_link", args=[booking.reference]))

    assert notices(booking) == ["link_sent"] * 3


def test_links_asked_for_from_one_address_are_limited(booking):
    asker = Client()

    codes = [asker.post(reverse("bookings:new_link", args=["RHNOTHING0"])).status_code for _ in range(11)]

    assert codes == [200] * 10 + [429]


def test_guest_with_an_account_ends_old_links_by_a_new_one():
    user = factories.user()
    booking = factories.booking(user=user)
    old, browser = booking.secret_path, Client()
    browser.force_login(user)

    page = text(browser.get(booking.get_absolute_url()))
    answer = browser.post(reverse("bookings:new_link", args=[booking.reference]), follow=True)

    booking.refresh_from_db()
    assert "New link by mail" in page
    assert f"A new link is on its way to {booking.guest_email}." in text(answer)
    assert (booking.link_version, notices(booking)) == (2, ["new_link"])
    assert not opens(booking, old)
    assert opens(booking)


@pytest.mark.parametrize("who", ["host", "staff"])
def test_host_and_staff_send_the_guest_a_new_link(booking, who):
    user = factories.staff() if who == "staff" else factories.host(venue=booking.venue)
    old, browser = booking.secret_path, Client()
    browser.force_login(user)
    address = reverse("admin:bookings_booking_new_link", args=[booking.pk])

    page = text(browser.get(reverse("admin:bookings_booking_change", args=[booking.pk])))
    by_link = browser.get(address)
    browser.post(address)

    booking.refresh_from_db()
    event = BookingEvent.objects.get(booking=booking, verb="new_link")
    assert "Send the guest a new link" in page
    assert by_link.status_code == 405
    assert (booking.link_version, event.actor) == (2, user)
    assert not opens(booking, old)


def test_new_link_of_another_venues_booking_is_not_found(booking):
    browser = Client()
    browser.force_login(factories.host(venue=factories.venue()))

    answer = browser.post(reverse("admin:bookings_booking_new_link", args=[booking.pk]))

    booking.refresh_from_db()
    assert (answer.status_code, booking.link_version) == (404, 1)


def test_renewing_quietly_ends_links_and_tells_nobody(booking):
    old = booking.secret_path

    links.renew(booking_id=booking.pk, actor=guest_actor(), tell=False)

    assert not opens(booking, old)
    assert notices(booking) == []


def test_secret_of_an_old_link_is_no_credential_of_the_api(booking):
    program = as_guest_of(booking)
    links.renew(booking_id=booking.pk, actor=guest_actor(), tell=False)
    booking.refresh_from_db()

    assert program.get(f"bookings/{booking.reference}").status_code == 404
    assert Api(f"Booking {booking.secret}").get(f"bookings/{booking.reference}").status_code == 200


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([], ["bookings.W001"]), (["k" * 32], []), (["k" * 32, "l" * 40], []), (["k" * 31], ["bookings.E001"]),
        (["s" * 50], ["bookings.E002"]), (["k" * 32, "s" * 50], []), (["k" * 32, "k" * 32], ["bookings.W002"]),
        (["short", "short"], ["bookings.E001", "bookings.W002"]),
    ],
)  # fmt: skip
def test_deploy_check_names_what_is_wrong_with_the_keys(settings, keys, found):
    settings.SECRET_KEY, settings.BOOKING_LINK_KEYS = "s" * 50, keys

    assert [message.id for message in link_keys.check_keys()] == found


def test_check_of_the_keys_belongs_to_the_deploy_checks():
    assert link_keys.check_keys in registry.get_checks(include_deployment_checks=True)
    assert link_keys.check_keys not in registry.get_checks()
