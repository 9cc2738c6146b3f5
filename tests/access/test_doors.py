"""The admin's doors to everybody who is no host: staff, guests, strangers, forms without a token."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from rooms.models import Venue
from tests.support import factories
from tests.support.admin_pages import REGISTRY, logged_in, text_of, url
from tests.support.admin_world import CANARY

pytestmark = pytest.mark.django_db


def test_staff_sees_all_rows(own, strange):
    client = logged_in(factories.staff())

    for model in REGISTRY:
        response = client.get(url(model, "changelist"))
        assert response.status_code == 200, model
        assert response.context["cl"].queryset.filter(pk__in=[own[model].pk, strange[model].pk]).count() == 2
        assert client.get(url(model, "change", strange[model].pk)).status_code == 200, model
        assert client.get(url(model, "history", strange[model].pk)).status_code == 200, model


def test_anonymous_is_sent_to_the_sites_login(strange):
    client, login = Client(), reverse("account_login")

    for model in REGISTRY:
        for address in (url(model, "changelist"), url(model, "change", strange[model].pk)):
            response = client.get(address, follow=True)
            assert response.redirect_chain[-1][0].startswith(login), address
            assert CANARY not in text_of(response), address


def test_guest_without_role_gets_403_with_a_way_home(strange):
    for user in (factories.user(), factories.user(is_staff=True)):
        response = logged_in(user).get(url(Booking, "changelist"), follow=True)

        assert response.status_code == 403
        assert f'href="{reverse("rooms:home")}"' in response.content.decode()
        assert CANARY not in text_of(response)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/account/logout/"]
)
def test_login_leads_back_into_the_admin_only(target):
    response = Client().get("/admin/login/", {"next": target})

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next=/admin/"


def test_logout_by_post_leads_home(own):
    client = logged_in(factories.host(venue=own[Venue]))

    response = client.post("/admin/logout/")

    assert (response.status_code, response["Location"]) == (302, reverse("rooms:home"))
    assert "_auth_user_id" not in client.session


def test_password_is_changed_on_the_sites_own_page(own):
    response = logged_in(factories.host(venue=own[Venue])).get("/admin/password_change/")

    assert response["Location"] == reverse("account_change_password")


def test_admin_pages_forbid_foreign_and_inline_scripts(own):
    response = logged_in(factories.host(venue=own[Venue])).get(url(Booking, "change", own[Booking].pk))

    policy = response["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", response.content.decode())
    assert not re.search(r"\son[a-z]+=", response.content.decode())


def test_admins_own_login_form_takes_no_password(own):
    client, user = Client(), factories.host(venue=own[Venue])

    response = client.post("/admin/login/", {"username": user.email, "password": factories.PASSWORD})

    assert response.status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("page", ["approve", "decline", "cancel", "complete"])
def test_decision_without_csrf_token_is_refused(page, own):
    client = logged_in(factories.host(venue=own[Venue]), enforce_csrf_checks=True)

    response = client.post(url(Booking, page, own[Booking].pk), {"reason": "no"})

    assert response.status_code == 403
    assert Booking.objects.get(pk=own[Booking].pk).version == 2
