"""Mail through the configured backend: one message to one address."""

import datetime as dt
import smtplib
from dataclasses import dataclass
from email.header import Header
from email.mime.base import MIMEBase
from email.utils import format_datetime
from typing import Any

from django.core.mail import EmailMultiAlternatives

from notifications.channels.base import Refused, Unavailable


@dataclass(frozen=True)
class Mail:
    """A mail ready to go; `message_id` and `date` are the same on every attempt."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    thread_id: str
    date: dt.datetime
    reply_to: str = ""
    attachments: tuple[MIMEBase, ...] = ()


def send(mail: Mail) -> None:
    """Hand one mail to the mail server. Raises: Unavailable, Refused."""
    try:
        _build(mail).send()
    except smtplib.SMTPRecipientsRefused as error:
        is_final = all(code >= 500 for code, _ in error.recipients.values())
        raise (Refused if is_final else Unavailable)(str(error)) from error
    except (smtplib.SMTPException, OSError) as error:
        # A wrong password or sender is refused too, but staff can put that right within the time we try.
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except ValueError as error:  # a header with a line break, an address that cannot be encoded
        raise Refused(f"{type(error).__name__}: {error}") from error


class _Message(EmailMultiAlternatives):
    """Begins the subject on the header's own line: folded before it, some readers keep a blank in front."""

    def message(self, **options: Any) -> Any:
        built = super().message(**options)
        if not self.subject.isascii():
            # A line break has been refused by now; encoded, it holds none but the folds.
            built.replace_header(
                "Subject", Header(str(self.subject), "utf-8", header_name="Subject").encode()
            )
        return built


def _build(mail: Mail) -> EmailMultiAlternatives:
    message = _Message(
        subject=mail.subject,
        body=mail.text,
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={
            "Message-ID": mail.message_id,
            "References": mail.thread_id,
            "Date": format_datetime(mail.date),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(mail.html, "text/html")
    for part in mail.attachments:
        message.attach(part)
    return message
