"""Production's settings: what they refuse to start with, and what every answer under them says to browsers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from core.security import production
from tests.load.stage import PRODUCTION
from tests.support import factories

ROOT = Path(__file__).resolve().parents[3]
LIVE = {
    "STRIPE_SECRET_KEY": "sk_live_of_no_worth", "STRIPE_WEBHOOK_SECRET": "whsec_of_no_worth",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_of_no_worth",
}  # fmt: skip
TEST = {
    "STRIPE_SECRET_KEY": "sk_test_of_no_worth", "STRIPE_WEBHOOK_SECRET": "whsec_of_no_worth", "ALLOW_TEST_MODE": "true"
}  # fmt: skip
OCTO = {"OCTO_SHOP_ID": "77", "OCTO_SECRET": "secret", "OCTO_UNIQUE_KEY": "key"}
LOCAL = "http://127.0.0.1:8001"


def run(code: str, **given: str) -> subprocess.CompletedProcess:
    """Run code under production's settings, as a host with TLS in a proxy in front has them; "" leaves one out."""
    environment = {
        "PATH": os.environ["PATH"], "DEBUG": "false", "SECRET_KEY": "s" * 50, "SITE_URL": "https://rooms.example",
        "FIELD_ENCRYPTION_KEY": "cm9vbWhvbGQtZGV2ZWxvcG1lbnQta2V5LW9ubHktISE=", "TRUSTED_PROXY_COUNT": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings", **given,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env={name: value for name, value in environment.items() if value},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# Whatever is refused is named at once, so one start tells it all.
UNSAFE = {
    **OCTO, "SITE_URL": "http://rooms.example", "FIELD_ENCRYPTION_KEY": "", "STRIPE_SECRET_KEY": "sk_live_of_no_worth",
    "STRIPE_EMBEDDED": "true", "OCTO_SECRET": "", "OCTO_UNIQUE_KEY": "", "PUSHER_KEY": "k", "PUSHER_HOST": "127.0.0.1",
    "STRIPE_API_BASE": LOCAL, "STRIPE_JS_URL": "https://sandbox/stripe-js/v3/", "OCTO_API_BASE": LOCAL,
}  # fmt: skip
FAULTS = [
    "FIELD_ENCRYPTION_KEY must be set", "STRIPE_WEBHOOK_SECRET must be set", "STRIPE_PUBLISHABLE_KEY must be set",
    "OCTO_SECRET must be set", "OCTO_UNIQUE_KEY must be set", "PUSHER_SECRET must be set",
    "SITE_URL must begin with https://", "STRIPE_API_BASE must begin with https://",
    "STRIPE_JS_URL names this machine or its own network", "OCTO_API_BASE must begin with https://",
    "PUSHER_HOST names this machine or its own network",
]  # fmt: skip
REHEARSAL = "ALLOW_LOCAL_ADDRESSES is for rehearsals with test money"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SANDBOX_URL": LOCAL}, "SANDBOX_URL and SANDBOX_CLOCK_FILE need DEBUG"),
        (UNSAFE, "; ".join(FAULTS)),
        ({**LIVE, "ALLOW_LOCAL_ADDRESSES": "true", "STRIPE_API_BASE": LOCAL}, REHEARSAL),
        ({"ALLOW_LOCAL_ADDRESSES": "true"}, REHEARSAL),
    ],
    ids=["secret key", "sandbox", "the rest", "rehearsal with live keys", "rehearsal without keys"],
)
def test_start_that_is_unsafe_is_refused_by_name(given, why):
    ended = run("import config.settings", **given)

    assert ended.returncode == 1
    assert why in ended.stderr


@pytest.mark.parametrize(
    "given",
    [
        {},
        {**LIVE, **OCTO, "STRIPE_EMBEDDED": "true", "STRIPE_API_BASE": "https://stripe.proxy.example"},
        # As the load run puts its stage up.
        {**TEST, "STRIPE_API_BASE": LOCAL, "SITE_URL": LOCAL, "PUSHER_HOST": "127.0.0.1", **PRODUCTION},
    ],
    ids=["no provider", "both providers", "the load run"],
)
def test_start_that_is_safe_goes(given):
    ended = run("import config.settings", **given)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f000001", "2130706433", "[::1]", "::ffff:127.0.0.1", "10.0.0.5", "192.168.1.1",
        "169.254.169.254", "0.0.0.0", "fd00::1", "localhost", "LOCALHOST.", "api.localhost", "sandbox",
        "host.docker.internal", "printer.local", "x.lan",
    ],
)  # fmt: skip
def test_host_of_this_machine_or_network_is_local(host):
    assert production.is_local(host)


@pytest.mark.parametrize(
    "host", ["", "api.stripe.com", "secure.octo.uz", "8.8.8.8", "2606:4700::1111", "a.b"]
)
def test_host_outside_is_not_local(host):
    assert not production.is_local(host)


def test_refusal_names_every_fault_at_once():
    with pytest.raises(ImproperlyConfigured) as refusal:
        production.refuse_unsafe(
            addresses={"A": "ftp://x.example", "B": "https://[", "C": ""}, hosts={"D": "10.0.0.1"},
            needed={"E": False, "F": True}, may_be_local=False, is_live=True,
        )  # fmt: skip

    assert str(refusal.value) == (
        "E must be set; A must begin with https://; B is no address; D names this machine or its own network"
    )


ASK = """
import django, json
django.setup()
from django.conf import settings
from django.test import Client
plain = Client().get("/rooms/?q=x", headers={"host": "rooms.example"})
secure = Client().get("/api/v1/openapi.json", headers={"host": "rooms.example", "X-Forwarded-Proto": "https"})
health = Client().get("/healthz", headers={"host": "rooms.example"})
print(json.dumps({
    "plain": [plain.status_code, plain.headers.get("Location")], "health": health.status_code,
    "secure": [secure.status_code, secure.headers.get("Strict-Transport-Security")],
    "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_SECURE,
                settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY],
}))
"""


@pytest.mark.parametrize(
    ("given", "hsts"),
    [
        ({}, "max-age=31536000"),
        ({"HSTS_SUBDOMAINS": "true", "HSTS_PRELOAD": "true"}, "max-age=31536000; includeSubDomains; preload"),
    ],
)
def test_production_forces_https(given, hsts):
    # Nothing here needs a database: none is told, none answers.
    ended = run(ASK, DATABASE_URL="postgres://nobody:x@127.0.0.1:9/none", **given)
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout.strip().splitlines()[-1])

    assert told["plain"] == [301, "https://rooms.example/rooms/?q=x"]
    assert told["health"] != 301
    assert told["secure"] == [200, hsts]
    assert told["cookies"] == ["__Host-sessionid", "__Host-csrftoken", True, True, True]


@pytest.mark.django_db
class TestHeaders:
    def test_pages_may_ask_browsers_for_little(self):
        policy = Client().get("/rooms/").headers["Permissions-Policy"]

        asked = dict(part.split("=", 1) for part in policy.split(", "))
        assert {name for name, who in asked.items() if who == "()"} >= {
            "camera",
            "microphone",
            "geolocation",
            "usb",
        }
        assert asked["payment"] == '(self "https://js.stripe.com")'
        assert (
            asked["publickey-credentials-get"] == '(self "https://js.stripe.com" "https://hooks.stripe.com")'
        )

    @pytest.mark.parametrize("address", ["/", "/account/login/", "/admin/login/", "/bookings/"])
    def test_pages_share_no_window(self, address):
        assert Client().get(address, follow=True).headers["Cross-Origin-Opener-Policy"] == "same-origin"

    @pytest.mark.parametrize("page", ["card", "pay", "return"])
    def test_pay_pages_keep_the_windows_of_wallets(self, page):
        booking = factories.booking()
        client = Client()
        client.get(booking.secret_path)

        response = client.get(f"/bookings/{booking.reference}/{page}/")

        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
        assert response.headers["Permissions-Policy"]
