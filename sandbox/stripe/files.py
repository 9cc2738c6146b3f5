"""Files sent to the provider, as evidence in a dispute; kept are their names and fingerprints."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from sandbox.stripe import schema
from sandbox.stripe.account import Account
from sandbox.stripe.errors import invalid
from sandbox.stripe.schema import one_of

Json = dict[str, Any]
LARGEST_EVIDENCE = 5 * 1024 * 1024
KINDS = {b"%PDF-": "pdf", b"\x89PNG\r\n": "png", b"\xff\xd8\xff": "jpg"}
NAME = re.compile(rb'name="([^"]*)"')
FILENAME = re.compile(rb'filename="([^"]*)"')


@dataclass(frozen=True)
class Upload:
    """One part with a file name; equal uploads look equal to an idempotency key."""

    filename: str
    content: bytes

    def __str__(self) -> str:
        return f"{self.filename} {hashlib.sha256(self.content).hexdigest()}"


def _upload(value: Any, name: str) -> Upload:
    if not isinstance(value, Upload):
        raise invalid(f"Invalid file: {name} must be a file upload", name)
    return value


CREATE = {
    "file": schema.required(_upload),
    "file_link_data": schema.unsimulated,
    "purpose": schema.required(one_of("account_requirement", "additional_verification", "dispute_evidence")),
}


def create(account: Account, params: Json) -> Json:
    upload: Upload = params["file"]
    kind = next((one for start, one in KINDS.items() if upload.content.startswith(start)), None)
    if kind is None:
        raise invalid("The file must be a PDF, JPEG or PNG.", "file", "file_type_invalid")
    if len(upload.content) > LARGEST_EVIDENCE:
        raise invalid("The file is larger than 5 MB.", "file", "file_too_large")
    ref = account.new_id("file_")
    account.private[ref] = {"sha256": hashlib.sha256(upload.content).hexdigest()}
    return account.add({
        "id": ref,
        "object": "file",
        "created": account.now,
        "expires_at": None,
        "filename": upload.filename,
        "links": {"object": "list", "data": [], "has_more": False, "url": f"/v1/file_links?file={ref}"},
        "purpose": params["purpose"],
        "size": len(upload.content),
        "title": None,
        "type": kind,
        "url": f"{account.page_base}/v1/files/{ref}/contents",
    })  # fmt: skip


def parts_of(body: bytes, content_type: str) -> Json:
    """The fields of a multipart form; a part with a file name becomes an Upload. Raises: StripeError."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise invalid("Invalid request: a multipart body needs a boundary")
    fields: Json = {}
    for part in body.split(b"--" + match[1].encode())[1:-1]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = NAME.search(head.replace(b"filename=", b"file="))
        if not separator or name is None:
            raise invalid("Invalid request: the multipart body is malformed")
        filename = FILENAME.search(head)
        content = content.removesuffix(b"\r\n")
        fields[_text(name[1])] = Upload(_text(filename[1]), content) if filename else _text(content)
    return fields


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise invalid("Invalid request: the body is not UTF-8") from error
