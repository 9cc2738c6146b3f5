"""A change of where a venue's money goes: its history, whom it is told, and what of the page is shut to whom."""

import datetime as dt
import html

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import FormerAddress, User
from core import clock
from notifications.tasks import sweep_notices
from payments.models import PayeeChange, PaymentSettings, Payout, PayoutSkip
from payments.payouts import services as payouts
from payments.venue_settings import services as venue_settings
from payments.venue_settings.payee_changes import PayeeNotProven
from rooms.models import Venue, VenueNotice
from tests.payments import books
from tests.payments.admin.test_settings_page import page, typed
from tests.support import factories
from tests.support.pages import prove

pytestmark = pytest.mark.django_db

OTHER = {"account_holder": "Mallory", "bank_account": "BE71096123456769", "bank_code": "GKCCBEBB"}
SHOP = {"octo_shop_id": 4711, "octo_secret": "secret-canary-1", "octo_unique_key": "unique-canary-2"}


@pytest.fixture
def venue() -> Venue:
    return books.payable_venue(name="Hotel Aral")


@pytest.fixture
def owner(venue) -> User:
    return factories.host(venue=venue)


def change(venue: Venue, user: User, *, is_proven: bool = True, **changes) -> None:
    venue_settings.save(venue_id=venue.pk, changes=changes or OTHER, user=user, is_proven=is_proven)


def told() -> set[str]:
    return set(VenueNotice.objects.filter(kind="payee_changed").values_list("recipient", flat=True))


# --- who may ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["manager", "clerk", "staff", "other owner"])
def test_change_by_anybody_but_an_owner_is_refused_and_changes_nothing(venue, who):
    user = {
        "staff": factories.staff, "other owner": lambda: factories.host(venue=factories.venue()),
    }.get(who, lambda: factories.host(venue=venue, role=who))()  # fmt: skip

    with pytest.raises(PermissionDenied, match="Only an owner"):
        change(venue, user)

    assert PaymentSettings.objects.get().account_holder == books.BANK["account_holder"]
    assert not PayeeChange.objects.exists()
    assert not VenueNotice.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [{"account_holder": "Mallory"}, {"bank_code": "PSSTFRPP"}, {"bank_account": OTHER["bank_account"]},
     {"stripe_account_ref": "acct_1A2b3C4d5E6f"}, SHOP],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_change_of_each_part_needs_a_proof(venue, owner, changes):
    with pytest.raises(PayeeNotProven):
        change(venue, owner, is_proven=False, **changes)

    assert not PayeeChange.objects.exists()
    change(venue, owner, **changes)
    assert PayeeChange.objects.count() == 1


def test_provider_decides_where_money_goes_once_the_venue_has_its_own_shop():
    venue = factories.venue(currency="UZS", country="UZ", time_zone="Asia/Tashkent")
    change(venue, factories.host(venue=venue), **SHOP)

    with pytest.raises(PermissionDenied, match="Only an owner"):
        change(venue, factories.host(venue=venue, role="manager"), provider="octo")

    assert PaymentSettings.objects.get().provider == "stripe"


# --- history, alarm and mails -----------------------------------------------------------------------------------


def test_change_is_written_down_by_the_ends_of_the_accounts_and_raises_the_alarm(venue, owner, caplog):
    change(venue, owner)

    row = PayeeChange.objects.get()
    assert (row.venue, row.changed_by, row.before, row.after) == (venue, owner, "bank …2606", "bank …6769")
    assert row.fields == ["Account holder", "Bank account", "Bank code"]
    assert "payee_changed" in caplog.text
    assert OTHER["bank_account"] not in caplog.text


def test_settings_saved_again_as_they_are_are_no_change(venue, owner):
    change(venue, owner, **books.BANK)

    assert not PayeeChange.objects.exists()


@pytest.mark.parametrize(
    "statement", ["UPDATE payments_payeechange SET after = ''", "DELETE FROM payments_payeechange"]
)
def test_history_is_neither_changed_nor_deleted(venue, owner, statement):
    change(venue, owner)

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert PayeeChange.objects.get().after == "bank …6769"


def test_change_is_mailed_to_all_owners_their_former_addresses_the_venue_and_staff(venue, owner):
    second, staff = factories.host(venue=venue), factories.staff()
    factories.host(venue=venue, role="manager", email="manager@example.org")
    EmailAddress.objects.create(user=second, email="second@example.org", verified=True)
    EmailAddress.objects.create(user=second, email="unproved@example.org", verified=False)
    FormerAddress.objects.create(user=owner, email="lately@example.org")
    FormerAddress.objects.create(
        user=owner, email="long-ago@example.org", replaced_at=clock.now() - dt.timedelta(days=31)
    )

    change(venue, owner)

    expected = {
        owner.email,
        second.email,
        "second@example.org",
        "lately@example.org",
        venue.email,
        staff.email,
    }
    assert told() == expected


@pytest.mark.django_db(transaction=True)
def test_mail_says_from_where_to_where_and_until_when_payouts_wait(venue, owner):
    change(venue, owner)
    sweep_notices()
    sweep_notices()

    [message] = [one for one in mail.outbox if one.to == [owner.email]]
    assert message.subject == "Where the money of Hotel Aral goes was changed"
    assert "from bank …2606 to bank …6769" in message.body
    assert "Payouts wait until" in message.body
    assert OTHER["bank_account"] not in message.body
    assert len(mail.outbox) == 2
    assert not VenueNotice.objects.filter(sent_at=None).exists()


@pytest.mark.parametrize("is_verified", [True, False])
def test_address_that_is_taken_away_is_remembered_if_it_was_verified(owner, is_verified):
    taken = EmailAddress.objects.create(user=owner, email="old@example.org", verified=is_verified)

    taken.delete()

    assert FormerAddress.objects.filter(user=owner, email="old@example.org").exists() is is_verified


def test_person_who_is_deleted_leaves_no_address_behind():
    factories.user().delete()

    assert not FormerAddress.objects.exists()


# --- payouts ----------------------------------------------------------------------------------------------------


def test_payout_is_held_after_a_change_and_paid_to_the_new_payee_a_week_later(venue, owner, time_machine):
    books.captured(books.booking(venue=venue))
    change(venue, owner)

    payouts.begin_run()
    payouts.continue_run()
    held = PayoutSkip.objects.get().reason, Payout.objects.count()
    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=7, minutes=1))
    payouts.begin_run()
    payouts.continue_run()

    assert held == ("payee_changed", 0)
    assert Payout.objects.get().destination == "6769"


# --- the page ---------------------------------------------------------------------------------------------------


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, venue: Venue) -> str:
    return html.unescape(client.get(page(venue)).content.decode())


def posted(**fields) -> dict:
    bank = books.BANK | {"bank_account": "***2606"}
    return typed(**{"payout_minimum": "20.00", **bank, **fields})


def test_page_of_an_owner_leads_to_the_password_first_and_then_opens_the_fields(venue, owner):
    client = logged_in(owner)

    before = shown(client, venue)
    refused = client.post(page(venue), posted(**OTHER))
    prove(client)
    after = shown(client, venue)
    done = client.post(page(venue), posted(**OTHER))

    proof = f"{reverse('account_reauthenticate')}?next={page(venue)}"
    assert f'href="{proof}"' in before
    assert refused.status_code == 200
    assert set(refused.context["adminform"].form.errors) == {"account_holder", "bank_account", "bank_code"}
    assert "Confirm that it is you" not in after
    assert done.status_code == 302
    assert PaymentSettings.objects.get().account_holder == "Mallory"
    assert "bank …2606" in shown(client, venue)


@pytest.mark.parametrize("who", ["manager", "staff"])
def test_page_refuses_others_with_a_word_and_saves_the_rest_for_them(venue, who):
    user = factories.staff() if who == "staff" else factories.host(venue=venue, role=who)
    client = logged_in(user)

    refused = client.post(page(venue), posted(**OTHER))
    before = PaymentSettings.objects.get().account_holder
    done = client.post(page(venue), posted(payout_minimum="30.00"))

    assert "Only an owner of the venue changes where its money goes." in shown(client, venue)
    assert (refused.status_code, before) == (403, books.BANK["account_holder"])
    assert done.status_code == 302
    assert PaymentSettings.objects.get().payout_minimum_minor == 3_000
    assert not PayeeChange.objects.exists()


def test_new_payee_stands_on_the_first_page_of_staff_while_it_holds_payouts(venue, owner):
    change(venue, owner)
    client = logged_in(factories.staff())

    first = client.get("/admin/").content.decode()

    assert "New payee" in first
    assert "bank …2606 → bank …6769" in first
