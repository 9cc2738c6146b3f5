"""The account's own mails: both versions, links to our own site only, nothing that a stranger typed."""

import re
import smtplib

import pytest
from allauth.core import context as allauth_context
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.utils import timezone

from accounts.models import User
from accounts.sign_in.adapter import AccountAdapter

PREFIXES = [
    "email_confirmation", "email_confirmation_signup", "password_reset_key", "unknown_account",
    "account_already_exists", "password_changed",
]  # fmt: skip
EVIL = "http://evil.example/account/confirm/abc/?x=1"


@pytest.fixture
def request_here(rf: RequestFactory):
    request = rf.post(
        "/account/password/reset/", headers={"Host": "testserver", "User-Agent": "http://evil.example"}
    )
    request.session = {}
    request._messages = FallbackStorage(request)
    with allauth_context.request_context(request):
        yield request


def send(prefix: str) -> None:
    context = {
        "user": User(email="ada@example.org", name="Visit http://evil.example <b>now</b>"),
        "activate_url": EVIL, "password_reset_url": EVIL, "signup_url": EVIL, "key": "abc",
        "ip": "203.0.113.7", "user_agent": "http://evil.example", "timestamp": timezone.now(),
    }  # fmt: skip
    AccountAdapter().send_mail(f"account/email/{prefix}", "ada@example.org", context)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_mail_has_both_versions_and_leads_to_our_site_only(request_here, mailoutbox, settings, prefix):
    send(prefix)

    [sent] = mailoutbox
    [(html, kind)] = sent.alternatives
    links = set(re.findall(r"https?://[^\s\"<]+", sent.body + html))
    assert kind == "text/html"
    assert links <= {settings.SITE_URL, f"{settings.SITE_URL}/account/confirm/abc/?x=1"}
    assert "evil.example" not in sent.body + html
    assert "Visit" not in sent.body + html
    assert "\n" not in sent.subject
    assert len(sent.subject) > 10
    assert "\n\n\n" not in sent.body


@pytest.mark.parametrize("prefix", PREFIXES[:3])
def test_mail_holds_its_link_in_both_versions(request_here, mailoutbox, settings, prefix):
    send(prefix)

    link = f"{settings.SITE_URL}/account/confirm/abc/?x=1"
    assert f"\n{link}\n" in mailoutbox[0].body
    assert f'href="{link}"' in mailoutbox[0].alternatives[0][0]


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(), TimeoutError(), smtplib.SMTPServerDisconnected()]
)
def test_dead_mail_server_is_said_and_logged_without_the_address(request_here, monkeypatch, caplog, error):
    def fail(_self):
        raise error

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)

    send("password_reset_key")

    [said] = get_messages(request_here)
    assert "could not send the mail" in str(said)
    assert "account_mail_failed" in caplog.text
    assert "ada@example.org" not in caplog.text
