"""Sessions in the admin end when idle or old; "sign out everywhere" ends them all."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken
from tests.api.callers import Api
from tests.support import factories
from tests.support.pages import text

ROOT = Path(__file__).resolve().parents[2]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def host(db, time_machine):
    time_machine.move_to("2027-03-01T08:00:00Z", tick=False)
    return factories.host(venue=factories.venue())


def inside(client: Client, **headers: str) -> bool:
    return client.get(reverse("admin:index"), headers=headers).status_code == 200


def test_admin_session_idle_for_half_an_hour_signs_in_again(client, host, time_machine):
    client.force_login(host)
    time_machine.shift(29 * MINUTE)
    in_time = inside(client)
    time_machine.shift(30 * MINUTE)
    late = client.get(reverse("admin:bookings_booking_changelist") + "?q=1")

    assert in_time
    assert late.url == f"{reverse('account_login')}?next=/admin/bookings/booking/%3Fq%3D1"
    assert "_auth_user_id" not in client.session
    assert "Nothing was done here for 30 minutes. Please sign in again." in text(client.get(late.url))


def test_admin_session_is_idle_though_its_page_polls(client, host, time_machine):
    client.force_login(host)

    for _ in range(3):
        time_machine.shift(10 * MINUTE)
        last = inside(client, **{"Sec-Fetch-Dest": "empty"})

    assert not last


def test_admin_session_in_use_ends_after_twelve_hours(client, host, time_machine):
    client.force_login(host)

    answers = []
    for _ in range(48):
        time_machine.shift(15 * MINUTE)
        answers.append(inside(client))

    assert answers == [True] * 47 + [False]


def test_admin_session_that_began_nobody_knows_when_signs_in_again(client, host):
    client.force_login(host)
    session = client.session
    del session["signed_in_at"], session["seen_in_admin_at"]
    session.save()

    assert not inside(client)


def test_post_of_an_idle_session_does_nothing_and_leads_to_the_first_page(client, host, time_machine):
    client.force_login(host)
    time_machine.shift(30 * MINUTE)
    before = host.memberships.get().venue.rooms.count()

    answer = client.post(reverse("admin:rooms_room_add"), {"name": "Suite"})

    assert answer.url == f"{reverse('account_login')}?next=/admin/"
    assert host.memberships.get().venue.rooms.count() == before


def test_guests_pages_know_no_idle_limit(client, host, time_machine):
    client.force_login(host)
    time_machine.shift(dt.timedelta(days=2))

    assert client.get(reverse("accounts:profile")).status_code == 200


@pytest.mark.parametrize(("posted", "tokens_left"), [({}, 1), ({"end_tokens": "on"}, 0)])
def test_sign_out_everywhere_ends_every_session_and_on_wish_tokens(host, posted, tokens_left):
    here, there, stranger = Client(), Client(), Client()
    other = factories.user()
    _row, plain = ApiToken.issue(user=host, name="desk")
    for browser, user in ((here, host), (there, host), (stranger, other)):
        browser.force_login(user)

    here.post(reverse("accounts:sign_out_everywhere"), posted)

    profile = reverse("accounts:profile")
    assert [one.get(profile).status_code for one in (here, there, stranger)] == [302, 302, 200]
    assert ApiToken.objects.count() == tokens_left
    assert (Api(f"Bearer {plain}").get("bookings").status_code == 200) == bool(tokens_left)
    again = Client()
    again.force_login(type(host).objects.get(pk=host.pk))
    assert again.get(profile).status_code == 200


def test_sign_out_everywhere_by_link_does_nothing(client, host):
    client.force_login(host)

    assert client.get(reverse("accounts:sign_out_everywhere")).status_code == 405
    assert client.get(reverse("accounts:profile")).status_code == 200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MFA_REQUIRED": "false"}, "MFA_REQUIRED can be off with DEBUG only"),
        ({"ADMIN_IDLE_MINUTES": "0"}, "ADMIN_IDLE_MINUTES and ADMIN_SESSION_HOURS must be 1 or more"),
        ({"ADMIN_SESSION_HOURS": "0"}, "ADMIN_IDLE_MINUTES and ADMIN_SESSION_HOURS must be 1 or more"),
    ],
)
def test_settings_that_weaken_the_door_do_not_start_in_production(given, message):
    environment = {
        "PATH": os.environ["PATH"], "DEBUG": "false", "SECRET_KEY": "s" * 50, "SITE_URL": "https://rooms.example",
        "MFA_REQUIRED": "true", **given,
    }  # fmt: skip
    started = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert started.returncode == 1
    assert message in started.stderr
