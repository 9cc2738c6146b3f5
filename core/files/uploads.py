"""Files that forms bring: how many and how large, before anything of them is kept or decoded.

The handler stands before Django's own. What it refuses lies nowhere, and arrives at its field as a RefusedFile whose
reason the field tells; fields of files are those of core.files.pictures.
"""

from __future__ import annotations

from typing import IO

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

MAX_BYTES = 12 * 1024 * 1024
MAX_FILES = 10
# Of a whole request: so many of the largest files, and the fields beside them.
MAX_REQUEST_BYTES = MAX_FILES * MAX_BYTES + 2 * 1024 * 1024
TOO_LARGE = "The picture is larger than 12 MB."
TOO_MANY = f"At most {MAX_FILES} pictures at a time. Save these, then add more."


class RefusedFile(UploadedFile):  # type: ignore[type-arg]  # Django's class takes no argument when it runs
    """A file that was not taken in; nothing of it is kept."""

    def __init__(self, name: str | None, reason: str) -> None:
        super().__init__(name=name, size=0)
        self.reason = reason


class LimitingUploadHandler(FileUploadHandler):
    """Lets the first files of a request through, up to their size, and refuses the rest."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.files = 0
        self.reason = ""

    def handle_raw_input(
        self, input_data: IO[bytes], META: dict[str, str], content_length: int, *_: object, **__: object
    ) -> None:
        """Raises: RequestDataTooBig before anything is read."""
        if content_length > MAX_REQUEST_BYTES:
            raise RequestDataTooBig("The files are too large together.")

    def new_file(
        self,
        field_name: str,
        file_name: str,
        content_type: str,
        content_length: int | None,
        charset: str | None = None,
        content_type_extra: dict[str, bytes] | None = None,
    ) -> None:
        super().new_file(field_name, file_name, content_type, content_length, charset, content_type_extra)
        self.files += 1
        self.reason = TOO_MANY if self.files > MAX_FILES else ""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start + len(raw_data) > MAX_BYTES:
            self.reason = self.reason or TOO_LARGE
        return None if self.reason else raw_data

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        return RefusedFile(self.file_name, self.reason) if self.reason else None
