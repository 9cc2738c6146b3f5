"""Sends what is queued: claim a row, call the channel outside any transaction, write down how it went."""

import datetime as dt
import hashlib
import time
from typing import TypedDict

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http.request import split_domain_port

from bookings import ics
from core import clock
from core.queue import ring
from core.retries import Listed, Policy
from notifications.channels import email, pusher
from notifications.channels.base import Refused, Unavailable
from notifications.mail import render, unproved
from notifications.mail.catalog import MESSAGES, Message
from notifications.mail.recipients import reply_address
from notifications.models import Delivery


class TimeLimits(TypedDict):
    soft_time_limit: int
    time_limit: int


log = structlog.get_logger(__name__)

Channel, State = Delivery.Channel, Delivery.State
DELIVER_TASK = "notifications.tasks.deliver_one"

# A worker stops a message that takes longer, and is killed soon after; a mail server has 10 seconds for each answer.
TIME_LIMITS: TimeLimits = {"soft_time_limit": 30, "time_limit": 35}
# Longer than that: whoever holds a lapsed lease is dead. Short enough that a killed worker's mails go within a minute.
LEASE = dt.timedelta(seconds=40)
# A day for mail; an open page has asked for itself long before that.
MAIL_RETRIES = Policy(first=dt.timedelta(seconds=30), most=dt.timedelta(hours=1), park_after=31)
RETRIES: dict[Delivery.Channel, Policy | Listed] = {
    Channel.EMAIL: MAIL_RETRIES,
    Channel.PUSHER: Listed((dt.timedelta(seconds=2), dt.timedelta(seconds=10), dt.timedelta(seconds=60))),
}
# A channel that hung before it failed is left alone for this many times as long, so that it cannot keep the
# workers from the money; one that fails at once costs nothing to ask again.
QUIET_FACTOR = 3
_quiet_until: dict[str, float] = {}


def deliver(delivery_id: int) -> None:
    """Send one queued message if it is due and still true; a failure is retried later, then parked.

    The process may die at any line: after the lease the message is sent again, under the same Message-ID.
    Raises: RuntimeError inside a transaction.
    """
    delivery = _claim(delivery_id)
    if delivery is None:
        return
    began = time.monotonic()
    try:
        _send(delivery)
    except Refused as error:
        _park(delivery, error)
    except Unavailable as error:
        _quiet_until[delivery.channel] = time.monotonic() + QUIET_FACTOR * (time.monotonic() - began)
        _put_off(delivery, error)
    except Exception as error:  # our own fault: seen in the log, and poison is parked like the rest
        log.exception("delivery_failed", **_facts(delivery))
        _put_off(delivery, error)
    else:
        Delivery.objects.filter(pk=delivery.pk).update(state=State.SENT, sent_at=clock.now(), last_error="")
        log.info("mail_sent" if delivery.channel == Channel.EMAIL else "pusher_sent", **_facts(delivery))


def due_deliveries(limit: int) -> list[int]:
    """Return ids of queued messages whose time has come, the longest waiting first."""
    due = Delivery.objects.filter(state=State.QUEUED, next_attempt_at__lte=clock.now())
    return list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


@transaction.atomic
def resend(*, delivery_id: int) -> Delivery:
    """Queue a message again, with all its tries; one that had been sent goes as a new mail."""
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.state == State.SENT and delivery.channel == Channel.EMAIL:
        # Mail programs hide a second mail with the Message-ID of the first.
        delivery.message_id = message_id_of(delivery, again=clock.now())
    delivery.state, delivery.attempts, delivery.last_error = State.QUEUED, 0, ""
    delivery.next_attempt_at, delivery.sent_at = clock.now(), None
    delivery.save()
    ring(DELIVER_TASK, delivery.pk)
    return delivery


def message_id_of(delivery: Delivery, again: dt.datetime | None = None) -> str:
    """Return the Message-ID of a mail: the same on every try, another when it is sent again on purpose."""
    event = delivery.event
    key = f"{delivery.pk}:{event.pk}:{delivery.recipient}:{again.isoformat() if again else ''}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"<{event.booking.reference}.{event.version}.{digest}@{mail_domain()}>"


def mail_domain() -> str:
    """Return the domain our Message-IDs end with."""
    return split_domain_port(settings.SITE_HOST)[0] or "localhost"


# --- one attempt --------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _claim(delivery_id: int) -> Delivery | None:
    """Take a due row for the length of a lease; None when it is gone, taken, not due or no longer true."""
    now = clock.now()
    delivery = _lock_if_due(delivery_id, now)
    if delivery is None or _is_set_aside(delivery):
        return None
    if waits_until := unproved.waits_until(delivery, now):
        _unfinished(delivery).update(next_attempt_at=waits_until)
        log.info("mail_waits_for_proof", **_facts(delivery))
        return None
    delivery.attempts += 1
    delivery.next_attempt_at = now + LEASE
    if delivery.channel == Channel.EMAIL:
        delivery.message_id = delivery.message_id or message_id_of(delivery)
    delivery.save(update_fields=["attempts", "next_attempt_at", "message_id"])
    return delivery


def _lock_if_due(delivery_id: int, now: dt.datetime) -> Delivery | None:
    return (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("event__booking__venue", "event__booking__room", "event__booking__session")
        .filter(pk=delivery_id, state=State.QUEUED, next_attempt_at__lte=now)
        .exclude(channel__in=_quiet_channels())
        .first()
    )


def _is_set_aside(delivery: Delivery) -> bool:
    """Park what cannot be sent, skip what is no longer true; returns whether that was so."""
    if delivery.channel == Channel.EMAIL and delivery.message not in MESSAGES:
        _park(delivery, Refused(f"unknown message {delivery.message!r}"))  # of another version of this code
    elif RETRIES[Channel(delivery.channel)].is_spent(delivery.attempts):
        _park(delivery, Refused("the process died on every try"))
    elif not _is_still_true(delivery):
        _unfinished(delivery).update(state=State.SKIPPED)
        log.info("delivery_skipped", **_facts(delivery))
    else:
        return False
    return True


def _quiet_channels() -> list[str]:
    return [channel for channel, until in _quiet_until.items() if time.monotonic() < until]


def _is_still_true(delivery: Delivery) -> bool:
    # Open pages are told of every event; they look up what is true themselves.
    if delivery.channel == Channel.PUSHER:
        return True
    return MESSAGES[delivery.message].still_true(delivery.event.booking, delivery.event)


def _send(delivery: Delivery) -> None:
    if delivery.channel == Channel.PUSHER:
        pusher.publish(delivery.recipient, payload_of(delivery))
    else:
        email.send(_mail(delivery))


def payload_of(delivery: Delivery) -> dict[str, str | int]:
    """Return what open pages are told: which booking, where it now stands; no names, no amounts."""
    event = delivery.event
    return {
        "booking_id": event.booking.reference,
        "status": event.to_status,
        "updated_at": event.created_at.isoformat(),
        "version": event.version,
    }


def _mail(delivery: Delivery) -> email.Mail:
    event, booking = delivery.event, delivery.event.booking
    message: Message = MESSAGES[delivery.message]
    letter = render.write(message, booking, event)
    return email.Mail(
        to=delivery.recipient,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=delivery.message_id,
        thread_id=f"<{booking.reference}@{mail_domain()}>",
        date=delivery.created_at,
        reply_to=reply_address(message, booking),
        attachments=(ics.mail_part(booking, message.ics),) if message.ics else (),
    )


# --- how it went --------------------------------------------------------------------------------------------


def _put_off(delivery: Delivery, error: Exception) -> None:
    retries = RETRIES[Channel(delivery.channel)]
    if retries.is_spent(delivery.attempts):
        _park(delivery, error)
        return
    wait = retries.wait_after(delivery.attempts)
    _unfinished(delivery).update(next_attempt_at=clock.now() + wait, last_error=str(error)[:2000])
    log.warning("delivery_retry", error=_kind_of(error), wait_seconds=wait.seconds, **_facts(delivery))


def _park(delivery: Delivery, error: Exception) -> None:
    _unfinished(delivery).update(state=State.PARKED, last_error=str(error)[:2000])
    log.error("delivery_parked", error=_kind_of(error), **_facts(delivery))


def _unfinished(delivery: Delivery) -> QuerySet[Delivery]:
    """The row as this attempt left it: whoever took it over after the lease writes for himself."""
    return Delivery.objects.filter(pk=delivery.pk, state=State.QUEUED, attempts=delivery.attempts)


def _kind_of(error: Exception) -> str:
    """Name an error for the log: its text may hold an address."""
    return type(error.__cause__ or error).__name__


def _facts(delivery: Delivery) -> dict[str, str | int]:
    return {
        "booking": delivery.event.booking.reference,
        "delivery": delivery.pk,
        "about": delivery.message,
        "attempt": delivery.attempts,
    }
