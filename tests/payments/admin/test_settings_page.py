"""The payment settings' page in the admin: who opens it, what it saves, and that no secret comes out of it."""

import html
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from core.money import format_minor
from payments.models import PaymentSettings, ProviderAccount
from payments.phrases import KEYS_TRIED
from rooms.models import Venue
from tests.payments.octo_way import octo_venue, own_account
from tests.payments.venue_settings.test_bank_details import UZBEK
from tests.support import factories
from tests.support.pages import prove

pytestmark = pytest.mark.django_db

SECRET, KEY = "secret-canary-one", "unique-canary-two"


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def venue():
    return factories.venue(currency="UZS", country="UZ", time_zone="Asia/Tashkent")


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(venue) -> Client:
    """The owner, who has typed the password once more."""
    client = as_(factories.host(venue=venue))
    prove(client)
    return client


def page(venue, name: str = "change") -> str:
    return reverse(f"admin:payments_venuepayments_{name}", args=[venue.pk])


def typed(**fields) -> dict:
    """What the page sends as it is opened, and what somebody typed over it."""
    return {
        "takes_online_payment": "on", "provider": "stripe", "octo_shop_id": "", "octo_secret": "",
        "octo_unique_key": "", "octo_hold_minutes": "30", "payout_method": "bank", "account_holder": "",
        "bank_account": "", "bank_code": "", "stripe_account_ref": "", "payout_minimum": "250000.00",
        "payout_delay_hours": "24", "processing_fee_bearer": "platform", "platform_fee_percent": "", **fields,
    }  # fmt: skip


OCTO = {"provider": "octo", "octo_shop_id": "4711", "octo_secret": SECRET, "octo_unique_key": KEY}
BANK = {"account_holder": "Aral LLC", "bank_account": UZBEK, "bank_code": "00014"}


def test_owner_saves_and_finds_no_secret_again(owner, venue):
    answer = owner.post(page(venue), typed(**OCTO, **BANK, payout_minimum="150 000"))
    assert answer.status_code == 302

    row, account = PaymentSettings.objects.get(), ProviderAccount.objects.get()
    assert (row.provider, row.octo_account, row.payout_minimum_minor) == ("octo", account, 15_000_000)
    assert (account.shop_id, account.secret, account.unique_key) == (4711, SECRET, KEY)
    assert row.bank_account == UZBEK
    assert Venue.objects.get(pk=venue.pk).hold_limit_minutes == 30
    for address in (page(venue), page(venue, "history"), reverse("admin:payments_venuepayments_changelist")):
        text = html.unescape(owner.get(address).content.decode())
        for canary in (SECRET, KEY, UZBEK):
            assert canary not in text, address
    assert "***-one" in owner.get(page(venue)).content.decode()


def test_keys_left_empty_and_account_as_shown_stay(owner, venue):
    owner.post(page(venue), typed(**OCTO, **BANK))
    again = typed(**OCTO, **BANK, payout_minimum="30") | {
        "octo_secret": "", "octo_unique_key": "", "bank_account": f"***{UZBEK[-4:]}",
    }  # fmt: skip
    assert owner.post(page(venue), again).status_code == 302

    account, row = ProviderAccount.objects.get(), PaymentSettings.objects.get()
    assert (account.secret, account.unique_key, row.bank_account) == (SECRET, KEY, UZBEK)
    assert row.payout_minimum_minor == 3_000


def test_account_emptied_is_forgotten(owner, venue):
    owner.post(page(venue), typed(**BANK))
    owner.post(page(venue), typed())

    assert PaymentSettings.objects.get().bank_account == ""


def test_wrong_fields_are_shown_beside_them_and_their_secrets_are_not(owner, venue):
    answer = owner.post(page(venue), typed(**OCTO, **BANK) | {"bank_code": "1", "payout_minimum": "x"})

    errors = answer.context["adminform"].form.errors
    assert set(errors) == {"payout_minimum"}
    answer = owner.post(page(venue), typed(**OCTO, **BANK) | {"bank_code": "1"})
    assert set(answer.context["adminform"].form.errors) == {"bank_code"}
    assert SECRET not in answer.content.decode()
    assert not PaymentSettings.objects.exists()


def test_rooms_held_longer_than_octo_does_are_named_beside_the_provider(owner, venue, settings):
    settings.OCTO_SHOP_ID = 1
    factories.room(venue=venue, name="Silk Suite")

    errors = owner.post(page(venue), typed(provider="octo")).context["adminform"].form.errors

    assert "Silk Suite" in errors["provider"][0]


def test_host_sends_what_only_staff_may_change_and_it_is_ignored(owner, venue):
    sent = typed(platform_fee_percent="0", processing_fee_bearer="host", payout_delay_hours="0")
    assert owner.post(page(venue), sent | {"hold_limit_minutes": "99", "venue": "1"}).status_code == 302

    row = PaymentSettings.objects.get()
    assert (row.processing_fee_bearer, row.payout_delay_hours) == ("platform", 24)
    assert Venue.objects.get(pk=venue.pk).platform_fee_percent is None


def test_staff_change_what_is_agreed(venue):
    sent = typed(platform_fee_percent="12.5", processing_fee_bearer="host", payout_delay_hours="48")
    assert as_(factories.staff()).post(page(venue), sent).status_code == 302

    row = PaymentSettings.objects.get()
    assert (row.processing_fee_bearer, row.payout_delay_hours) == ("host", 48)
    assert str(Venue.objects.get(pk=venue.pk).platform_fee_percent) == "12.50"


@pytest.mark.parametrize("who", ["clerk", "other host", "guest"])
def test_others_may_neither_see_nor_change(venue, who):
    user = {
        "clerk": lambda: factories.host(venue=venue, role="clerk"),
        "other host": lambda: factories.host(venue=factories.venue()),
        "guest": factories.user,
    }[who]()
    client = as_(user)

    for name in ("change", "history", "try_keys"):
        assert client.get(page(venue, name)).status_code in (302, 403, 404)
        assert client.post(page(venue, name), typed(**OCTO)).status_code in (302, 403, 404)
    assert not PaymentSettings.objects.exists()


def test_history_says_who_changed_what(owner, venue):
    owner.post(page(venue), typed(**OCTO))

    text = html.unescape(owner.get(page(venue, "history")).content.decode())
    assert "Changed Payment provider, Octo shop id, Octo secret and Octo unique key." in text
    assert text.count("Changed Payment provider") == 1


def test_list_shows_venues_nobody_saved_settings_for(owner, venue):
    text = owner.get(reverse("admin:payments_venuepayments_changelist")).content.decode()

    assert venue.name in text
    assert "Stripe" in text


# --- trying the keys ----------------------------------------------------------------------------------------------


def said(client: Client, venue) -> str:
    answer = client.post(page(venue, "try_keys"), follow=True)
    return html.unescape(answer.content.decode())


@pytest.mark.django_db(transaction=True)
def test_right_keys_are_known_to_octo_and_nothing_is_created(octo_sandbox):
    venue = octo_venue()
    own_account(venue, octo_sandbox, 4711)

    assert KEYS_TRIED["ok"] in said(as_(factories.host(venue=venue)), venue)
    assert octo_sandbox.control("books")["octo"] == {"payments": [], "effects": {}}


@pytest.mark.django_db(transaction=True)
def test_wrong_secret_or_shop_is_told(octo_sandbox):
    venue = octo_venue()
    account = own_account(venue, octo_sandbox, 4711)
    client = as_(factories.host(venue=venue))
    ProviderAccount.objects.filter(pk=account.pk).update(secret="another")
    assert KEYS_TRIED["refused"] in said(client, venue)

    ProviderAccount.objects.filter(pk=account.pk).update(secret=account.secret, shop_id=4799)
    assert KEYS_TRIED["refused"] in said(client, venue)


@pytest.mark.django_db(transaction=True)
def test_octo_that_does_not_answer_proves_nothing(octo_sandbox, settings):
    venue = octo_venue()
    order = {"provider": "octo", "operation": "check_status", "fault": "html_502", "times": 3}
    octo_sandbox.control("faults", order)

    assert KEYS_TRIED["unknown"] in said(as_(factories.host(venue=venue)), venue)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_moment")
def test_tried_too_often_asks_octo_no_more(octo_sandbox, settings):
    settings.OCTO_SHOP_ID = 0
    venue = octo_venue()
    client = as_(factories.host(venue=venue))
    answers = [said(client, venue) for _ in range(7)]

    assert all(KEYS_TRIED["refused"] in text for text in answers[:6])
    assert KEYS_TRIED["too_often"] in answers[6]


@pytest.mark.parametrize(
    ("amount", "minor"), [("1.250,00", 125_000), ("45,5", 4_550), ("150 000", 15_000_000)]
)
def test_minimum_is_read_by_the_one_rule_and_said_again(owner, venue, amount, minor):
    answer = owner.post(page(venue), typed(payout_minimum=amount), follow=True)

    assert PaymentSettings.objects.get().payout_minimum_minor == minor
    told = [str(message) for message in answer.context["messages"]]
    assert f"Read as: Smallest payout: {format_minor(minor, 'UZS')}." in told


@pytest.mark.parametrize(
    ("field", "value"),
    [("payout_minimum", "150,000"), ("payout_minimum", "1_000"), ("payout_minimum", "-1"),
     ("octo_shop_id", "4.711"), ("octo_shop_id", "4_7"), ("octo_hold_minutes", "1.440")],
)  # fmt: skip
def test_number_that_may_be_another_is_refused_and_nothing_is_saved(owner, venue, field, value):
    answer = owner.post(page(venue), typed(**{field: value}))

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not PaymentSettings.objects.exists()


def test_fee_with_a_comma_is_a_decimal_one_for_staff(venue):
    as_(factories.staff()).post(page(venue), typed(platform_fee_percent="12,5"))

    assert Venue.objects.get(pk=venue.pk).platform_fee_percent == Decimal("12.5")
