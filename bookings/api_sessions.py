"""Cancelling a whole session over HTTP. Joined to /api/v1 by config.api."""

from django.http import Http404, HttpRequest, JsonResponse
from ninja import Body, Router

from accounts.scopes import BOOKINGS
from bookings import bulk
from bookings.access import known
from bookings.actors import member_actor
from bookings.api import private_json
from bookings.bulk import Preview, Target
from bookings.models import BulkCancellation
from bookings.schemas import SessionCancelIn, SessionCancelOut
from core.problems import FieldError, Problem
from rooms.models import Session
from rooms.permissions import may_manage

router = Router(tags=["Sessions"])


@router.post(
    "sessions/{int:session_id}/cancel", response=SessionCancelOut, auth=known(BOOKINGS), summary="Cancel a session",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def cancel_session(
    request: HttpRequest,
    session_id: int,
    body: SessionCancelIn = Body(SessionCancelIn()),  # noqa: B008
) -> JsonResponse:
    """Every guest gets all of their money back, in the background; asked again it tells how far that has come.

    With `dry_run` it says how many bookings and how much money, and does nothing.
    """
    session = _session_or_404(request, session_id)
    target = Target.of_session(session)
    seen = bulk.preview(target)
    begun = BulkCancellation.objects.filter(session=session).first()
    if body.dry_run:
        return private_json(_answer(session, seen, begun, dry_run=True))
    if not body.reason and begun is None:
        message = "Say why, for the guests to read."
        raise Problem(422, "invalid", message, errors=[FieldError("reason", "reason_required", message)])
    begun = bulk.begin(target=target, actor=member_actor(request.auth.user), reason=body.reason)
    return private_json(_answer(session, seen, begun, dry_run=False))


def _session_or_404(request: HttpRequest, session_id: int) -> Session:
    """Return a session to its venue's owner and managers, and to staff. Raises: Http404 to everybody else."""
    rows = Session.objects.select_related("room__venue")
    session = rows.filter(pk=session_id).first() if session_id < 2**63 else None
    user = request.auth.user
    if session is None or not may_manage(user, session.room.venue):
        raise Http404("No such session.")
    request.auth.require_hosts_door()
    return session


def _answer(session: Session, seen: Preview, begun: BulkCancellation | None, *, dry_run: bool) -> dict:
    done = bulk.progress(begun) if begun else None
    return {
        "session": session.pk,
        "title": session.title,
        "dry_run": dry_run,
        "is_cancelled": begun is not None,
        "bookings": seen.count,
        "sums": [
            {
                "currency": one.currency, "refunded_minor": one.refunded_minor,
                "released_minor": one.released_minor, "total_minor": one.total_minor,
            }
            for one in seen.sums
        ],
        "progress": {"total": done.total, "done": done.done, "failed": done.failed} if done else None,
    }  # fmt: skip
