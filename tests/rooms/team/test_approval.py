"""A venue's way from draft to sale: the checklist, staff's answer, suspension, and who may do what of it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from bookings.errors import NotPublished
from bookings.models import Booking
from payments.models import PaymentSettings
from rooms import selectors
from rooms.models import Room, Venue, VenueIdentity, VenueNotice
from rooms.team import approval
from rooms.team.approval import ApprovalError
from tests.payments import books
from tests.support import factories
from tests.support.admin_pages import logged_in, text_of, told

pytestmark = pytest.mark.django_db

IDENTITY = {
    "kind": "company", "legal_name": "Hôtel du Nord SARL", "registration_number": "552 100 554",
    "legal_address": "102 Quai de Jemmapes, 75010 Paris", "person_name": "Édith Piaf",
}  # fmt: skip


def draft(status: str = "draft") -> Venue:
    """A venue that lacks nothing but the yes of staff."""
    venue = factories.venue(status=status, name="Hôtel du Nord")
    VenueIdentity.objects.create(venue=venue, **IDENTITY)
    PaymentSettings.objects.create(venue=venue, **books.BANK)
    factories.room(venue=venue)
    return venue


def page(venue: Venue, act: str = "") -> str:
    return reverse("admin:rooms_venue_approval_act" if act else "admin:rooms_venue_approval",
                   args=[venue.pk, act] if act else [venue.pk])  # fmt: skip


def notices(kind: str) -> list[str]:
    return sorted(VenueNotice.objects.filter(kind=kind).values_list("recipient", flat=True))


# --- what is on sale --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "waiting", "suspended"])
def test_venue_not_approved_is_nowhere_found_and_not_booked(client, status):
    room = factories.room(venue=factories.venue(status=status))

    assert client.get("/api/v1/rooms").json()["items"] == []
    assert selectors.cities() == []
    assert client.get(room.get_absolute_url()).status_code == 404
    assert client.get(f"/api/v1/rooms/{room.path}").status_code == 404
    with pytest.raises(NotPublished):
        factories.booking(room=room)
    assert not Booking.objects.exists()


def test_migration_leaves_the_venues_that_are_here_approved_and_their_payouts_as_they_were():
    venue = factories.venue(status="draft")
    migration = import_module("rooms.migrations.0009_venues_are_approved")

    migration.approve_all(apps, None)

    venue.refresh_from_db()
    assert (venue.status, venue.approved_at, venue.is_on_sale) == ("approved", None, True)


# --- the checklist and asking -----------------------------------------------------------------------------------


def test_checklist_of_a_new_venue_lacks_everything():
    assert [check.is_done for check in approval.checklist(factories.venue(status="draft"))] == [False] * 4


def test_checklist_of_a_whole_venue_lacks_nothing():
    assert [check.is_done for check in approval.checklist(draft())] == [True] * 4


@pytest.mark.parametrize("missing", ["legal_name", "registration_number", "legal_address"])
def test_company_without_one_of_its_facts_is_not_whole(missing):
    venue = draft()
    VenueIdentity.objects.filter(venue=venue).update(**{missing: ""})

    assert not approval.entity_check(venue).is_done


def test_private_person_needs_no_registration_number():
    venue = draft()
    VenueIdentity.objects.filter(venue=venue).update(kind="person", registration_number="")

    assert approval.entity_check(venue).is_done


def test_who_stands_behind_a_venue_lies_encrypted():
    draft()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT legal_name, registration_number, legal_address, person_name FROM rooms_venueidentity"
        )
        stored = cursor.fetchone()
    assert all(text.startswith("gAAAA") for text in stored)


def test_owner_asks_for_approval_and_every_member_of_staff_is_told():
    venue, staff = draft(), factories.staff()
    host = logged_in(factories.host(venue=venue))

    answer = host.post(page(venue, "ask"), follow=True)

    venue.refresh_from_db()
    assert told(answer) == ["Staff look at your venue now."]
    assert venue.status == "waiting"
    assert notices("approval_asked") == [staff.email]
    assert venue.name in text_of(logged_in(staff).get("/admin/"))


def test_owner_asks_with_something_missing_is_told_what_and_nothing_changes():
    venue = draft()
    venue.payment_settings.delete()

    answer = logged_in(factories.host(venue=venue)).post(page(venue, "ask"), follow=True)

    venue.refresh_from_db()
    assert told(answer) == ["Still missing: Payee: where your money goes. Nothing was changed."]
    assert venue.status == "draft"
    assert not VenueNotice.objects.exists()


@pytest.mark.parametrize("role", ["manager", "clerk"])
def test_others_than_the_owner_neither_ask_nor_say_who_stands_behind(role):
    venue = draft()
    client = logged_in(factories.host(venue=venue, role=role))

    answers = [
        client.post(page(venue, "ask")),
        client.post(page(venue), IDENTITY | {"legal_name": "Mallory"}),
    ]

    venue.refresh_from_db()
    assert {answer.status_code for answer in answers} == ({403} if role == "manager" else {404})
    assert (venue.status, venue.identity.legal_name) == ("draft", "Hôtel du Nord SARL")


def test_owner_says_who_stands_behind_the_venue_on_its_page():
    venue = factories.venue(status="draft")
    client = logged_in(factories.host(venue=venue))

    refused = client.post(page(venue), IDENTITY | {"registration_number": ""})
    saved = client.post(page(venue), IDENTITY)

    assert refused.status_code == 422
    assert "Needed, but for a private person." in text_of(refused)
    assert saved.status_code == 302
    assert (venue.identity.legal_name, venue.identity.person_name) == ("Hôtel du Nord SARL", "Édith Piaf")
    assert LogEntry.objects.filter(object_id=str(venue.pk)).count() == 1


# --- staff's answer ---------------------------------------------------------------------------------------------


def test_staff_approve_a_waiting_venue_and_its_owner_is_told():
    venue = draft("waiting")
    owner = factories.host(venue=venue)

    logged_in(factories.staff()).post(page(venue, "approve"))

    venue.refresh_from_db()
    assert (venue.status, venue.is_on_sale, venue.approved_at is not None) == ("approved", True, True)
    assert notices("approved") == sorted([venue.email, owner.email])
    assert Room.objects.published().count() == 1


def test_staff_send_a_venue_back_with_their_reason():
    venue = draft("waiting")
    staff = logged_in(factories.staff())

    without = staff.post(page(venue, "send-back"), {"reason": " "}, follow=True)
    staff.post(page(venue, "send-back"), {"reason": "The register knows no such number."})

    venue.refresh_from_db()
    assert told(without) == ["Say why, for the venue's team to read. Nothing was changed."]
    assert (venue.status, venue.status_reason) == ("draft", "The register knows no such number.")
    assert notices("sent_back") == [venue.email]


@pytest.mark.parametrize("act", ["approve", "send-back", "suspend", "lift"])
@pytest.mark.parametrize("role", ["owner", "manager"])
def test_hosts_decide_nothing_about_their_venue(role, act):
    venue = draft({"suspend": "approved", "lift": "suspended"}.get(act, "waiting"))
    before = venue.status

    answer = logged_in(factories.host(venue=venue, role=role)).post(page(venue, act), {"reason": "mine"})

    venue.refresh_from_db()
    assert (answer.status_code, venue.status) == (403, before)


def test_staff_on_a_venues_own_team_do_not_approve_it():
    venue, staff = draft("waiting"), factories.staff()
    factories.member(venue=venue, user=staff)

    with pytest.raises(PermissionDenied, match="a colleague must decide"):
        approval.approve(venue_id=venue.pk, by=staff)

    venue.refresh_from_db()
    assert venue.status == "waiting"


def test_venue_that_lost_something_while_it_waited_is_not_approved():
    venue = draft("waiting")
    venue.rooms.update(is_published=False)

    with pytest.raises(ApprovalError, match="First room"):
        approval.approve(venue_id=venue.pk, by=factories.staff())

    venue.refresh_from_db()
    assert venue.status == "waiting"


def test_suspension_needs_a_reason_and_is_lifted_again():
    venue, staff = draft("approved"), factories.staff()
    factories.host(venue=venue)

    with pytest.raises(ApprovalError, match="Say why"):
        approval.suspend(venue_id=venue.pk, by=staff, reason="")
    approval.suspend(venue_id=venue.pk, by=staff, reason="Complaints of guests.")
    suspended = Venue.objects.get(pk=venue.pk)
    approval.lift(venue_id=venue.pk, by=staff)

    venue.refresh_from_db()
    assert (suspended.status, suspended.status_reason) == ("suspended", "Complaints of guests.")
    assert (venue.status, venue.status_reason) == ("approved", "")
    assert LogEntry.objects.filter(user=staff, object_id=str(venue.pk)).count() == 2


def test_approved_venue_is_not_approved_again():
    venue = draft("approved")

    with pytest.raises(ApprovalError, match="approved by now"):
        approval.approve(venue_id=venue.pk, by=factories.staff())

    assert not VenueNotice.objects.exists()
