"""Where answers lead, who is believed, what may be found out; rows 32-37 of docs/reliability/attacks.md."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from rooms.models import Room
from tests.api.callers import Api, choice
from tests.support import factories
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def room(db) -> Room:
    return factories.room()


# --- 32-34: where answers lead, and who is believed -----------------------------------------------------------

ELSEWHERE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https:/evil.example",
    "https://evil.example", "http:///evil.example", "///evil.example", "////evil.example", "/\t/evil.example",
    "\t//evil.example", " //evil.example", "//evil.example/%2f..", "https://testserver@evil.example",
    "https://testserver.evil.example", "javascript:alert(1)", "data:text/html,x", "ftp://evil.example",
    "https://evil.example#testserver", "https://evil.example?testserver", "//evil%E3%80%82example", "\n//evil.example",
    "/%09/evil.example\r\nLocation: https://evil.example", "//0x7f000001", "//[::1]", "https://[evil.example",
    "http:evil.example", "HTTPS://EVIL.EXAMPLE", "//evil.example:443", "//evil.example\\@testserver",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_attack_32_login_leads_to_no_other_site(client, target):
    user = factories.user()

    answer = client.post(
        reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": target}
    )

    assert answer.status_code == 302
    assert _is_own(answer["Location"])


@pytest.mark.parametrize("target", ELSEWHERE)
def test_attack_32_logout_leads_to_no_other_site(client, target):
    client.force_login(factories.user())

    answer = client.post(reverse("account_logout"), {"next": target})

    assert answer.status_code == 302
    assert _is_own(answer["Location"])


def _is_own(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\")) and "\n" not in location


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "evil.example:80", "testserver@evil"]
)
def test_attack_33_foreign_host_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400
    assert client.get("/api/v1/rooms", headers={"Host": host}).status_code == 400


def test_attack_33_reset_mail_names_our_host_whatever_is_forwarded(client):
    user = factories.user()
    headers = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example"}

    client.post(reverse("account_reset_password"), {"email": user.email}, headers=headers)

    (letter,) = mail.outbox
    assert "evil" not in letter.body
    assert "/account/password/reset/key/" in letter.body


@pytest.mark.usefixtures("one_moment")
def test_attack_34_forwarded_addresses_do_not_pass_the_booking_limit(settings, room):
    settings.BOOKINGS_PER_IP_HOUR = 3
    answers = [
        Api().post("bookings", choice(room, days_ahead=10 + 3 * n), **{"X-Forwarded-For": f"198.51.100.{n}"})
        for n in range(5)
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1]["Retry-After"]) > 0


@pytest.mark.usefixtures("one_moment")
def test_attack_34_forwarded_addresses_do_not_pass_the_login_limit(client):
    user = factories.user()
    form = {"login": user.email, "password": "wrong"}

    texts = [
        client.post(
            reverse("account_login"), form, headers={"X-Forwarded-For": f"198.51.100.{n}"}
        ).content.decode()
        for n in range(12)
    ]

    assert "Too many failed login attempts" in texts[-1]


# --- 35, 37: what may be found out ----------------------------------------------------------------------------


def _plain(answer) -> tuple:
    """An answer without what is new in every one."""
    text = answer.content.decode()
    for name in ("csrfmiddlewaretoken", "nonce"):
        text = " ".join(part for part in text.split() if name not in part and "value=" not in part)
    return answer.status_code, answer.get("Location"), text


def test_attack_35_login_says_the_same_of_known_and_unknown_addresses():
    factories.user(email="ada@example.org")
    answers = [
        Client().post(reverse("account_login"), {"login": email, "password": "wrong"})
        for email in ("ada@example.org", "eve@example.org")
    ]

    assert _plain(answers[0]) == _plain(answers[1])


class CountingHasher(MD5PasswordHasher):
    """Counts the work a password costs."""

    algorithm = "counting"
    count = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.count += 1
        return super().encode(password, salt)


def test_attack_35_login_works_as_hard_for_unknown_addresses(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    factories.user(email="ada@example.org")
    costs = []
    for email in ("ada@example.org", "eve@example.org"):
        before = CountingHasher.count
        Client().post(reverse("account_login"), {"login": email, "password": "wrong"})
        costs.append(CountingHasher.count - before)

    assert costs[0] == costs[1] > 0


def test_attack_35_reset_says_the_same_of_known_and_unknown_addresses():
    factories.user(email="ada@example.org")
    answers = [
        Client().post(reverse("account_reset_password"), {"email": email})
        for email in ("ada@example.org", "eve@example.org")
    ]

    assert _plain(answers[0]) == _plain(answers[1])
    assert answers[0].status_code == 302


def test_attack_35_sign_up_says_the_same_of_known_and_unknown_addresses():
    factories.user(email="ada@example.org")
    answers = [
        Client().post(
            reverse("account_signup"),
            {"email": email, "name": "A", "password1": PASSWORD, "password2": PASSWORD},
        )
        for email in ("ada@example.org", "eve@example.org")
    ]

    assert _plain(answers[0]) == _plain(answers[1])
    assert answers[0].status_code == 302


def test_attack_35_booking_says_nothing_of_whether_the_guest_has_an_account(room):
    factories.user(email="ada@example.org")
    guests = [{"name": "A", "email": email} for email in ("ada@example.org", "eve@example.org")]

    answers = [Api().post("bookings", choice(room, days_ahead=10 + 5 * n, guest=guests[n])) for n in (0, 1)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert set(answers[0].json()) == set(answers[1].json())
    assert not Booking.objects.exclude(guest=None).exists()


def guesses(booking) -> dict[str, str]:
    secret = booking.secret
    return {
        "none": "0" * 32,
        "half": secret[:16],
        "one digit off": secret[:-1] + ("0" if secret[-1] != "0" else "1"),
        "longer": secret + "0",
        "upper case": secret.upper() if secret.upper() != secret else secret[::-1],
        "of another booking": factories.booking().secret,
        "the reference": booking.reference,
    }


def test_attack_37_guessed_links_open_nothing(client, room):
    booking = factories.booking(room=room)

    for what, guess in guesses(booking).items():
        answer = client.get(reverse("bookings:open", args=[booking.reference, guess]))
        assert answer.status_code == 404, what
        assert Api(f"Booking {guess}").get(f"bookings/{booking.reference}").status_code == 404, what
    assert client.get(booking.get_absolute_url()).status_code == 404


def test_attack_37_raised_version_kills_link_and_open_session(client, room):
    booking = factories.booking(room=room)
    old = booking.secret_path
    client.get(old)
    assert client.get(booking.get_absolute_url()).status_code == 200

    Booking.objects.filter(pk=booking.pk).update(link_version=2)

    assert client.get(booking.get_absolute_url()).status_code == 404
    assert client.get(old).status_code == 404


def test_attack_37_link_leaves_no_trace_in_the_next_address(client, room):
    booking = factories.booking(room=room)

    answer = client.get(booking.secret_path)

    assert (answer.status_code, answer["Location"]) == (302, booking.get_absolute_url())
    assert answer["Referrer-Policy"] == "no-referrer"
    assert booking.secret not in client.get(booking.get_absolute_url()).content.decode()


def test_attack_37_secret_has_128_bits_and_tells_nothing_of_the_next(room):
    one, two = factories.booking(room=room), factories.booking(room=room, days_ahead=20)

    assert len(bytes.fromhex(one.secret)) == 16
    assert one.secret != two.secret
