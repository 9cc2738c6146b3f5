"""Reads the .eml files that channels.files writes, for the demo's mail page."""

import datetime as dt
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,140}")
ENDING = ".eml"


@dataclass(frozen=True)
class Attachment:
    """A file that came along; `content_type` is what it says of itself."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    """One stored mail. `name` is its file's, without the ending."""

    name: str
    sent_at: dt.datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def folder() -> Path | None:
    """Return where mails are kept; None where they really go out."""
    path = getattr(settings, "EMAIL_FILE_PATH", None)
    return Path(path) if path else None


def newest(limit: int = 200) -> list[Mail]:
    """Return the newest mails first; names begin with the time they were written."""
    home = folder()
    if home is None or not home.is_dir():
        return []
    paths = sorted(home.glob(f"*{ENDING}"), reverse=True)[:limit]
    return [_read(path) for path in paths]


def find(name: str) -> Mail | None:
    """Return one mail by its name; None for a name that is none of ours."""
    home = folder()
    if home is None or not NAME.fullmatch(name):
        return None
    path = home / f"{name}{ENDING}"
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(
        name=path.name.removesuffix(ENDING),
        sent_at=_date(message, path),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or "(no subject)"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _date(message: EmailMessage, path: Path) -> dt.datetime:
    try:
        sent_at = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    return sent_at if timezone.is_aware(sent_at) else sent_at.replace(tzinfo=dt.UTC)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content() if part is not None else ""


def _attachment(part: EmailMessage) -> Attachment:
    data = part.get_payload(decode=True)  # None of a part of parts
    return Attachment(
        filename=part.get_filename() or "attachment",
        content_type=part.get_content_type(),
        content=data if isinstance(data, bytes) else b"",
    )
