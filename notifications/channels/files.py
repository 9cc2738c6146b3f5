"""A mail backend that keeps each message as one .eml file: what the demo's mail page and the tests read."""

import datetime as dt
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import SafeMIMEMultipart, SafeMIMEText

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")


class EmailBackend(BaseEmailBackend):
    """Writes into EMAIL_FILE_PATH; a file appears whole or not at all."""

    def __init__(self, *, fail_silently: bool = False, file_path: str | None = None, **options: Any) -> None:
        super().__init__(fail_silently, **options)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message that has a recipient; returns how many."""
        written = 0
        for message in email_messages:
            if message.recipients():
                self._write(message.message())  # type: ignore[arg-type]  # the stubs know Django 6 only
                written += 1
        return written

    def _write(self, message: SafeMIMEText | SafeMIMEMultipart) -> None:
        # The mails hold guests' secret links: nobody else on the machine reads them.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / file_name(str(message["Message-ID"] or ""))
        unfinished = path.with_suffix(".tmp")
        unfinished.write_bytes(message.as_bytes(linesep="\r\n"))
        os.replace(unfinished, path)


def file_name(message_id: str) -> str:
    """Return a new file's name: the present time, so that names sort, and the message's id."""
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")
    readable = NOT_IN_NAMES.sub("-", message_id).strip("-.")[:80]
    return f"{stamp}-{secrets.token_hex(2)}-{readable}.eml"
