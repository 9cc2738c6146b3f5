"""From a draft to a venue that sells: its checklist, staff's yes, and what staff may stop again.

A draft or waiting venue is nowhere on sale and is not paid; a suspended one neither, though what guests have
confirmed stands. Each verb locks the venue's row, writes its status with a log entry, and tells by mail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.module_loading import import_string

from core import clock
from core.errors import Refusal
from core.typed.text import InvalidText, one_line
from rooms.models import Venue, VenueIdentity
from rooms.team import notices, owners

log = structlog.get_logger(__name__)

Status = Venue.Status
LONGEST_REASON, LONGEST_TYPED = 500, 5_000


class ApprovalError(Refusal):
    """What an approval's verb refuses."""


@dataclass(frozen=True)
class Check:
    """One line of the checklist; `path` leads to where it is done, empty where it is done on the list's own page."""

    label: str
    is_done: bool
    path: str = ""


def checklist(venue: Venue) -> list[Check]:
    """Return what a venue needs before it may be approved; other apps add theirs by settings.VENUE_CHECKS."""
    sources: list[Callable[[Venue], Check]] = [import_string(name) for name in settings.VENUE_CHECKS]
    return [*(source(venue) for source in sources)]


def identity_check(venue: Venue) -> Check:
    """Whether the venue says which person answers for it."""
    known = VenueIdentity.objects.filter(venue=venue).first()
    return Check("Who answers for it: a person's name", bool(known and known.person_name))


def entity_check(venue: Venue) -> Check:
    """Whether the venue says which legal entity it is: form, name, registration number, address."""
    known = VenueIdentity.objects.filter(venue=venue).first()
    is_whole = known is not None and bool(
        known.kind
        and known.legal_name
        and known.legal_address
        and (known.registration_number or known.kind == VenueIdentity.Kind.PERSON)
    )
    return Check("Legal entity: form, name, registration number, address", is_whole)


def room_check(venue: Venue) -> Check:
    """Whether a first room is ready to be offered."""
    room = venue.rooms.order_by("pk").first()
    path = reverse("admin:rooms_room_change", args=[room.pk]) if room else reverse("admin:rooms_room_add")
    return Check(
        "First room, with photo and price, offered", venue.rooms.filter(is_published=True).exists(), path
    )


def waiting() -> QuerySet[Venue]:
    """Return the venues that wait for staff's answer."""
    return Venue.objects.filter(status=Status.WAITING).order_by("pk")


# --- verbs ------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(*, venue_id: int, user: Any) -> Venue:
    """Put a whole draft before staff. Raises: ApprovalError (not a draft, something is missing)."""
    venue = _locked(venue_id, Status.DRAFT)
    _check_whole(venue)
    _move(venue, Status.WAITING, user, "Approval asked for")
    notices.tell_staff(
        venue, "approval_asked", subject=f"A venue waits for approval: {venue.name}",
        paragraphs=[f"{notices.plain(venue.name)} asks to be approved. Until then it sells nothing and is not paid."],
        action="Look at the venue", path=page_of(venue),
    )  # fmt: skip
    return venue


@transaction.atomic
def approve(*, venue_id: int, by: Any) -> Venue:
    """Let a waiting venue sell. Raises: PermissionDenied, ApprovalError."""
    _check_right(by, venue_id)
    venue = _locked(venue_id, Status.WAITING)
    _check_whole(venue)
    venue.approved_at = venue.approved_at or clock.now()
    _move(venue, Status.APPROVED, by, "Approved")
    _tell_heads(
        venue, "approved", f"{venue.name} is approved",
        ["Your venue is approved: guests find its rooms and book them from now on.",
         f"The first payout comes {settings.FIRST_PAYOUT_DELAY_DAYS} days after the first payment is taken."],
    )  # fmt: skip
    return venue


@transaction.atomic
def send_back(*, venue_id: int, by: Any, reason: str) -> Venue:
    """Make a waiting venue a draft again, and say why. Raises: PermissionDenied, ApprovalError."""
    _check_right(by, venue_id)
    venue = _locked(venue_id, Status.WAITING)
    reason = _given(reason)
    _move(venue, Status.DRAFT, by, "Sent back", reason=reason)
    _tell_heads(
        venue, "sent_back", f"{venue.name} needs a change before it is approved",
        [f"We could not approve your venue yet: {notices.plain(reason, LONGEST_REASON)}", "Mend it and ask again."],
    )  # fmt: skip
    return venue


@transaction.atomic
def suspend(*, venue_id: int, by: Any, reason: str) -> Venue:
    """Stop a venue's sales and payouts; what is confirmed stands. Raises: PermissionDenied, ApprovalError."""
    _check_right(by, venue_id)
    venue = _locked(venue_id, Status.APPROVED)
    reason = _given(reason)
    _move(venue, Status.SUSPENDED, by, "Suspended", reason=reason)
    log.warning("venue_suspended", venue=venue.slug, by=by.pk)
    _tell_heads(
        venue, "suspended", f"{venue.name} is suspended",
        [f"We have stopped the sales and payouts of your venue: {notices.plain(reason, LONGEST_REASON)}",
         "Confirmed bookings stand. Requests you have not answered are declined, and their money is let go."],
    )  # fmt: skip
    return venue


@transaction.atomic
def lift(*, venue_id: int, by: Any) -> Venue:
    """Let a suspended venue sell again. Raises: PermissionDenied, ApprovalError."""
    _check_right(by, venue_id)
    venue = _locked(venue_id, Status.SUSPENDED)
    if not owners.has_owner(venue):
        raise ApprovalError("no_owner", owners.LAST_OWNER)
    _move(venue, Status.APPROVED, by, "Suspension lifted")
    _tell_heads(
        venue, "lifted", f"{venue.name} may sell again",
        ["The suspension of your venue is lifted: guests book again, and payouts go on."],
    )  # fmt: skip
    return venue


def page_of(venue: Venue) -> str:
    """Return the address of the venue's checklist in the admin."""
    return reverse("admin:rooms_venue_approval", args=[venue.pk])


# --- steps ------------------------------------------------------------------------------------------------------


def _check_right(by: Any, venue_id: int) -> None:
    """Staff decide, and never about a venue of their own. Raises: PermissionDenied."""
    if not by.is_platform_staff:
        raise PermissionDenied("Only staff of the platform decide about venues.")
    if by.memberships.filter(venue=venue_id).exists():
        raise PermissionDenied("You are on this venue's team: a colleague must decide about it.")


def _locked(venue_id: int, expected: str) -> Venue:
    venue = Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
    if venue.status != expected:
        raise ApprovalError("wrong_status", f"This venue is {venue.get_status_display().lower()} by now.")
    return venue


def _check_whole(venue: Venue) -> None:
    missing = [check.label for check in checklist(venue) if not check.is_done]
    if missing:
        raise ApprovalError("not_whole", f"Still missing: {'; '.join(missing)}.")


def _given(reason: str) -> str:
    """Return the reason as it is kept. Raises: ApprovalError."""
    try:
        reason = one_line(reason[:LONGEST_TYPED])
    except InvalidText as error:
        raise ApprovalError(error.code, str(error)) from error
    if not reason:
        raise ApprovalError("reason_missing", "Say why, for the venue's team to read.")
    return reason[:LONGEST_REASON]


def _move(venue: Venue, status: str, by: Any, what: str, *, reason: str = "") -> None:
    venue.status, venue.status_reason = status, reason
    venue.save(update_fields=["status", "status_reason", "approved_at"])
    text = f"{what}. {reason}".strip()
    LogEntry.objects.log_actions(by.pk, [venue], CHANGE, change_message=text, single_object=True)
    log.info("venue_status", venue=venue.slug, status=status, by=by.pk)


def _tell_heads(venue: Venue, kind: str, subject: str, paragraphs: list[str]) -> None:
    notices.tell(
        venue, kind, notices.heads_of(venue), subject=subject, paragraphs=paragraphs, action="See your venue",
        path=page_of(venue),
    )  # fmt: skip
