"""Whatever one tenant stores, no page fails, nobody else's least of all.

Hostile rows of every model beside a decent venue's: every page and call is walked as everybody.
"""

from collections import defaultdict
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking
from payments.models import Payment
from rooms.models import Room, Session, Venue
from tests.access.test_matrix import FURTHER, arguments, list_of, row_of
from tests.attacks.test_crawl import NAMES, World
from tests.support import factories, hostile
from tests.support.admin_pages import REGISTRY, logged_in
from tests.support.admin_world import OWN, Side, build
from tests.support.pages import ahead

pytestmark = pytest.mark.django_db

MODELS = (User, Venue, Room, Session, Booking)
CHOICES: list[dict[str, str]] = [
    {}, {"q": "room"}, {"city": "Paris"}, {"kind": "hotel", "guests": "1"}, {"sort": "price"}, {"sort": "price_desc"},
    {"check_in": ahead(30), "check_out": ahead(32)}, {"price_max": "200"}, {"price_max_minor": "20000"},
    {"day": ahead(30), "start_time": "10:00", "end_time": "12:00"},
    {"start": f"{ahead(30)}T10:00", "end": f"{ahead(30)}T12:00"},
]  # fmt: skip
SEARCHES = [
    "/",
    *(f"{path}?{urlencode(choice)}" for path in ("/rooms/", "/api/v1/rooms") for choice in CHOICES),
]


def site_of(side: Side) -> list[str]:
    """Every address outside the admin, about the rows of one venue."""
    booking, payment = side[Booking], side[Payment]
    known = defaultdict(lambda: 1) | {
        "reference": booking.reference, "secret": booking.secret, "payment_id": payment.public_id,
        "session_id": side[Session].pk, "venue": side[Venue].slug, "room": side[Room].slug,
        "key": "x:y:z", "name": "x.eml",
    }  # fmt: skip
    world = World(side[User], side[User], booking, payment, known)
    return [world.url(name) for name in NAMES if "logout" not in name]


def admin_of(side: Side) -> list[str]:
    """Every page of the admin, about the rows of one venue."""
    lists = [address for model in REGISTRY for address in (list_of(model), row_of(model, side))]
    return [
        "/admin/",
        *lists,
        *(reverse(f"admin:{name}", kwargs=arguments(name, side)) for name in FURTHER),
    ]


def failures(client: Client, addresses: list[str]) -> list[tuple]:
    """Walk addresses; return those that fail, with the error where there is one."""
    client.raise_request_exception = False
    found = []
    for address in addresses:
        here = transaction.savepoint()  # what breaks the database's transaction breaks this page alone
        answer = client.get(address)
        (transaction.savepoint_rollback if answer.status_code >= 500 else transaction.savepoint_commit)(here)
        if answer.status_code >= 500 and answer.status_code != 503:
            error = getattr(answer, "exc_info", None)
            found.append((address, repr(error[1]) if error else answer.content[:200]))
    return found


def kept(side: Side) -> list[dict]:
    """What is stored of a venue, as it stands in the rows that people read."""
    return [type(side[model])._base_manager.filter(pk=side[model].pk).values().get() for model in MODELS]


def plant() -> tuple[Side, dict[type[Model], list[int]]]:
    """Make a venue with a row of everything, and rooms of every kind."""
    side = build("hostile")
    for kind in (Room.Kind.CONFERENCE, Room.Kind.EXPERT, Room.Kind.WORKSHOP):
        factories.session(room=factories.room(venue=side[Venue], kind=kind))
    return side, hostile.all_rows()


@pytest.mark.parametrize("flavor", ["nul", "half"])
def test_text_that_postgresql_cannot_hold_is_accepted_nowhere(flavor):
    _bad, rows = plant()

    assert hostile.push(flavor, rows, kinds=("CharField", "TextField", "SlugField")) == 0


@pytest.mark.parametrize("flavor", hostile.FLAVORS)
def test_hostile_rows_fail_no_page_and_no_call_of_anybody(flavor, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"  # nobody listens: a provider that is away is no fault
    cache.clear()
    bad, rows = plant()
    decent = build(OWN)
    before = kept(decent)
    accepted = hostile.push(flavor, rows)
    for row in bad.rows.values():
        row.refresh_from_db()
    by_link = Client()
    by_link.get(bad[Booking].secret_path)

    failed = failures(Client(), [*SEARCHES, *site_of(decent), *site_of(bad)])
    failed += failures(logged_in(decent[User]), [*admin_of(decent), *site_of(decent)])
    failed += failures(logged_in(bad[User]), [*admin_of(bad), *site_of(bad)])
    failed += failures(logged_in(factories.staff()), [*admin_of(decent), *admin_of(bad)])
    failed += failures(by_link, site_of(bad))

    assert not failed, "\n".join(map(str, failed))
    assert accepted > 50
    after = kept(decent)
    after[0]["last_login"] = before[0]["last_login"]
    assert after == before
