"""`venues/{slug}/payment-settings`: shown without secrets, changed by those who may, refused by field."""

import json

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import ApiToken
from accounts.scopes import SCOPES, USUAL
from payments.models import PayeeChange, PaymentSettings, ProviderAccount
from rooms.models import VenueMember
from tests.api.callers import Api, as_user, logged_in
from tests.payments.venue_settings.test_bank_details import UZBEK
from tests.support import factories
from tests.support.pages import prove

pytestmark = pytest.mark.django_db

SECRET, KEY = "secret-canary-one", "unique-canary-two"
OCTO = {"provider": "octo", "octo_shop_id": 4711, "octo_secret": SECRET, "octo_unique_key": KEY}
BANK = {"account_holder": "Aral LLC", "bank_account": UZBEK, "bank_code": "00014"}


@pytest.fixture
def venue():
    return factories.venue(currency="UZS", country="UZ", time_zone="Asia/Tashkent")


@pytest.fixture
def owner(venue):
    """A program with a token that was made to change payees, too."""
    return with_scopes(factories.host(venue=venue), *SCOPES)


def with_scopes(user, *scopes: str) -> Api:
    return Api(f"Bearer {ApiToken.issue(user=user, name='test', scopes=list(scopes))[1]}")


def path(venue, end: str = "") -> str:
    return f"venues/{venue.slug}/payment-settings{end}"


def put(api, venue, data):
    return api.client.put(
        f"/api/v1/{path(venue)}", json.dumps(data), content_type="application/json", headers=api.headers
    )


def test_settings_nobody_saved_are_the_defaults(owner, venue):
    assert owner.get(path(venue)).json() == {
        "venue": venue.slug, "currency": "UZS", "provider": "stripe", "takes_online_payment": True,
        "octo_shop_id": None, "octo_secret": "", "octo_unique_key": "", "octo_hold_minutes": 30,
        "hold_limit_minutes": 10_080, "payout_method": "bank", "account_holder": "", "bank_account": "",
        "bank_code": "", "stripe_account_ref": "", "payout_minimum_minor": 25_000_000, "payout_delay_hours": 24,
        "stripe_account_problem": "",
        "processing_fee_bearer": "platform", "platform_fee_percent": None, "platform_default_fee_percent": "10",
    }  # fmt: skip
    assert not PaymentSettings.objects.exists()


def test_problem_of_the_stripe_account_is_answered(owner, venue):
    PaymentSettings.objects.create(
        venue=venue,
        payout_method="stripe",
        stripe_account_ref="acct_1",
        stripe_account_problem="Stripe says no.",
    )

    assert owner.get(path(venue)).json()["stripe_account_problem"] == "Stripe says no."


def test_saved_settings_are_answered_without_their_secrets(owner, venue):
    answer = put(owner, venue, OCTO | BANK)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["octo_shop_id"], body["hold_limit_minutes"]) == (4711, 30)
    assert (body["octo_secret"], body["octo_unique_key"]) == ("***-one", "***-two")
    assert body["bank_account"] == f"***{UZBEK[-4:]}"
    assert owner.get(path(venue)).json() == body
    assert ProviderAccount.objects.get().secret == SECRET


def test_answer_sent_back_whole_changes_nothing(owner, venue):
    put(owner, venue, OCTO | BANK)
    body = owner.get(path(venue)).json()
    for told in (
        "venue", "currency", "hold_limit_minutes", "stripe_account_problem", "platform_default_fee_percent",
    ):  # fmt: skip
        del body[told]
    entries = LogEntry.objects.count()

    assert put(owner, venue, body).status_code == 200
    assert LogEntry.objects.count() == entries
    account, row = ProviderAccount.objects.get(), PaymentSettings.objects.get()
    assert (account.secret, account.unique_key, row.bank_account) == (SECRET, KEY, UZBEK)


@pytest.mark.parametrize("role", VenueMember.Role.values)
def test_owners_and_managers_may_and_clerks_may_not(venue, role):
    api = as_user(factories.host(venue=venue, role=role))
    expected = 404 if role == "clerk" else 200

    assert api.get(path(venue)).status_code == expected
    assert put(api, venue, {"payout_minimum_minor": 7}).status_code == expected
    assert PaymentSettings.objects.filter(payout_minimum_minor=7).exists() is (role != "clerk")


def test_other_hosts_and_nobody_may_not(venue, api, as_other_host):
    assert (api.get(path(venue)).status_code, as_other_host.get(path(venue)).status_code) == (401, 404)
    assert (put(api, venue, OCTO).status_code, put(as_other_host, venue, OCTO).status_code) == (401, 404)
    assert not PaymentSettings.objects.exists()


def test_owner_of_another_venue_who_is_clerk_here_may_not(venue):
    user = factories.host(venue=factories.venue())
    factories.member(venue=venue, user=user, role="clerk")

    assert as_user(user).get(path(venue)).status_code == 404


def test_login_of_the_site_serves_too_and_needs_the_csrf_token(venue):
    user = factories.host(venue=venue)

    assert logged_in(user).get(path(venue)).status_code == 200
    assert put(logged_in(user, checks_csrf=True), venue, OCTO).status_code == 403
    assert not PaymentSettings.objects.exists()


@pytest.mark.parametrize(
    "agreed",
    [{"platform_fee_percent": "0"}, {"processing_fee_bearer": "host"}, {"payout_delay_hours": 0}],
    ids=lambda agreed: next(iter(agreed)),
)
def test_what_is_agreed_is_changed_by_staff_alone(owner, venue, as_staff, agreed):
    assert put(owner, venue, agreed).status_code == 403
    assert not PaymentSettings.objects.exists()

    assert put(as_staff, venue, agreed).status_code == 200


@pytest.mark.parametrize(
    "smuggled",
    [
        {"venue": "other"}, {"venue_id": 1}, {"id": 1}, {"octo_account": 1}, {"octo_account_id": 1},
        {"hold_limit_minutes": 99_999}, {"is_test": False}, {"currency": "USD"}, {"is_published": True},
    ],
    ids=lambda smuggled: next(iter(smuggled)),
)  # fmt: skip
def test_field_that_is_no_setting_is_refused(owner, venue, smuggled):
    answer = put(owner, venue, smuggled | {"account_holder": "New"})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(smuggled)))
    assert not PaymentSettings.objects.exists()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"provider": "paypal"}, "provider"),
        ({"provider": "offline"}, "provider"),
        ({"takes_online_payment": "yes"}, "takes_online_payment"),
        ({"octo_shop_id": "4711"}, "octo_shop_id"),
        ({"octo_shop_id": 4711.5}, "octo_shop_id"),
        ({"octo_secret": {"a": 1}}, "octo_secret"),
        ({"octo_hold_minutes": 1}, "octo_hold_minutes"),
        ({"payout_minimum_minor": -1}, "payout_minimum_minor"),
        ({"payout_minimum_minor": 10**18}, "payout_minimum_minor"),
        ({"platform_fee_percent": "100.001"}, "platform_fee_percent"),
        ({"platform_fee_percent": "-1"}, "platform_fee_percent"),
        ({"platform_fee_percent": "NaN"}, "platform_fee_percent"),
        ({"bank_account": "DE00", "account_holder": "A"}, "bank_account"),
        ({"payout_method": "stripe"}, "stripe_account_ref"),
    ],
)
def test_wrong_setting_is_refused_by_its_name(venue, as_staff, sent, field):
    answer = put(as_staff, venue, sent)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])
    assert not PaymentSettings.objects.exists()


def test_refusal_repeats_no_secret(owner, venue, caplog):
    answer = put(owner, venue, OCTO | BANK | {"octo_secret": f"{SECRET} with blanks", "bank_code": "1"})

    assert answer.status_code == 422
    for canary in (SECRET, KEY, UZBEK):
        assert canary not in answer.content.decode() + caplog.text


def test_change_is_noted_under_the_callers_name(venue):
    user = factories.host(venue=venue, role="manager")
    put(as_user(user), venue, {"payout_minimum_minor": 7})

    assert LogEntry.objects.get().user == user


def test_rooms_that_need_a_longer_hold_are_named(owner, venue):
    factories.room(venue=venue, name="Silk Suite")

    (error,) = put(owner, venue, OCTO).json()["errors"]

    assert error["field"] == "octo_hold_minutes"
    assert "Silk Suite" in error["message"]


@pytest.mark.parametrize("percent", ["12,5", "12.5", 12.5])
def test_fee_in_quotes_is_read_as_one_typed_into_the_form(venue, percent):
    answer = put(as_user(factories.staff()), venue, {"platform_fee_percent": percent})

    assert answer.json()["platform_fee_percent"] == "12.50"


@pytest.mark.parametrize("percent", ["1,250", "1_0", "1e1", "１２", "-1"])
def test_fee_in_quotes_that_is_no_plain_number_is_refused(venue, percent):
    answer = put(as_user(factories.staff()), venue, {"platform_fee_percent": percent})

    assert answer.status_code == 422
    assert not PaymentSettings.objects.exists()


# --- where the money goes -----------------------------------------------------------------------------------------


def nothing_moved(venue) -> bool:
    return not PaymentSettings.objects.exists() and not PayeeChange.objects.exists()


@pytest.mark.parametrize("payee", [BANK, OCTO, {"account_holder": "Mallory"}], ids=["bank", "shop", "holder"])
@pytest.mark.parametrize("who", ["manager", "staff"])
def test_payee_changed_by_anybody_but_an_owner_is_refused_with_a_word(venue, who, payee):
    user = factories.staff() if who == "staff" else factories.host(venue=venue, role=who)

    answer = put(with_scopes(user, *SCOPES), venue, payee)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["detail"] == "Only an owner of the venue changes where its money goes."
    assert nothing_moved(venue)


def test_payee_changed_by_a_token_without_that_scope_is_refused(venue):
    answer = put(with_scopes(factories.host(venue=venue), *USUAL), venue, BANK)

    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    assert nothing_moved(venue)


def test_payee_changed_by_a_session_needs_the_password_once_more(venue):
    user = factories.host(venue=venue)
    api = logged_in(user)

    refused = put(api, venue, BANK)
    nothing = nothing_moved(venue)
    prove(api.client)
    done = put(api, venue, BANK)

    assert (refused.status_code, refused.json()["code"], nothing) == (403, "step_up_required", True)
    assert done.status_code == 200
    assert PaymentSettings.objects.get().bank_account == UZBEK


def test_settings_that_are_no_payee_need_no_password(venue):
    answer = put(as_user(factories.host(venue=venue)), venue, {"payout_minimum_minor": 7})

    assert answer.status_code == 200
    assert not PayeeChange.objects.exists()
