"""Whatever fits the OpenAPI document, and what does not, is answered as documented and never with a fault."""

from collections.abc import Callable

import pytest
import schemathesis
from django.test.client import ClientHandler
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import ApiToken
from tests.api.callers import booking_in
from tests.payments.paying import paid_by_hand
from tests.support import factories

pytestmark = pytest.mark.django_db

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SITE = "http://testserver"
# These are the guest's own; a host asks for the others.
AS_GUEST = ("/api/v1/bookings/{reference}/payment", "/api/v1/bookings/{reference}/cancel")
handler = ClientHandler()


def application(environ: dict, start_response: Callable) -> list[bytes]:
    """The site as its test client runs it: within the test's transaction."""
    response = handler(environ)
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, base_url=SITE)
fuzz = settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def world(room, host) -> dict:
    """One booking that is waiting for the host, and everybody who may ask for it."""
    booking = booking_in("PENDING_APPROVAL", room, host)
    guest = factories.user(is_staff=True)
    session = factories.session(room=factories.room(venue=room.venue, kind="workshop"))
    return {
        "booking": booking,
        "room": room,
        "session": session,
        "payment": paid_by_hand(room=room, days_ahead=40).payments.get(),
        "credentials": [
            f"Bearer {ApiToken.issue(user=host, name='host')[1]}",
            f"Bearer {ApiToken.issue(user=guest, name='stranger')[1]}",
            f"Booking {booking.secret}",
        ],
    }


@schema.parametrize()
@fuzz
def test_operation_fuzzed_answers_as_documented(case, world):
    _call(case, world, credential=0)


@schema.parametrize()
@fuzz
def test_operation_fuzzed_on_what_exists_answers_as_documented(case, world):
    """The same, of what there is of each kind, by the one who may."""
    known = {
        "reference": world["booking"].reference,
        "venue": world["room"].venue.slug,
        "room": world["room"].slug,
        "session_id": world["session"].pk,
        "payment_id": str(world["payment"].public_id),
    }
    case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
    if isinstance(case.body, dict) and "room" in case.body:
        case.body["room"] = world["room"].path
    _call(case, world, credential=2 if case.path.startswith(AS_GUEST) else 0)


def _call(case, world, *, credential: int) -> None:
    case.headers["Authorization"] = world["credentials"][credential]
    response = case.call(base_url=SITE)
    case.validate_response(response, checks=CHECKS)
