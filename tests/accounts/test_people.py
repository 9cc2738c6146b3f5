"""One person: all that is held is told to them, and erased so that no table knows them any more."""

import datetime as dt
import io
import json

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum
from django.test import Client

from accounts.models import ApiToken, User
from bookings import services
from bookings.actors import guest_actor, member_actor
from bookings.models import Booking, BookingEvent, BulkCancellation, BulkCancellationItem, EventReceipt
from core import clock
from notifications.models import Delivery
from payments.models import (
    Credit,
    CreditUse,
    Dispute,
    LedgerEntry,
    Payment,
    PaymentOperation,
    Refund,
    WebhookEvent,
)
from rooms.models import Occupancy
from tests import factories
from tests.payments.paying import paid_by_hand

pytestmark = pytest.mark.django_db

NAME, MAIL, SECOND, FORMER, PHONE = (
    "Zoraida Quillfeather",
    "zoraida@quill.example",
    "zq@other.example",
    "zq@former.example",
    "+33 6 98 76 54 32",
)
DAY = dt.timedelta(days=1)


@pytest.fixture
def now(time_machine) -> dt.datetime:
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)
    return clock.now()


@pytest.fixture
def person(now) -> User:
    user = factories.user(email=MAIL, name=NAME, phone=PHONE)
    EmailAddress.objects.create(user=user, email=SECOND, verified=True)
    EmailAddress.objects.create(user=user, email=FORMER, verified=True).delete()
    return user


@pytest.fixture
def past(person, time_machine) -> Booking:
    """A stay that is over and paid, of a person who left traces wherever there is room for one."""
    details = factories.guest_details(user=person, name=NAME, email=MAIL, phone=PHONE)
    booking = paid_by_hand(guest=details, user=person)
    host = factories.host(venue=booking.venue)
    Booking.objects.filter(pk=booking.pk).update(message=f"Call {NAME} on {PHONE}")
    time_machine.move_to(booking.ends_at + 2 * DAY, tick=False)
    services.complete(booking_id=booking.pk, actor=member_actor(host))
    _leave_traces(booking, person, host)
    booking.refresh_from_db()
    return booking


def _leave_traces(booking: Booking, person: User, host: User) -> None:
    payment = booking.payments.get()
    said = {"name": NAME, "email": MAIL.upper(), "nested": [{"phone": PHONE}]}
    event = booking.events.order_by("version").last()
    BookingEvent.objects.create(
        booking=booking, version=90, verb="link_sent", from_status="COMPLETED", to_status="COMPLETED",
        actor_kind="guest", reason=f"I am {NAME}", data=said,
    )  # fmt: skip
    BookingEvent.objects.filter(pk=event.pk).update(reason=f"Dear {NAME}, thanks", data=said)
    EventReceipt.objects.create(event=event, subscriber="test", last_error=f"no {MAIL}", done_at=clock.now())
    for state in (Delivery.State.SENT, Delivery.State.QUEUED):
        Delivery.objects.create(
            event=event, channel="email", recipient=MAIL if state == "sent" else SECOND, message="confirmed",
            state=state, last_error=f"550 {MAIL} unknown",
        )  # fmt: skip
    PaymentOperation.objects.create(
        payment=payment, kind="checkout", key="op-1", params={"email": MAIL, "description": f"For {NAME}"},
        state="done", lease_until=clock.now(), error=f"no such customer {MAIL}",
    )  # fmt: skip
    for n, about in enumerate((payment, None)):
        WebhookEvent.objects.create(
            provider="stripe", event_id=f"evt_{n}", type="charge.succeeded", payment=about, outcome="processed",
            payload={"id": f"evt_{n}", "data": {"object": {"billing_details": said}}}, note=f"of {MAIL}",
        )  # fmt: skip
    Dispute.objects.create(
        payment=payment, provider_ref="dp_1", status="won", amount_minor=100, closed_at=clock.now(),
        evidence={"customer_name": NAME, "customer_email_address": MAIL}, evidence_pdf=f"%PDF {NAME}".encode(),
    )  # fmt: skip
    credit = Credit.objects.create(
        code="SPENT",
        booking=booking,
        guest_email=MAIL,
        currency="EUR",
        amount_minor=500,
        reason=f"Sorry, {NAME}",
    )
    CreditUse.objects.create(credit=credit, amount_minor=500, note=f"to {NAME}, {PHONE}")
    bulk = BulkCancellation.objects.create(
        venue=booking.venue, room=booking.room, starts_at=booking.starts_at, ends_at=booking.ends_at,
        reason=f"{NAME} asked",
        actor_kind="host", actor=host, finished_at=clock.now(),
    )  # fmt: skip
    BulkCancellationItem.objects.create(bulk=bulk, booking=booking, done_at=clock.now(), error=f"{MAIL}?")
    Occupancy.objects.filter(reference=booking.reference).update(note=f"{NAME}'s")
    LogEntry.objects.create(
        user=host, content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk),
        object_repr=NAME, action_flag=CHANGE, change_message=f"Changed the phone to {PHONE}",
    )  # fmt: skip
    ApiToken.issue(user=person, name=f"{NAME}'s phone")
    browser = Client()
    browser.force_login(person)
    form = SessionStore()
    form["booking_form"] = {"name": NAME, "email": "x@y.example"}
    form.save()


def everywhere(*words: str) -> set[str]:
    """Return `table.column` of every text, JSON, array or binary column in which one of the words stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t "
            "USING (table_schema, table_name) WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' "
            "AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY', 'bytea', 'tsvector')"
        )
        found = set()
        for table, column in cursor.fetchall():
            as_text = f"encode(\"{column}\", 'escape')" if _is_binary(table, column) else f'"{column}"::text'
            cursor.execute(
                f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE lower({as_text}) LIKE ANY(%s))',
                [[f"%{word.lower()}%" for word in words]],
            )
            if cursor.fetchone()[0]:
                found.add(f"{table}.{column}")
    return found


def _is_binary(table: str, column: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s",
            [table, column],
        )
        return cursor.fetchone()[0] == "bytea"


def books() -> tuple:
    return (
        list(LedgerEntry.objects.order_by("pk").values_list("account", "amount_minor", "currency")),
        list(Payment.objects.order_by("pk").values_list("amount_minor", "captured_minor")),
        Booking.objects.aggregate(Sum("total_minor"), Sum("due_minor")),
        Credit.objects.aggregate(Sum("amount_minor")),
    )


# --- erasing --------------------------------------------------------------------------------------------------


def test_erased_person_stands_in_no_table(past, person):
    words = (NAME, MAIL, SECOND, FORMER, PHONE)
    before, money = everywhere(*words), books()

    call_command("erase_person", MAIL, stdout=io.StringIO())

    assert len(before) >= 20
    assert everywhere(*words) == set()
    assert books() == money


def test_erased_person_is_nobody_with_the_same_history(past, person):
    old_link, events = past.secret_path, past.events.count()
    call_command("erase_person", SECOND.upper(), stdout=io.StringIO())

    past.refresh_from_db()
    person.refresh_from_db()
    assert (past.guest_name, past.guest_email) == ("Erased guest", f"erased-{past.pk}@erased.invalid")
    assert (past.guest_phone, past.message, past.status) == ("", "", "COMPLETED")
    assert (person.is_active, person.has_usable_password(), person.name) == (False, False, "")
    assert past.events.count() == events
    assert past.events.get(version=90).reason == ""
    assert past.events.exclude(version=90).order_by("version").last().reason == "Dear [erased], thanks"
    assert Client().get(old_link).status_code == 404
    assert not Session.objects.exists()
    assert not ApiToken.objects.exists()


def test_mail_on_its_way_to_an_erased_person_is_not_sent(past, person):
    call_command("erase_person", MAIL, stdout=io.StringIO())

    states = set(
        Delivery.objects.filter(recipient__endswith="@erased.invalid").values_list("state", flat=True)
    )
    assert states == {"sent", "skipped"}


def test_guest_without_an_account_is_erased_and_a_namesake_is_not(past, time_machine):
    details = factories.guest_details(name=NAME, email="namesake@example.org")
    other = factories.booking(room=past.room, guest=details, days_ahead=40)
    visitor = paid_by_hand(guest=factories.guest_details(name="Bo Li", email="bo@example.org"), days_ahead=20)
    time_machine.move_to(visitor.ends_at + 2 * DAY, tick=False)
    services.complete(booking_id=visitor.pk, actor=guest_actor())

    call_command("erase_person", "BO@example.org", stdout=io.StringIO())

    other.refresh_from_db()
    visitor.refresh_from_db()
    past.refresh_from_db()
    assert visitor.guest_name == "Erased guest"
    assert (other.guest_name, past.guest_name) == (NAME, NAME)
    assert everywhere("bo@example.org") == set()


# --- refused --------------------------------------------------------------------------------------------------


def refusal(email: str = MAIL) -> str:
    before = everywhere(NAME, MAIL)
    with pytest.raises(CommandError) as error:
        call_command("erase_person", email)
    assert everywhere(NAME, MAIL) == before
    return str(error.value)


def test_person_with_a_booking_ahead_is_not_erased_before_its_end(person):
    booking = factories.booking(
        user=person, guest=factories.guest_details(user=person, name=NAME, email=MAIL)
    )

    assert f"Booking {booking.reference} is not over (until Mar 13, 2027)" in refusal()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("dispute", "Dispute dp_2 is open (until Jun 10, 2027)"),
        ("refund", "Refund re_2 is on its way (until Apr 6, 2027)"),
        ("held", "is under way or held (until Apr 5, 2027)"),
        ("credit", "A credit is not spent (until May 1, 2027)"),
    ],
)
def test_person_with_money_open_is_not_erased_and_the_day_is_told(past, time_machine, what, said):
    time_machine.move_to("2027-03-27T10:00:00Z", tick=False)
    payment = past.payments.get()
    {
        "dispute": lambda: Dispute.objects.create(
            payment=payment, provider_ref="dp_2", status="under_review", amount_minor=1, due_by=clock.now()
        ),
        "refund": lambda: Refund.objects.create(payment=payment, provider_ref="re_2", amount_minor=1),
        "held": lambda: Payment.objects.create(
            booking=past, provider="stripe", n=9, status="AUTHORIZED", is_two_stage=True, currency="EUR",
            amount_minor=1, capture_before=dt.datetime(2027, 4, 5, tzinfo=dt.UTC),
        ),
        "credit": lambda: Credit.objects.create(
            code="LEFT", booking=past, guest_email=MAIL, currency="EUR", amount_minor=1, reason="x",
            expires_at=dt.datetime(2027, 5, 1, tzinfo=dt.UTC),
        ),
    }[what]()  # fmt: skip

    assert said in refusal()


def test_person_who_works_here_is_not_erased_until_off_the_team(person):
    factories.member(venue=factories.venue(), user=person)

    assert "take them off the team" in refusal()


@pytest.mark.parametrize("command", ["erase_person", "export_person"])
def test_address_nobody_has_is_said(now, command):
    with pytest.raises(CommandError, match="Nothing is held about this address"):
        call_command(command, "nobody@example.org")


# --- telling --------------------------------------------------------------------------------------------------


def test_export_tells_all_that_is_held_and_no_secret(past, person):
    out = io.StringIO()
    _row, plain = ApiToken.issue(user=person, name="second")

    call_command("export_person", SECOND, stdout=out)

    held = json.loads(out.getvalue())
    assert held["account"][0]["email"] == MAIL
    assert {one["email"] for one in held["addresses"]} == {MAIL, SECOND}
    assert [one["email"] for one in held["former_addresses"]] == [FORMER]
    assert [one["reference"] for one in held["bookings"]] == [past.reference]
    assert {one["recipient"] for one in held["mails"]} == {MAIL, SECOND}
    assert held["told_to_providers"][0]["params"]["email"] == MAIL
    assert held["disputes"][0]["evidence"]["customer_name"] == NAME
    secrets = (person.password, past.secret, ApiToken.digest_of(plain), past.submission_key)
    assert not any(secret in out.getvalue() for secret in secrets)
