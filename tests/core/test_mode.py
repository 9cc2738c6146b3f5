"""A site says which money it moves: at its start, in its checks, on every page and in every mail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client

from core import clock, mode
from tests.support import factories
from tests.support.admin_pages import logged_in

ROOT = Path(__file__).resolve().parent.parent.parent
TEST, LIVE = "sk_test_of_no_worth", "sk_live_of_no_worth"
MAILS = sorted((ROOT / "templates" / "account" / "email").glob("*_message.*"))


def started(**given: str) -> subprocess.CompletedProcess:
    environment = {
        "PATH": os.environ["PATH"], "DEBUG": "false", "SECRET_KEY": "s" * 50, "SITE_URL": "https://rooms.example",
        "FIELD_ENCRYPTION_KEY": "cm9vbWhvbGQtZGV2ZWxvcG1lbnQta2V5LW9ubHktISE=", **given,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", "import config.settings as s; print(s.OCTO_TEST)"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"STRIPE_SECRET_KEY": TEST}, "These are test keys"),
        ({"OCTO_TEST": "true"}, "These are test keys"),
        ({"STRIPE_SECRET_KEY": LIVE, "OCTO_TEST": "true"}, "One site, one mode"),
        ({"STRIPE_SECRET_KEY": TEST, "OCTO_TEST": "false", "ALLOW_TEST_MODE": "true"}, "One site, one mode"),
        ({"STRIPE_SECRET_KEY": LIVE, "OCTO_TEST": "true", "DEBUG": "true"}, "One site, one mode"),
    ],
)
def test_start_with_test_keys_unasked_or_two_modes_is_refused(given, why):
    ended = started(**given)

    assert ended.returncode == 1
    assert why in ended.stderr


@pytest.mark.parametrize(
    ("given", "is_octo_test"),
    [
        ({"STRIPE_SECRET_KEY": LIVE, "STRIPE_WEBHOOK_SECRET": "whsec_x"}, "False"),
        ({"STRIPE_SECRET_KEY": TEST, "STRIPE_WEBHOOK_SECRET": "whsec_x", "ALLOW_TEST_MODE": "true"}, "True"),
        ({"STRIPE_SECRET_KEY": TEST, "DEBUG": "true"}, "True"),
        ({}, "False"),
    ],
)
def test_start_in_one_mode_goes_and_octo_follows_stripe(given, is_octo_test):
    ended = started(**given)

    assert (ended.returncode, ended.stdout.strip().splitlines()[-1:]) == (0, [is_octo_test])


@pytest.mark.parametrize(
    ("is_live", "sentence"),
    [
        (True, "The site's mode is live: real money moves."),
        (False, "The site's mode is test: no real money moves, and every page and mail says so."),
    ],
)
def test_deploy_check_names_the_mode(settings, is_live, sentence):
    settings.STRIPE_IS_LIVE = is_live

    assert [one.msg for one in mode.check_mode()] == [sentence]


@pytest.mark.django_db
class TestPages:
    @pytest.mark.parametrize(
        "address", ["/", "/rooms/", "/account/login/", "/account/signup/", "/no-such-page/"]
    )
    def test_of_guests_say_it_once(self, address):
        assert Client().get(address, follow=True).content.decode().count(mode.TEST_MODE) == 1

    @pytest.mark.parametrize("address", ["/admin/", "/admin/payments/payment/", "/admin/money/"])
    def test_of_the_admin_say_it_once(self, address):
        response = logged_in(factories.staff()).get(address)

        assert response.status_code == 200
        assert response.content.decode().count(mode.TEST_MODE) == 1

    def test_of_errors_say_it_without_a_request(self):
        assert mode.TEST_MODE in render_to_string("500.html")

    def test_of_a_live_site_say_nothing_of_it(self, settings):
        settings.STRIPE_IS_LIVE = True

        for address in ("/", "/account/login/"):
            assert "Test mode" not in Client().get(address).content.decode()


class TestMails:
    @pytest.mark.parametrize("template", MAILS, ids=lambda path: path.name)
    def test_of_accounts_say_it(self, template):
        assert mode.TEST_MODE in render_to_string(
            f"account/email/{template.name}", {"timestamp": clock.now(), "ip": "192.0.2.1"}
        )

    @pytest.mark.parametrize("layout", ["layout.txt", "layout.html"])
    def test_of_bookings_say_it(self, layout):
        assert mode.TEST_MODE in render_to_string(f"notifications/mail/{layout}")

    @pytest.mark.parametrize("layout", ["layout.txt", "layout.html"])
    def test_of_a_live_site_say_nothing_of_it(self, settings, layout):
        settings.STRIPE_IS_LIVE = True

        assert "Test mode" not in render_to_string(f"notifications/mail/{layout}")
