"""Staff's page of a person: bookings, payments, mails, venues, and notes on them."""

import pytest
from allauth.account.models import EmailAddress

from accounts import people
from accounts.admin.person_page import MOST_ROWS
from accounts.models import PersonNote, User
from bookings.models import Booking
from bookings.phrases.host import write_stay
from notifications.models import Delivery
from tests.support import factories
from tests.support.admin_pages import filled, logged_in, queries, text_of, url
from tests.support.admin_world import payment_of, request_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return factories.user(name="Ada Guest", email="ada@example.org")


@pytest.fixture
def staff() -> User:
    return factories.staff()


def page_of(person: User) -> str:
    return url(User, "change", person.pk)


def titles(response) -> dict[str, list[str]]:
    return {share.title: [row.title for row in share.rows] for share in response.context["shares"]}


def test_page_shows_bookings_payments_mails_and_venues(person, staff):
    room = factories.room(name="Canal view", venue=factories.venue(name="Canal Hotel"))
    booking = request_of(room, user=person, guest=factories.guest_details(user=person))
    payment = payment_of(booking, card_brand="visa", card_last4="4242")
    Delivery.objects.create(
        event=booking.events.first(), channel="email", recipient=person.email, message="request_received"
    )
    factories.host(venue=factories.venue(name="Old Mill"))
    factories.venue(name="Her House").members.create(user=person, role="owner")

    response = logged_in(staff).get(page_of(person))

    assert titles(response) == {
        "Bookings": ["Canal view, Canal Hotel"],
        "Payments": ["Held, Stripe, visa 4242"],
        "Mails": ["Request received"],
        "Works for": ["Her House"],
    }
    page = response.content.decode()
    assert f"/admin/payments/payment/{payment.pk}/change/" in page
    assert f"/admin/bookings/booking/{booking.pk}/change/" in page
    assert "To decide" in page


def test_booking_made_without_the_account_is_told_as_such(person, staff):
    EmailAddress.objects.create(user=person, email="Second@example.org", verified=True)
    booking = request_of(
        factories.room(), guest=factories.guest_details(name="A. G.", email="second@example.org")
    )
    request_of(factories.room(), guest=factories.guest_details(email="other@example.org"))

    response = logged_in(staff).get(page_of(person))

    (row,) = response.context["shares"][0].rows
    assert row.url == url(Booking, "change", booking.pk)
    assert row.detail == f"{booking.reference}, {write_stay(booking)}, as A. G., without the account"


def test_page_shows_the_newest_and_leads_to_all(person, staff):
    for n in range(MOST_ROWS + 1):
        request_of(
            factories.room(), user=person, guest=factories.guest_details(user=person), days_ahead=10 + n
        )

    bookings = logged_in(staff).get(page_of(person)).context["shares"][0]

    assert len(bookings.rows) == MOST_ROWS
    assert bookings.more_url == "/admin/bookings/booking/?q=ada%40example.org"
    assert len(logged_in(staff).get(bookings.more_url).context["cl"].result_list) == MOST_ROWS + 1


def test_page_costs_the_same_for_one_booking_and_three(person, staff):
    def more(n: int) -> None:
        for _ in range(n):
            booking = request_of(factories.room(), user=person, guest=factories.guest_details(user=person))
            payment_of(booking, mark=booking.reference)
            PersonNote.objects.create(user=person, text="Late arrivals", author=factories.staff())

    client = logged_in(staff)
    more(1)
    once = queries(client, page_of(person))
    more(2)

    assert queries(client, page_of(person)) == once
    assert once <= 20


# --- notes ----------------------------------------------------------------------------------------------------


def write(client, person: User, text: str):
    data = filled(client.get(page_of(person))) | {"notes-TOTAL_FORMS": "1", "notes-0-text": text}
    return client.post(page_of(person), data)


def test_note_is_kept_with_its_author_and_shown(person, staff):
    client = logged_in(staff)

    response = write(client, person, "Pays by invoice.\nCall first.")

    note = PersonNote.objects.get()
    assert response.status_code == 302
    assert (note.user, note.author, note.text) == (person, staff, "Pays by invoice.\nCall first.")
    assert "Call first." in text_of(client.get(page_of(person)))


@pytest.mark.parametrize("forged", [{"notes-0-text": "Changed"}, {"notes-0-DELETE": "on"}])
def test_note_is_neither_changed_nor_deleted(person, staff, forged):
    client = logged_in(staff)
    write(client, person, "As it was")
    note = PersonNote.objects.get()
    data = filled(client.get(page_of(person)))

    client.post(
        page_of(person),
        data | {"notes-TOTAL_FORMS": "1", "notes-INITIAL_FORMS": "1", "notes-0-id": note.pk, **forged},
    )

    assert PersonNote.objects.get().text == "As it was"


def test_hosts_see_no_person(person):
    booking = request_of(factories.room(), user=person, guest=factories.guest_details(user=person))

    client = logged_in(factories.host(venue=booking.venue))

    assert client.get(page_of(person)).status_code in (403, 404)
    assert client.post(page_of(person), {"notes-TOTAL_FORMS": "1", "notes-0-text": "x"}).status_code in (
        403,
        404,
    )
    assert not PersonNote.objects.exists()


def test_notes_are_exported_and_go_with_the_person(person, staff):
    PersonNote.objects.create(user=person, text="Allergic to Ada", author=staff)
    found = people.find(person.email)

    assert [note["text"] for note in people.export(found)["notes"]] == ["Allergic to Ada"]
    people.erase(found)

    assert not PersonNote.objects.exists()
