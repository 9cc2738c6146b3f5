"""The second factor in a browser, with the requirement on: set up, asked for, the wrong one refused."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Page, expect

from tests.e2e.people import PHONE
from tests.flows.journey import wait_for
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server, settings):
    """The site with the requirement, under a name: security keys are bound to names, not to numbers."""
    cache.clear()
    settings.MFA_REQUIRED = True
    settings.SITE_HOST, settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = "localhost", True
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(new_context) -> Page:
    return new_context(**PHONE).new_page()


def code_of(seed: str, *, steps: int = 0) -> str:
    """The digits an app shows now, or so many half minutes later."""
    return format_hotp_value(hotp_value(seed, int(time.time()) // 30 + steps))


def wrong(seed: str) -> str:
    near = {code_of(seed, steps=steps) for steps in (-2, -1, 0, 1, 2)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near
    )


def sign_in(page: Page, site: str, user) -> None:
    page.goto(f"{site}/account/login/?next=/admin/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def confirm_password(page: Page) -> None:
    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def type_code(page: Page, code: str, button: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name=button).click()


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_staff_sets_up_an_app_before_the_desk_opens_and_signs_in_with_it(page, site):
    staff = factories.staff()

    sign_in(page, site, staff)
    expect(page.get_by_text("Set up a second factor first")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="Set up an app").click()
    confirm_password(page)
    seed = page.locator("#authenticator_secret").inner_text()
    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    assert fits(page)
    type_code(page, wrong(seed), "Turn it on")
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    assert not Authenticator.objects.exists()
    type_code(page, code_of(seed), "Turn it on")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator("#recovery_codes code").first.inner_text()
    page.goto(f"{site}/admin/")
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()

    page.context.clear_cookies()
    sign_in(page, site, staff)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert fits(page)
    type_code(page, wrong(seed), "Sign in")
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    page.goto(f"{site}/admin/")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    # A code is good once: the next one is taken half a minute early.
    type_code(page, code_of(seed, steps=1), "Sign in")
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()

    page.context.clear_cookies()
    sign_in(page, site, staff)
    type_code(page, recovery, "Sign in")
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()


def test_owner_signs_in_with_a_security_key(page, site):
    owner = factories.host(venue=factories.venue())
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})

    sign_in(page, site, owner)
    page.get_by_role("link", name="Add a key").click()
    confirm_password(page)
    page.get_by_role("button", name="Add").click()
    # The form's own heading speaks of security keys, too: only the row tells that the key is there.
    wait_for(Authenticator.objects.filter(user=owner, type="webauthn").exists)

    page.context.clear_cookies()
    sign_in(page, site, owner)
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()
