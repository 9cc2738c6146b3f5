"""One person: all that is held is told to them, and erased so that no table knows them any more."""

import datetime as dt
import io
import json

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import EmailField, Q, QuerySet, Sum
from django.test import Client

from accounts.models import ApiToken, User
from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from notifications.models import Delivery
from payments.models import Credit, Dispute, LedgerEntry, PayeeChange, Payment, PaymentSettings, Refund
from rooms.models import Invitation, Venue, VenueIdentity, VenueNotice
from tests.accounts.traces import FORMER, MAIL, NAME, PHONE, SECOND, leave_traces, leave_traces_of_work
from tests.payments.paying import paid_by_hand
from tests.support import factories

pytestmark = pytest.mark.django_db

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
    bookings.complete(booking_id=booking.pk, actor=member_actor(host))
    leave_traces(booking, person, host)
    leave_traces_of_work(booking.venue, person, host)
    booking.refresh_from_db()
    return booking


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


def tables_of_people() -> dict[str, QuerySet]:
    """Return, for each table with somebody's key or address, its rows about the test's person."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        mine = Q()
        for column in model._meta.concrete_fields:
            if column.related_model is User:
                mine |= Q(**{f"{column.name}__email": MAIL})
            elif isinstance(column, EmailField):
                for address in (MAIL, SECOND, FORMER):
                    mine |= Q(**{f"{column.name}__iexact": address})
        if mine and not model._meta.proxy:
            found[model._meta.label] = model._base_manager.filter(mine)
    return found


# --- erasing --------------------------------------------------------------------------------------------------


def test_erased_person_stands_in_no_table(past, person):
    words = (NAME, MAIL, SECOND, FORMER, PHONE)
    before, money = everywhere(*words), books()

    call_command("erase_person", MAIL, stdout=io.StringIO())

    assert len(before) >= 20
    assert everywhere(*words) == set()
    assert books() == money


# Nobody on a team is erased, nor whom a venue names; the others hold the keys of colleagues, and no word.
NOT_OF_THE_ERASED = {
    "rooms.Venue", "rooms.VenueMember",
    "accounts.User_groups", "accounts.User_user_permissions", "payments.Drift", "payments.OfflinePayment",
    "payments.Payout", "payments.PayoutRun",
}  # fmt: skip


def test_every_table_that_can_hold_a_person_holds_the_one_who_is_erased(past):
    empty = {table for table, rows in tables_of_people().items() if not rows.exists()}

    assert empty == NOT_OF_THE_ERASED


def test_invitations_and_mails_of_an_erased_person_open_nothing(past):
    call_command("erase_person", MAIL, stdout=io.StringIO())

    assert not Invitation.objects.filter(accepted_at=None).exclude(email="friend@example.org").exists()
    told = VenueNotice.objects.filter(recipient__endswith="@erased.invalid")
    assert set(told.values_list("link", "next_attempt_at")) == {("", None)}
    assert PayeeChange.objects.get().changed_by.email.endswith("@erased.invalid")


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
    bookings.complete(booking_id=visitor.pk, actor=guest_actor())

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


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("identity", "The person answers for Hotel Aral: its owner names another one first"),
        ("payee", "Hotel Aral is paid to this person's account: its owner names another one first"),
        ("address", "Hotel Aral is reached at this address: its owner gives another one first"),
    ],
)
def test_person_a_venue_names_is_not_erased_until_it_names_another(past, names, said):
    venue = past.venue
    Venue.objects.filter(pk=venue.pk).update(name="Hotel Aral")
    if names == "identity":
        VenueIdentity.objects.create(
            venue=venue, kind="person", person_name=NAME.upper(), legal_address="Here"
        )
    elif names == "payee":
        PaymentSettings.objects.create(venue=venue, account_holder=f"Mrs. {NAME}")
    else:
        Venue.objects.filter(pk=venue.pk).update(email=MAIL.upper())

    assert f"{said} (no date of its own)" in refusal()


def test_namesake_of_whom_a_venue_names_is_erased(past):
    venue = factories.venue()
    VenueIdentity.objects.create(venue=venue, kind="person", person_name=NAME, legal_address="There")

    call_command("erase_person", MAIL, stdout=io.StringIO())

    assert VenueIdentity.objects.get(venue=venue).person_name == NAME


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
    assert {one["email"] for one in held["invitations"]} == {MAIL, SECOND}
    assert {one["recipient"] for one in held["mails_about_venues"]} >= {MAIL, SECOND}
    assert [one["after"] for one in held["payee_changes"]] == ["bank …0189"]
    assert held["disputes"][0]["evidence"]["customer_name"] == NAME
    secrets = (person.password, past.secret, ApiToken.digest_of(plain), past.submission_key)
    assert not any(secret in out.getvalue() for secret in secrets)
