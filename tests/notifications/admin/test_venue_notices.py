"""Staff see which mails about venues were sent, wait or were given up; what a mail opens is shown to nobody."""

import pytest

from core import clock
from rooms.models import VenueNotice
from tests.support import factories
from tests.support.admin_pages import logged_in, text_of, url

pytestmark = pytest.mark.django_db


def notice(**fields) -> VenueNotice:
    return VenueNotice.objects.create(
        venue=factories.venue(), kind="payee_changed", recipient="head@example.org", subject="Changed",
        paragraphs=["From bank …2606.", "To bank …6769."], link="https://example.org/secret-canary/", **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"sent_at": clock.now(), "next_attempt_at": None}, "Sent"),
        ({}, "Waiting"),
        ({"next_attempt_at": None, "attempts": 9}, "Given up"),
    ],
)
def test_list_tells_the_state_and_the_page_the_text_without_its_link(fields, state):
    row, client = notice(**fields), logged_in(factories.staff())

    listed = text_of(client.get(url(VenueNotice, "changelist")))
    page = text_of(client.get(url(VenueNotice, "change", row.pk)))

    assert f">{state}</span>" in listed
    assert "Payee changed" in listed
    assert "head@example.org" in listed
    assert "To bank …6769." in page
    assert "Payee changed to head@example.org" in page
    assert "secret-canary" not in listed + page


def test_mail_is_found_by_its_address_and_by_its_venue():
    row, client = notice(), logged_in(factories.staff())
    other = notice()
    VenueNotice.objects.filter(pk=other.pk).update(recipient="other@example.org")

    found = [
        client.get(url(VenueNotice, "changelist"), {"q": asked}).context["cl"].result_list.values_list("pk", flat=True)
        for asked in ("head@", row.venue.name)
    ]  # fmt: skip

    assert [list(pks) for pks in found] == [[row.pk], [row.pk]]
