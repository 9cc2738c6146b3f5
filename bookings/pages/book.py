"""The page where a guest books, and booking the same dates again."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

import structlog
from django.contrib import messages
from django.db import OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from bookings import panels, selectors
from bookings.actors import guest_actor
from bookings.errors import BookingError, PriceChanged, SubmissionConflict
from bookings.lifecycle import services as bookings
from bookings.lifecycle.submission import GuestDetails
from bookings.limits import proof
from bookings.limits import services as limits
from bookings.limits.proof import ProofNeeded
from bookings.models import Booking
from bookings.pages import guest_session
from bookings.pages.forms import GuestForm, action_label
from bookings.states import DEAD
from core import clock
from core.errors import Refusal
from core.web.ratelimit import client_ip
from rooms import selectors as room_selectors
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import InvalidStay
from rooms.models import Room
from rooms.pages.forms import ChoiceForm, choice_fields, choice_query
from rooms.pages.priced_choice import Offer, offer, suggestions
from rooms.pricing.policies import cancellation_rules

log = structlog.get_logger(__name__)

CONFLICT, UNPROCESSABLE, TOO_MANY, BUSY = 409, 422, 429, 503


class SamePostRedirect(HttpResponseRedirect):
    """Sends the browser on with the very POST it made: straight to the provider's page."""

    status_code = 307


@dataclass
class Submission:
    """The two forms of a book page that belong together, and what refuses them."""

    room: Room
    choice: ChoiceForm
    guest: GuestForm
    notice: str = ""
    old_total_minor: int | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, venue: str, room: str) -> HttpResponse:
    """The page that completes a booking: GET with a choice shows the form, POST submits it."""
    try:
        found = room_selectors.room_page(venue, room)
    except Room.DoesNotExist as error:
        raise Http404 from error
    now = clock.now()
    if request.method == "POST":
        choice = ChoiceForm(found, request.POST, now=now)
        return _submit(request, Submission(found, choice, GuestForm(request.POST, room=found)))
    choice = ChoiceForm(found, request.GET, now=now)
    if not choice.is_valid():
        # The room's page says what is wrong, by the field.
        return redirect(f"{found.get_absolute_url()}?{request.GET.urlencode()}")
    kept = guest_session.kept_form(request)
    guest = GuestForm(room=found, user=request.user, kept=kept, initial={"submission_key": uuid.uuid4()})
    return _page(request, Submission(found, choice, guest))


@require_POST
def again(request: HttpRequest, reference: str) -> HttpResponse:
    """Book the same dates again after an expiry: one click, one new booking, the same price."""
    old = guest_session.booking_or_404(request, reference)
    last = selectors.booked_again(old)
    if last != old and last.status not in DEAD:
        return _onward(request, last)
    if not selectors.can_book_again(old):
        messages.warning(request, "These dates are not free any more. Here is what else the room offers.")
        return redirect(old.room)
    details = GuestDetails(old.guest_name, old.guest_email, old.guest_phone, old.guest)
    stay = selectors.stay_of_booking(old)
    try:
        booking = _create(
            request, key=selectors.again_key(last), room=old.room, stay=stay, party_size=old.party_size,
            guest=details, message=old.message, session=old.session, expected_total_minor=old.total_minor,
        )  # fmt: skip
    except (PriceChanged, ProofNeeded, RoomTaken, InvalidStay) as error:
        guest_session.keep_form(
            request, {name: getattr(old, f"guest_{name}") for name in ("name", "email", "phone")}
        )
        messages.warning(request, error.message)
        return redirect(
            f"{old.room.get_absolute_url()}?{choice_query(old.room, stay, old.party_size, old.session)}"
        )
    except BookingError as error:
        messages.warning(request, error.message)
        return redirect(old)
    return _onward(request, booking)


# --- submitting -----------------------------------------------------------------------------------------------


def _submit(request: HttpRequest, sent: Submission) -> HttpResponse:
    if not (sent.choice.is_valid() & sent.guest.is_valid()):
        return _page(request, sent, status=UNPROCESSABLE)
    data = sent.guest.cleaned_data
    if data["proof"] and not _prove(request, data["email"], data["proof"]):
        sent.guest.add_error("proof", "This is not the code we mailed, or it is too old.")
        return _page(request, sent, status=UNPROCESSABLE)
    user = request.user if request.user.is_authenticated else None
    try:
        booking = _create(
            request, key=f"web:{data['submission_key']}", room=sent.room, stay=sent.choice.stay,
            party_size=sent.choice.cleaned_data["party_size"], session=sent.choice.chosen_session,
            guest=GuestDetails(data["name"], data["email"], data["phone"], user),
            message=data["message"], expected_total_minor=data["expected_total_minor"],
        )  # fmt: skip
    except (Refusal, OperationalError) as error:
        return _refused(request, sent, error)
    if booking.status in DEAD:
        return _sent_before(request, sent, booking)
    guest_session.drop_form(request)
    return _onward(request, booking)


def _sent_before(request: HttpRequest, sent: Submission, booking: Booking) -> HttpResponse:
    """Say what became of the booking this very form made, and give the form a new key."""
    was = booking.get_status_display().lower()
    sent.guest.show_again(new_key=True)
    sent.notice = (
        f"You sent this form before, and that booking ({booking.reference}) is {was}. "
        "Send it once more for a new one."
    )
    return _page(request, sent, status=CONFLICT)


def _create(request: HttpRequest, *, key: str, guest: GuestDetails, **submission: Any) -> Booking:
    """Submit within the limits. Raises what services.submit raises, and limits' BookingErrors."""
    asker = limits.asker_of(request.user, ip=client_ip(request), references=guest_session.references(request))
    limits.check_rate(asker)
    with transaction.atomic():
        limits.queue(asker, guest.email)
        booking = bookings.submit(
            guest=replace(guest, asked_by=asker.key), submission_key=key, actor=guest_actor(request.user),
            **submission,
        )  # fmt: skip
        limits.check_open(asker, booking)
        limits.check_proof(asker, booking, is_proved=guest_session.has_proved(request, guest.email))
    guest_session.remember(request, booking)
    return booking


def _prove(request: HttpRequest, address: str, code: str) -> bool:
    if not proof.is_right(address, code, clock.now()):
        return False
    guest_session.remember_proof(request, address)
    return True


def _onward(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Go on to what the guest has to do next, paying for one; else to the booking's page."""
    url = panels.next_url(booking)
    return SamePostRedirect(url) if url else redirect(booking)


def _refused(request: HttpRequest, sent: Submission, error: Refusal | OperationalError) -> HttpResponse:
    """Show the form again with all that was typed, and why it was not taken."""
    guest_session.keep_form(request, sent.guest.typed())
    if isinstance(error, InvalidStay):
        sent.choice.refuse(error)
        return _page(request, sent, status=UNPROCESSABLE)
    if isinstance(error, PriceChanged):
        sent.old_total_minor = sent.guest.cleaned_data["expected_total_minor"]
        sent.guest.show_again(total_minor=error.quote.total_minor)
        return _page(request, sent, status=CONFLICT)
    if isinstance(error, SubmissionConflict):
        sent.guest.show_again(new_key=True)
        sent.notice = (
            "This form was sent before with other details, and that booking stands. Send it once more to make a "
            "second booking."
        )
        return _page(request, sent, status=CONFLICT)
    if isinstance(error, RoomTaken):
        return _page(request, sent, status=CONFLICT)
    if isinstance(error, OperationalError):
        # Waited too long for the room's lock. The key makes another try safe.
        log.warning("submit_timed_out", room=sent.room.path)
        sent.notice = (
            "Many people want this room right now. Nothing is lost: please press the button once more."
        )
        return _page(request, sent, status=BUSY)
    if isinstance(error, ProofNeeded):
        proof.send(error.address, clock.now())
        sent.guest.is_proof_needed = True
    sent.notice = error.message
    if isinstance(error, limits.TooManyRequests):
        response = _page(request, sent, status=TOO_MANY)
        response["Retry-After"] = str(error.retry_after)
        return response
    return _page(request, sent, status=CONFLICT)


# --- the page -------------------------------------------------------------------------------------------------


def _page(request: HttpRequest, sent: Submission, *, status: int = 200) -> HttpResponse:
    offered = _offer(sent, just_taken=status == CONFLICT)
    context = {
        "room": sent.room,
        "venue": sent.room.venue,
        "choice": sent.choice,
        "form": sent.guest,
        "notice": sent.notice,
        "old_total_minor": sent.old_total_minor,
        "offer": offered,
        "hidden": _hidden(sent, offered),
        "action": action_label(sent.room, pays_now=offered.pays_now) if offered else "",
        "rules": cancellation_rules(sent.room.policy.tiers) if sent.room.policy else [],
    }
    if offered and not sent.guest.is_bound:
        sent.guest.initial["expected_total_minor"] = offered.quote.total_minor
    return render(request, "bookings/book.html", context, status=status)


def _offer(sent: Submission, *, just_taken: bool) -> Offer | None:
    """Return what is being booked; None while the choice itself is refused."""
    if sent.choice.stay is None or not sent.choice.is_valid():
        return None
    offered = offer(sent.choice)
    if just_taken and offered.is_free and not (sent.notice or sent.old_total_minor is not None):
        # Lost in the very moment, and not seen by the look above: still say so.
        others = suggestions(sent.room, offered.stay, offered.party_size, sent.choice.now)
        return replace(offered, is_free=False, others=others)
    return offered


def _hidden(sent: Submission, offered: Offer | None) -> dict[str, str | int]:
    """Return the choice as hidden fields; the party's size is a field of its own."""
    if offered is not None:
        fields = choice_fields(offered.room, offered.stay, offered.party_size, offered.session)
    else:
        fields = {name: sent.choice.data.get(name, "") for name in sent.choice.fields}
    return {name: value for name, value in fields.items() if name != "party_size"}
