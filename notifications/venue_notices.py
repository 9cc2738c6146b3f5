"""Sends what rooms.team.notices has queued: mails about a venue and its team, each retried under one Message-ID."""

import hashlib

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string

from core import clock
from notifications.channels import email
from notifications.channels.base import Refused, Unavailable
from notifications.mail.phrases import inert
from notifications.mail.render import BARS, FOLDER, as_text
from notifications.services import LEASE, MAIL_RETRIES, mail_domain
from rooms.models import VenueNotice

log = structlog.get_logger(__name__)

LONGEST_PARAGRAPH = 1_000


def due(limit: int) -> list[int]:
    """Return ids of notices whose time has come, the longest waiting first."""
    rows = VenueNotice.objects.filter(next_attempt_at__lte=clock.now()).order_by("next_attempt_at", "pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def send(notice_id: int) -> None:
    """Send one notice if it is due; a failure is tried again later, at last given up and told in the log."""
    notice = _claim(notice_id)
    if notice is None:
        return
    try:
        email.send(_mail(notice))
    except (Unavailable, Refused) as error:
        _put_off(notice, error)
    else:
        _unfinished(notice).update(sent_at=clock.now(), next_attempt_at=None, last_error="", link="")
        log.info("notice_sent", notice=notice.pk, about=notice.kind)


@transaction.atomic(durable=True)
def _claim(notice_id: int) -> VenueNotice | None:
    """Take a due row for the length of a lease; None where it is gone, taken or not due."""
    now = clock.now()
    rows = VenueNotice.objects.select_for_update(skip_locked=True)
    notice = rows.filter(pk=notice_id, next_attempt_at__lte=now).first()
    if notice:
        notice.attempts += 1
        notice.next_attempt_at = now + LEASE
        notice.save(update_fields=["attempts", "next_attempt_at"])
    return notice


def _put_off(notice: VenueNotice, error: Exception) -> None:
    is_over = isinstance(error, Refused) or MAIL_RETRIES.is_spent(notice.attempts)
    wait = None if is_over else MAIL_RETRIES.wait_after(notice.attempts)
    told = type(error.__cause__ or error).__name__  # its text may hold an address
    # Given up, it opens nothing any more.
    link = "" if is_over else notice.link
    _unfinished(notice).update(next_attempt_at=wait and clock.now() + wait, last_error=told, link=link)
    (log.error if is_over else log.warning)("notice_failed", notice=notice.pk, about=notice.kind, error=told)


def _unfinished(notice: VenueNotice) -> QuerySet[VenueNotice]:
    return VenueNotice.objects.filter(pk=notice.pk, attempts=notice.attempts, sent_at=None)


def _mail(notice: VenueNotice) -> email.Mail:
    subject = inert(notice.subject, 200)
    paragraphs = [inert(str(paragraph), LONGEST_PARAGRAPH) for paragraph in notice.paragraphs]
    context = {
        "heading": subject, "bar": BARS["quiet"], "greeting": "Hello,", "paragraphs": paragraphs,
        "preview": paragraphs[0], "rows": [], "action": notice.action, "link": notice.link,
        "is_for_guest": False, "because": inert(notice.because), "site_url": settings.SITE_URL,
    }  # fmt: skip
    return email.Mail(
        to=notice.recipient,
        subject=subject,
        text=as_text(context),
        html=render_to_string(f"{FOLDER}/layout.html", context),
        message_id=_id_of(f"{notice.pk}:{notice.recipient}"),
        thread_id=_id_of(f"venue:{notice.venue_id}"),
        date=notice.created_at,
    )


def _id_of(key: str) -> str:
    return f"<notice.{hashlib.sha256(key.encode()).hexdigest()[:16]}@{mail_domain()}>"
