"""A second factor that was lost is taken away by two of staff, never by one, and never by its owner."""

import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, SecondFactorReset
from tests.support import factories
from tests.support.pages import prove, text

pytestmark = pytest.mark.django_db

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
REASON = {"reason": "Called back at the venue"}


@pytest.fixture(autouse=True)
def _surroundings(time_machine):
    cache.clear()
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)


@pytest.fixture
def owner():
    user = factories.host(venue=factories.venue(), name="Olga Owner")
    TOTP.activate(user, SEED)
    return user


def at_desk(user) -> Client:
    client = Client()
    client.force_login(user)
    prove(client)
    return client


def page(user) -> str:
    return reverse("admin:accounts_user_second_factor", args=[user.pk])


def has_factor(user) -> bool:
    return Authenticator.objects.filter(user=user).exists()


def test_second_factor_is_taken_away_by_two_of_staff(owner, mailoutbox):
    first, second = factories.staff(), factories.staff()
    ApiToken.issue(user=owner, name="desk")
    browser = Client()
    browser.force_login(owner)

    asked = at_desk(first).post(page(owner), REASON, follow=True)
    after_one = has_factor(owner)
    seen = text(at_desk(second).get(page(owner)))
    at_desk(second).post(page(owner))

    reset = SecondFactorReset.objects.get()
    told = (
        LogEntry.objects.filter(object_id=str(owner.pk)).order_by("pk").values_list("user", "change_message")
    )
    assert "Asked. Another of staff must confirm within a day." in text(asked)
    assert after_one
    assert "Called back at the venue" in seen
    assert not has_factor(owner)
    assert (reset.asked_by, reset.confirmed_by) == (first, second)
    assert list(told) == [
        (first.pk, "Asked to reset the second factor: Called back at the venue"),
        (second.pk, "Confirmed: the second factor is reset"),
    ]
    assert [(one.to, one.subject) for one in mailoutbox] == [
        ([owner.email], "Your second factor was taken away")
    ]
    assert browser.get(reverse("accounts:profile")).status_code == 302
    assert not ApiToken.objects.exists()


def test_one_of_staff_alone_takes_nothing_away(owner):
    staff = at_desk(factories.staff())

    staff.post(page(owner), REASON)
    again = staff.post(page(owner), follow=True)

    assert "You asked for it: another of staff must confirm." in text(again)
    assert has_factor(owner)


def test_what_was_asked_a_day_ago_is_confirmed_by_nobody(owner, time_machine):
    at_desk(factories.staff()).post(page(owner), REASON)
    time_machine.shift(dt.timedelta(days=1))

    answer = at_desk(factories.staff()).post(page(owner))

    assert answer.status_code == 422
    assert has_factor(owner)


def test_staff_do_not_reset_their_own(owner):
    staff = factories.staff()
    TOTP.activate(staff, SEED)

    answer = at_desk(staff).post(page(staff), REASON, follow=True)

    assert "Nobody resets their own second factor here." in text(answer)
    assert not SecondFactorReset.objects.exists()


def test_who_has_no_second_factor_has_none_to_reset():
    answer = at_desk(factories.staff()).post(page(factories.user()), REASON, follow=True)

    assert "This person has no second factor." in text(answer)


def test_reset_asks_for_the_password_once_more(owner):
    client = Client()
    client.force_login(factories.staff())

    answer = client.post(page(owner), REASON)

    assert answer.url.startswith("/account/reauthenticate/")
    assert not SecondFactorReset.objects.exists()


@pytest.mark.parametrize("reason", ["", "x" * 201, "\0"])
def test_reset_without_a_reason_is_refused(owner, reason):
    answer = at_desk(factories.staff()).post(page(owner), {"reason": reason})

    assert answer.status_code == 422
    assert not SecondFactorReset.objects.exists()


def test_database_refuses_one_who_asks_and_confirms(owner):
    staff, now = factories.staff(), dt.datetime.now(dt.UTC)

    for asked_by, confirmed_by in ((staff, staff), (owner, None), (staff, owner)):
        with pytest.raises(IntegrityError), transaction.atomic():
            SecondFactorReset.objects.create(
                user=owner, reason="x", asked_by=asked_by, confirmed_by=confirmed_by,
                confirmed_at=confirmed_by and now,
            )  # fmt: skip
