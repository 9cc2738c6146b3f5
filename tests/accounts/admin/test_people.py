"""People and tokens in the admin: staff look and lock, only a superuser gives rights."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest():
    return factories.user(name="Nora Guest")


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


# The form's own hidden fields: no note is written.
NO_NOTES = {"notes-TOTAL_FORMS": "0", "notes-INITIAL_FORMS": "0"}


def forged(user) -> dict[str, str]:
    rights = {"is_active": "on", "is_staff": "on", "is_superuser": "on"}
    return {"name": user.name, "phone": "123", **rights, **NO_NOTES}


def test_staff_gives_nobody_rights_not_even_themselves(guest):
    staff = factories.staff()

    assert logged_in(staff).post(page(guest), forged(guest)).status_code == 302
    assert logged_in(staff).post(page(staff), forged(staff)).status_code == 403

    assert not User.objects.filter(is_superuser=True).exists()
    guest.refresh_from_db()
    assert (guest.is_staff, guest.phone) == (False, "123")


def test_staff_locks_an_account_and_it_is_out_at_once(guest):
    client = logged_in(guest)

    logged_in(factories.staff()).post(page(guest), {"name": guest.name, **NO_NOTES})

    assert not User.objects.get(pk=guest.pk).is_active
    assert client.get(reverse("bookings:list")).status_code == 302


def test_staff_cannot_lock_a_colleague_or_a_superuser(guest):
    root = User.objects.create_superuser("root@example.org", factories.PASSWORD)
    client = logged_in(factories.staff())

    for colleague in (root, factories.staff()):
        assert client.post(page(colleague), {"name": ""}).status_code == 403
        assert User.objects.get(pk=colleague.pk).is_active


def test_superuser_makes_staff(guest):
    client = logged_in(User.objects.create_superuser("root@example.org", factories.PASSWORD))

    client.post(page(guest), {"name": guest.name, "is_active": "on", "is_staff": "on", **NO_NOTES})

    guest.refresh_from_db()
    assert (guest.is_staff, guest.is_superuser) == (True, False)


def test_page_of_a_person_holds_no_password(guest):
    body = logged_in(factories.staff()).get(page(guest)).content.decode()

    assert guest.password not in body
    assert "Nora Guest" in body


def test_nobody_is_added_or_deleted_by_hand(guest):
    client = logged_in(User.objects.create_superuser("root@example.org", factories.PASSWORD))

    assert client.get(reverse("admin:accounts_user_add")).status_code == 403
    assert (
        client.post(reverse("admin:accounts_user_delete", args=[guest.pk]), {"post": "yes"}).status_code
        == 403
    )


def test_token_is_listed_without_its_digest_and_taken_away(guest):
    token, plain = ApiToken.issue(user=guest, name="Till")
    client = logged_in(factories.staff())
    address = reverse("admin:accounts_apitoken_change", args=[token.pk])

    body = client.get(address).content.decode()
    client.post(reverse("admin:accounts_apitoken_delete", args=[token.pk]), {"post": "yes"})

    assert "Till" in body
    assert token.digest not in body
    assert plain not in body
    assert not ApiToken.objects.exists()
