"""Who may open what: every page of the admin against every role, generated; a page no table knows fails.

The site's own addresses are walked in tests/attacks/test_crawl.py.
"""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from bookings.models import Booking, BulkCancellation
from payments.models import Payout, Refund
from rooms.models import Room, Session, Venue
from tests.support import factories
from tests.support.admin_world import Side

pytestmark = pytest.mark.django_db

REGISTRY = sorted(admin.site._registry, key=lambda model: model._meta.label)
TEAM = {"owner", "manager", "clerk", "staff", "superuser"}
MANAGERS = TEAM - {"clerk"}
PLATFORM = {"staff", "superuser"}
ROLES = ("anonymous", "guest", "other guest", "owner", "manager", "clerk", "other host", "staff", "superuser")
IN_THE_ADMIN = TEAM | {"other host"}

# Whose rows of one's own venue (staff: of any venue) each list and change page shows.
SEES = {
    "accounts.ApiToken": PLATFORM, "accounts.User": PLATFORM,
    "bookings.Booking": TEAM, "bookings.BulkCancellation": MANAGERS, "bookings.EventReceipt": PLATFORM,
    "notifications.Delivery": MANAGERS,
    "payments.Credit": PLATFORM, "payments.Dispute": MANAGERS, "payments.Drift": PLATFORM,
    "payments.LedgerCheckpoint": PLATFORM, "payments.LedgerTransaction": MANAGERS, "payments.OfflinePayment": PLATFORM,
    "payments.Payment": MANAGERS, "payments.PaymentOperation": PLATFORM, "payments.Payout": MANAGERS,
    "payments.PayoutRun": PLATFORM, "payments.ReconciliationRun": PLATFORM, "payments.Refund": MANAGERS,
    "payments.Settlement": PLATFORM, "payments.VenuePayments": MANAGERS, "payments.WebhookEvent": PLATFORM,
    "rooms.Blackout": MANAGERS, "rooms.CancellationPolicy": MANAGERS, "rooms.Room": MANAGERS,
    "rooms.Session": MANAGERS, "rooms.Venue": MANAGERS, "rooms.VenueNotice": PLATFORM,
}  # fmt: skip
# Who gets beyond the door of each further page.
PAGES = {
    "accounts_user_second_factor": PLATFORM, "accounts_user_open_second_factor": PLATFORM,
    "bookings_booking_approve": TEAM, "bookings_booking_decline": TEAM, "bookings_booking_cancel": TEAM,
    "bookings_booking_complete": TEAM, "bookings_booking_desk": TEAM, "bookings_booking_live": TEAM,
    "bookings_booking_new_link": TEAM,
    "bookings_booking_manual": MANAGERS, "bookings_booking_book_by_hand": MANAGERS,
    "bookings_bulkcancellation_close": MANAGERS, "bookings_bulkcancellation_live": MANAGERS,
    "bookings_bulkcancellation_session": MANAGERS,
    "money": PLATFORM,
    "payments_dispute_accept": PLATFORM, "payments_dispute_answer": MANAGERS, "payments_dispute_pack": MANAGERS,
    "payments_drift_mend": PLATFORM, "payments_drift_set_aside": PLATFORM,
    "payments_offlinepayment_record": PLATFORM,
    "payments_payout_earnings": MANAGERS, "payments_payout_earnings_of": MANAGERS, "payments_payout_file": PLATFORM,
    "payments_payout_new_run": PLATFORM, "payments_payout_open_earnings": MANAGERS,
    "payments_payout_open_new_run": PLATFORM, "payments_payout_statement": MANAGERS,
    "payments_reconciliationrun_compare": PLATFORM, "payments_reconciliationrun_open_compare": PLATFORM,
    "payments_refund_give": MANAGERS, "payments_refund_open_queue": PLATFORM, "payments_refund_queue": PLATFORM,
    "payments_refund_solve": PLATFORM,
    "payments_venuepayments_try_keys": MANAGERS,
    "rooms_blackout_reopen": MANAGERS,
    "rooms_venue_approval": MANAGERS, "rooms_venue_team": MANAGERS, "rooms_venue_approval_act": MANAGERS,
    "payments_webhookevent_ignore": PLATFORM, "payments_webhookevent_open_ignore": PLATFORM,
    "payments_webhookevent_open_parked": PLATFORM, "payments_webhookevent_open_replay": PLATFORM,
    "payments_webhookevent_parked": PLATFORM, "payments_webhookevent_replay": PLATFORM,
}  # fmt: skip
STANDARD = re.compile(r"_(changelist|add|change|delete|history)$")
# Doors of Django's own, for everybody: login and logout; and what test_admin.py looks behind.
DOORS = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "search",
    "view_on_site", "view_on_site_is_shut", "app_list",
}  # fmt: skip


def further_pages() -> dict[str, list[str]]:
    """Return the arguments of every page of the admin beside Django's five of a model, by name."""
    (top,) = [one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "admin"]
    found = {}
    waiting = list(top.url_patterns)
    while waiting:
        pattern = waiting.pop()
        if hasattr(pattern, "url_patterns"):
            waiting += pattern.url_patterns
        elif pattern.name and pattern.name not in DOORS and not STANDARD.search(pattern.name):
            found[pattern.name] = list(pattern.pattern.converters)
    return found


FURTHER = further_pages()


def client_of(role: str, own: Side, strange: Side) -> Client:
    makers = {
        "guest": lambda: own[Booking].guest or factories.user(),
        "other guest": factories.user,
        "owner": lambda: factories.host(venue=own[Venue]),
        "manager": lambda: factories.host(venue=own[Venue], role="manager"),
        "clerk": lambda: factories.host(venue=own[Venue], role="clerk"),
        "other host": lambda: factories.host(venue=strange[Venue]),
        "staff": factories.staff,
        "superuser": lambda: factories.user(is_staff=True, is_superuser=True),
    }
    client = Client()
    if role in makers:
        client.force_login(makers[role]())
    return client


def arguments(name: str, side: Side) -> dict[str, object]:
    """What a page of the admin needs to be about a row of `side`."""
    model = next(
        (one for one in REGISTRY if name.startswith(f"{one._meta.app_label}_{one._meta.model_name}_")), None
    )
    row = side[model].pk if model else 0
    known = {
        "pk": row, "object_id": row, "booking_id": side[Booking].pk, "venue_id": side[Venue].pk,
        "room_id": side[Room].pk, "session_id": side[Session].pk, "bulk_id": side[BulkCancellation].pk,
        "refund_id": side[Refund].pk, "how": "by-hand", "message_id": side[Payout].provider_ref, "form": "csv",
        "act": "suspend",
    }  # fmt: skip
    return {argument: known[argument] for argument in FURTHER.get(name, [])}


def page(name: str, side: Side) -> str:
    return reverse(f"admin:{name}", kwargs=arguments(name, side))


def list_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def row_of(model, side: Side) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[side[model].pk])


def is_shut(response) -> bool:
    """Sent to log in, forbidden, or nothing there; a method that is not for this page opens nothing either."""
    to_login = response.status_code == 302 and "/login/" in response["Location"]
    return to_login or response.status_code in (403, 404, 405)


# There only while a refund waits for staff; the world's has none that does.
OPEN_IN_TIME = {"payments_refund_solve"}


# --- the tables are whole -------------------------------------------------------------------------------------


def test_attack_04_every_list_and_page_of_the_admin_is_in_a_table():
    assert {model._meta.label for model in REGISTRY} == set(SEES)
    assert set(FURTHER) == set(PAGES)


# --- what each role gets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_attack_04_lists_and_rows_open_to_their_roles_alone(role, own, strange):
    client = client_of(role, own, strange)

    for model in REGISTRY:
        is_seen = role in SEES[model._meta.label]
        told = (model._meta.label, role)
        # A host of another venue sees their own list, as every host does.
        is_list = is_seen or (role == "other host" and "owner" in SEES[model._meta.label])
        assert (client.get(list_of(model)).status_code == 200) == is_list, told
        assert (client.get(row_of(model, own)).status_code == 200) == is_seen, told
        if role not in PLATFORM and role != "other host":
            assert is_shut(client.get(row_of(model, strange))), told


@pytest.mark.parametrize("role", ROLES)
def test_attack_05_further_pages_open_to_their_roles_alone(role, own, strange):
    client = client_of(role, own, strange)

    for name, roles in PAGES.items():
        has_row = bool(FURTHER[name])
        told = (name, role)
        if role in roles:
            answer = client.get(page(name, own))
            if name in OPEN_IN_TIME and answer.status_code == 404:
                continue
            assert answer.status_code in (200, 302, 405), told
            assert answer.status_code == 405 or not is_shut(answer), told
        elif has_row or role != "other host" or "owner" not in roles:
            for method in (client.get, client.post):
                assert is_shut(method(page(name, own))), (*told, method.__name__)
        if has_row and role in TEAM - PLATFORM:
            for method in (client.get, client.post):
                assert is_shut(method(page(name, strange))), (*told, method.__name__)
    for side in (own, strange):
        side[Booking].refresh_from_db()
        assert side[Booking].version == 2


@pytest.mark.parametrize("role", ["owner", "staff"])
def test_attack_39_no_page_of_the_admin_changes_a_row_when_read(role, own, strange):
    client = client_of(role, own, strange)
    addresses = [page(name, own) for name in PAGES]
    addresses += [address for model in REGISTRY for address in (list_of(model), row_of(model, own))]

    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code < 500, address
        written = [query["sql"] for query in queries if WRITES.match(query["sql"])]
        assert [sql for sql in written if '"django_session"' not in sql] == [], address


@pytest.mark.parametrize("name", sorted(PAGES))
def test_attack_39_further_pages_post_without_csrf_token_is_refused(name, own, strange):
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.staff())

    assert client.post(page(name, own)).status_code in (403, 405)
    own[Booking].refresh_from_db()
    assert own[Booking].version == 2


WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|ALTER|DROP)", re.IGNORECASE)
