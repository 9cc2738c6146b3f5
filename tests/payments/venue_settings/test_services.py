"""A venue's payment settings through the service: what is kept, what is refused, and who is noted."""

import importlib
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection

from core.money import CURRENCIES
from payments.models import PaymentSettings, ProviderAccount
from payments.venue_settings import services as venue_settings
from payments.venue_settings.services import InvalidSettings
from tests.payments.venue_settings.test_bank_details import GERMAN, UZBEK
from tests.support import factories

pytestmark = pytest.mark.django_db

WEEK = 7 * 24 * 60
KEYS = {"octo_shop_id": 4711, "octo_secret": "secret-canary-1", "octo_unique_key": "unique-canary-2"}
OCTO = {"provider": "octo", **KEYS}


@pytest.fixture
def venue():
    return factories.venue(currency="UZS", country="UZ", time_zone="Asia/Tashkent")


@pytest.fixture
def owner(venue):
    return factories.host(venue=venue)


def save(venue, user, **changes) -> PaymentSettings:
    row = venue_settings.save(venue_id=venue.pk, changes=changes, user=user, is_proven=True)
    venue.refresh_from_db()
    return row


def refused(venue, user, **changes) -> dict[str, str]:
    before = list(PaymentSettings.objects.values()), list(ProviderAccount.objects.values())
    with pytest.raises(InvalidSettings) as error:
        save(venue, user, **changes)
    assert (list(PaymentSettings.objects.values()), list(ProviderAccount.objects.values())) == before
    return error.value.errors


# --- what is kept ---------------------------------------------------------------------------------------------


def test_venue_without_saved_settings_has_the_defaults(venue):
    row = venue_settings.settings_of(venue)

    assert (row.pk, row.provider, row.octo_hold_minutes, row.payout_delay_hours) == (None, "stripe", 30, 24)


@pytest.mark.parametrize(
    ("currency", "minimum"), [("USD", 2_000), ("EUR", 2_000), ("GBP", 2_000), ("UZS", 25_000_000)]
)
def test_smallest_payout_is_worth_a_transfer_in_each_currency(currency, minimum):
    venue = factories.venue(currency=currency)

    shown = venue_settings.settings_of(venue).payout_minimum_minor
    saved = save(venue, factories.host(venue=venue), account_holder="Aral LLC").payout_minimum_minor

    assert (shown, saved) == (minimum, minimum)


def test_venues_that_waited_for_twenty_som_wait_for_a_sum_worth_a_transfer(venue):
    migration = importlib.import_module("payments.migrations.0013_smallest_payout_in_som")
    kept = {venue: 2_000, factories.venue(currency="UZS"): 30_000_000, factories.venue(currency="EUR"): 2_000}
    for one, minimum in kept.items():
        PaymentSettings.objects.create(venue=one, payout_minimum_minor=minimum)

    migration.raise_it(apps, None)

    minimums = PaymentSettings.objects.order_by("pk").values_list("payout_minimum_minor", flat=True)
    assert list(minimums) == [25_000_000, 30_000_000, 2_000]


def test_every_currency_has_its_smallest_payout(settings):
    assert set(settings.PAYOUT_MINIMUM_MINOR) == set(CURRENCIES)


def test_octo_with_a_shop_of_its_own_holds_as_long_as_agreed(venue, owner, settings):
    row = save(venue, owner, **OCTO, octo_hold_minutes=3 * 24 * 60)

    account = row.octo_account
    assert (account.shop_id, account.secret, account.unique_key) == (
        4711,
        "secret-canary-1",
        "unique-canary-2",
    )
    assert account.is_test is settings.OCTO_TEST
    assert (row.provider, venue.hold_limit_minutes) == ("octo", 3 * 24 * 60)


def test_octo_with_the_platforms_shop_holds_as_the_platforms_contract_says(venue, owner, settings):
    settings.OCTO_SHOP_ID, settings.OCTO_HOLD_MINUTES = 1, 45
    row = save(venue, owner, provider="octo", octo_hold_minutes=WEEK)

    assert (row.octo_account, venue.hold_limit_minutes) == (None, 45)


def test_back_to_stripe_holds_seven_days_again(venue, owner):
    save(venue, owner, **OCTO)
    save(venue, owner, provider="stripe")

    assert venue.hold_limit_minutes == WEEK


def test_online_payment_is_turned_off_and_on_at_the_venue(venue, owner):
    save(venue, owner, takes_online_payment=False)
    assert venue.takes_online_payment is False

    save(venue, owner, takes_online_payment=True)
    assert venue.takes_online_payment is True


def test_secrets_lie_encrypted_in_the_database(venue, owner):
    save(venue, owner, **OCTO, bank_account=UZBEK, bank_code="00014", account_holder="Aral LLC")

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, unique_key FROM payments_provideraccount")
        stored = list(cursor.fetchone())
        cursor.execute("SELECT bank_account FROM payments_paymentsettings")
        stored += cursor.fetchone()
    assert all(text.startswith("gAAAA") for text in stored)


@pytest.mark.parametrize("given", ["***", "***ry-1", "***anything"])
def test_secret_given_as_it_is_shown_stays(venue, owner, given):
    save(venue, owner, **OCTO)
    row = save(venue, owner, octo_secret=given, octo_unique_key="newer-key-3")

    assert (row.octo_account.secret, row.octo_account.unique_key) == ("secret-canary-1", "newer-key-3")


def test_other_shop_is_an_account_of_its_own_and_the_old_one_is_kept(venue, owner):
    old = save(venue, owner, **OCTO).octo_account
    new = save(venue, owner, octo_shop_id=4712, octo_secret="s" * 20, octo_unique_key="u" * 20).octo_account

    assert (old.pk == new.pk, ProviderAccount.objects.count()) == (False, 2)
    assert save(venue, owner, octo_shop_id=4711).octo_account == old
    old.refresh_from_db()
    assert old.secret == "secret-canary-1"


def test_shop_left_for_the_platforms_again(venue, owner, settings):
    settings.OCTO_SHOP_ID = 1
    save(venue, owner, **OCTO)

    assert save(venue, owner, octo_shop_id=None).octo_account is None


def test_staff_change_what_is_agreed(venue):
    agreed = {
        "platform_fee_percent": Decimal("12.5"),
        "processing_fee_bearer": "host",
        "payout_delay_hours": 48,
    }
    row = save(venue, factories.staff(), **agreed)

    assert (row.processing_fee_bearer, row.payout_delay_hours) == ("host", 48)
    assert venue.platform_fee_percent == Decimal("12.5")


# --- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "agreed",
    [{"platform_fee_percent": Decimal(0)}, {"processing_fee_bearer": "host"}, {"payout_delay_hours": 0}],
    ids=lambda agreed: next(iter(agreed)),
)
def test_host_may_not_change_what_is_agreed(venue, owner, agreed):
    with pytest.raises(PermissionDenied):
        save(venue, owner, **agreed, account_holder="Mine")

    assert not PaymentSettings.objects.exists()
    assert not LogEntry.objects.exists()


def test_host_may_send_back_what_is_agreed_as_it_is(venue, owner):
    row = save(venue, owner, payout_delay_hours=24, platform_fee_percent=None, account_holder="Aral LLC")

    assert row.account_holder == "Aral LLC"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"provider": "octo"}, {"octo_shop_id"}),
        ({"octo_shop_id": 4711}, {"octo_secret", "octo_unique_key"}),
        ({"octo_shop_id": 4711, "octo_secret": "x"}, {"octo_unique_key"}),
        ({"octo_secret": "x"}, {"octo_shop_id"}),
        ({**OCTO, "octo_shop_id": 0}, {"octo_shop_id"}),
        ({**OCTO, "octo_shop_id": -1}, {"octo_shop_id"}),
        ({**OCTO, "octo_shop_id": 2**60}, {"octo_shop_id"}),
        ({**OCTO, "octo_secret": "two words"}, {"octo_secret"}),
        ({**OCTO, "octo_unique_key": "клуч"}, {"octo_unique_key"}),
        ({**OCTO, "octo_secret": "x" * 201}, {"octo_secret"}),
        ({"octo_hold_minutes": 9}, {"octo_hold_minutes"}),
        ({"octo_hold_minutes": 43_201}, {"octo_hold_minutes"}),
        ({"payout_minimum_minor": -1}, {"payout_minimum_minor"}),
        ({"payout_method": "stripe"}, {"stripe_account_ref"}),
        ({"stripe_account_ref": "acct_<script>"}, {"stripe_account_ref"}),
        ({"bank_account": UZBEK, "bank_code": "00014"}, {"account_holder"}),
        ({"bank_account": UZBEK, "account_holder": "A"}, {"bank_code"}),
        ({"bank_account": "12345", "account_holder": "A"}, {"bank_account"}),
        ({"bank_code": "00014"}, {"bank_account"}),
    ],
)
def test_wrong_settings_name_every_wrong_field_and_keep_the_old(venue, owner, changes, fields):
    assert set(refused(venue, owner, **changes)) == fields


def test_octo_for_a_currency_it_does_not_take_is_refused(owner):
    venue = factories.venue(currency="EUR")

    assert "EUR" in refused(venue, factories.host(venue=venue), **OCTO)["provider"]


def test_provider_that_holds_shorter_than_rooms_need_is_refused_and_names_them(venue, owner, settings):
    settings.OCTO_SHOP_ID = 1
    factories.room(venue=venue, name="Silk Suite")
    factories.room(venue=venue, kind="expert", name="Guide")
    factories.room(venue=venue, kind="conference", name="Hall")

    errors = refused(venue, owner, provider="octo")
    own = refused(venue, owner, **OCTO)

    assert "Guide, Silk Suite." in errors["provider"]
    assert "Hall" not in errors["provider"]
    assert "Guide, Silk Suite." in own["octo_hold_minutes"]
    assert save(venue, owner, **OCTO, octo_hold_minutes=WEEK).provider == "octo"
    assert refused(venue, owner, octo_hold_minutes=30).keys() == {"octo_hold_minutes"}


def test_shorter_hold_is_no_matter_where_nobody_pays_online(venue, owner):
    factories.room(venue=venue)
    save(venue, owner, **OCTO, takes_online_payment=False)

    assert refused(venue, owner, takes_online_payment=True).keys() == {"octo_hold_minutes"}


# --- who did it ---------------------------------------------------------------------------------------------------


def test_audit_says_who_changed_which_fields_and_no_value(venue, owner, caplog):
    save(venue, owner, **OCTO, account_holder="Aral LLC", bank_account=UZBEK, bank_code="00014")
    save(venue, owner, **OCTO)
    staff = factories.staff()
    save(venue, staff, platform_fee_percent=Decimal(7))

    entries = LogEntry.objects.order_by("pk")
    assert [entry.user for entry in entries] == [owner, staff]
    assert entries[0].get_change_message() == (
        "Changed Payment provider, Octo shop id, Octo secret, Octo unique key, Account holder, Bank account and "
        "Bank code."
    )
    assert entries[1].get_change_message() == "Changed Platform fee."
    said = caplog.text + "".join(entry.change_message for entry in entries)
    for canary in ("canary", UZBEK, UZBEK[-4:], "Aral LLC", "4711"):
        assert canary not in said


@pytest.mark.parametrize(
    ("value", "seen"),
    [("", ""), ("short", "***"), ("elevenchars", "***"), ("twelve-chars", "***hars"), (GERMAN, "***3000")],
)
def test_of_a_secret_at_most_the_end_is_shown(value, seen):
    assert venue_settings.shown("octo_secret", value) == seen


# --- the keys that encrypt ----------------------------------------------------------------------------------------


OLD, NEW = "b2xkLWtleS1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2Q=", "bmV3LWtleS1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2Q="


def stored_secret() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM payments_provideraccount")
        return cursor.fetchone()[0]


def test_rotation_makes_the_old_key_needless(venue, owner, settings, capsys):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    save(venue, owner, **OCTO)
    before = stored_secret()
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_field_keys")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    assert stored_secret() != before
    assert ProviderAccount.objects.get().secret == "secret-canary-1"
    assert "payments.ProviderAccount: 1 rows" in capsys.readouterr().out


def test_rotation_without_the_old_key_says_so_and_changes_nothing(venue, owner, settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    save(venue, owner, **OCTO)
    before = stored_secret()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEY lacks"):
        call_command("rotate_field_keys")
    assert stored_secret() == before
