"""The second factor: offered to all, asked at sign-in of who has one, required of owners and staff."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.api_auth import Caller
from accounts.models import ApiToken
from accounts.sign_in import stepup
from core.security import crypto
from core.web.problems import Problem
from tests.api.callers import Api, booking_in, logged_in
from tests.support import factories
from tests.support.pages import prove, text

pytestmark = pytest.mark.django_db

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PAGES = [
    "mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
    "mfa_list_webauthn", "mfa_add_webauthn",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _surroundings(settings):
    cache.clear()
    settings.MFA_REQUIRED = True


@pytest.fixture
def owner():
    return factories.host(venue=factories.venue())


def code_now(seed: str = SEED) -> str:
    return format_hotp_value(hotp_value(seed, int(time.time()) // 30))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def sign_in(client: Client, user):
    typed = {"login": user.email, "password": factories.PASSWORD}
    return client.post(reverse("account_login"), typed)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- setting it up --------------------------------------------------------------------------------------------


def test_app_is_set_up_with_the_password_and_its_first_code(client, one_moment):
    user = factories.user()
    client.force_login(user)

    without_password = client.get(reverse("mfa_activate_totp"))
    prove(client)
    page = text(client.get(reverse("mfa_activate_totp")))
    seed = re.search(r'id="authenticator_secret">(\w+)<', page)[1]
    refused = client.post(reverse("mfa_activate_totp"), {"code": wrong(code_now(seed))})
    none_yet = Authenticator.objects.exists()
    done = client.post(reverse("mfa_activate_totp"), {"code": code_now(seed)})

    assert without_password.url.startswith("/account/reauthenticate/")
    assert "Incorrect code." in text(refused)
    assert not none_yet
    assert done.url == reverse("mfa_view_recovery_codes")
    assert sorted(Authenticator.objects.values_list("type", flat=True)) == ["recovery_codes", "totp"]


def test_seed_lies_encrypted_and_can_be_rotated(settings):
    user = factories.user()
    TOTP.activate(user, SEED)
    old = Authenticator.objects.get().data["secret"]
    settings.FIELD_ENCRYPTION_KEYS = [
        "b3RoZXIta2V5LWZvci1yb3RhdGlvbi10ZXN0cy0hISE=",
        *settings.FIELD_ENCRYPTION_KEYS,
    ]

    call_command("rotate_field_keys")

    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    new = Authenticator.objects.get().data["secret"]
    assert SEED not in old + new
    assert old != new
    assert crypto.decrypt(new) == SEED


@pytest.mark.parametrize("name", PAGES)
def test_page_of_the_second_factor_opens_in_the_sites_clothes(client, name):
    user = factories.user()
    TOTP.activate(user, SEED)
    client.force_login(user)
    prove(client)
    client.post(reverse("mfa_generate_recovery_codes"))
    if name == "mfa_activate_totp":
        Authenticator.objects.all().delete()

    page = text(client.get(reverse(name)))

    assert 'class="logo"' in page
    assert 'aria-label="Account"' in page


# --- signing in -----------------------------------------------------------------------------------------------


def test_password_alone_does_not_sign_in_who_has_a_second_factor(client, one_moment):
    user = factories.user()
    TOTP.activate(user, SEED)

    first = sign_in(client, user)
    refused = client.post(reverse("mfa_authenticate"), {"code": wrong(code_now())})
    after_wrong = is_in(client)
    done = client.post(reverse("mfa_authenticate"), {"code": code_now()})

    assert first.url == reverse("mfa_authenticate")
    assert "Incorrect code." in text(refused)
    assert (after_wrong, is_in(client), done.status_code) == (False, True, 302)


def test_recovery_code_signs_in_once(client):
    user = factories.user()
    TOTP.activate(user, SEED)
    client.force_login(user)
    prove(client)
    client.post(reverse("mfa_generate_recovery_codes"))
    code = re.search(r"<code>(\d{8})</code>", text(client.get(reverse("mfa_view_recovery_codes"))))[1]

    outcomes = []
    for _ in range(2):
        again = Client()
        sign_in(again, user)
        again.post(reverse("mfa_authenticate"), {"code": code})
        outcomes.append(is_in(again))

    assert outcomes == [True, False]


# --- required of owners and staff -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "staff", "superuser"])
def test_admin_is_shut_to_owners_and_staff_without_a_second_factor(client, who):
    people = {
        "owner": lambda: factories.host(venue=factories.venue()),
        "staff": factories.staff,
        "superuser": lambda: factories.user(is_staff=True, is_superuser=True),
    }
    user = people[who]()
    client.force_login(user)

    pages = [reverse("admin:index"), reverse("admin:bookings_booking_changelist"), "/admin/no/such/page/"]
    before = [client.get(page).headers.get("Location") for page in pages]
    posted = client.post(reverse("admin:rooms_room_add"), {"name": "Suite"})
    TOTP.activate(user, SEED)

    assert before == [reverse("mfa_index")] * 3
    assert posted.headers["Location"] == reverse("mfa_index")
    assert client.get(pages[0]).status_code == 200


@pytest.mark.parametrize("role", ["manager", "clerk"])
def test_admin_is_open_to_members_who_own_nothing(client, role):
    client.force_login(factories.host(venue=factories.venue(), role=role))

    assert client.get(reverse("admin:index")).status_code == 200


def test_recovery_codes_alone_are_no_second_factor(client, owner):
    Authenticator.objects.create(user=owner, type=Authenticator.Type.RECOVERY_CODES, data={})
    client.force_login(owner)

    assert client.get(reverse("admin:index")).headers["Location"] == reverse("mfa_index")


def test_who_lacks_it_is_told_why_and_may_still_sign_out(client, owner):
    client.force_login(owner)

    page = text(client.get(reverse("admin:index"), follow=True))
    client.post(reverse("admin:logout"))

    assert "Set up a second factor first: owners of a venue and staff need one for the desk." in page
    assert not is_in(client)


def test_login_over_the_api_acts_for_a_venue_with_a_second_factor_only(owner):
    room = factories.room(venue=owner.memberships.get().venue)
    booking = booking_in("PENDING_APPROVAL", room, owner)
    calls = [
        ("post", f"bookings/{booking.reference}/approve", None),
        ("post", f"bookings/{booking.reference}/decline", {}),
        ("get", f"bookings/{booking.reference}", None),
        ("post", f"venues/{room.venue.slug}/payment-settings/try-keys", None),
    ]
    browser = logged_in(owner)

    answers = [getattr(browser, method)(path, data) for method, path, data in calls]

    booking.refresh_from_db()
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "second_factor_required")] * 4
    assert (booking.status, booking.decision_made_at) == ("PENDING_APPROVAL", None)
    TOTP.activate(owner, SEED)
    assert browser.post(f"bookings/{booking.reference}/approve").status_code == 200


def test_token_and_own_booking_need_no_second_factor(owner):
    room = factories.room(venue=owner.memberships.get().venue)
    others = booking_in("PENDING_APPROVAL", room, owner)
    own = factories.booking(user=owner)
    token = ApiToken.issue(user=owner, name="desk")[1]

    assert Api(f"Bearer {token}").get(f"bookings/{others.reference}").status_code == 200
    assert logged_in(owner).get(f"bookings/{own.reference}").status_code == 200


def test_payee_is_changed_with_a_second_factor_only_by_token_too(rf, client, owner):
    client.force_login(owner)
    prove(client)
    request = rf.get("/admin/payee/")
    request.user, request.session = owner, client.session
    request.auth = Caller(user=owner, by_token=True, scopes=frozenset({"payee"}))

    led_to = stepup.lead_to_proof(request)
    with pytest.raises(Problem) as refusal:
        stepup.require_proof(request)

    assert led_to.url == reverse("mfa_index")
    assert refusal.value.code == "second_factor_required"
    TOTP.activate(owner, SEED)
    assert (stepup.lead_to_proof(request), stepup.require_proof(request)) == (None, None)


# --- the setting ----------------------------------------------------------------------------------------------


def test_requirement_switched_off_is_said_on_the_admins_first_page(client, owner, settings):
    settings.MFA_REQUIRED = False
    client.force_login(owner)

    assert 'id="second-factor-off"' in text(client.get(reverse("admin:index")))
    settings.MFA_REQUIRED = True
    TOTP.activate(owner, SEED)
    assert 'id="second-factor-off"' not in text(client.get(reverse("admin:index")))
