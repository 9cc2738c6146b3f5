"""The mail with the code that proves an address; sent at once, since somebody waits for it."""

import hashlib

import structlog
from django.conf import settings
from django.template.loader import render_to_string

from core import clock
from notifications.channels import email
from notifications.channels.base import Refused, Unavailable
from notifications.mail.render import BARS, FOLDER, as_text
from notifications.services import mail_domain

log = structlog.get_logger(__name__)


def send(address: str, code: str) -> None:
    """Mail a code to an address; what fails is logged without either, and asking again sends again."""
    context = {
        "heading": "Your code", "bar": BARS["quiet"], "greeting": "Hello,",
        "paragraphs": [
            f"Somebody, you we hope, is booking with this address. Type this code on the page to go on: {code}",
            "It is good for half an hour. If it was not you, do nothing: nothing is booked.",
        ],
        "preview": "To go on with your booking", "rows": [], "action": "", "link": "", "is_for_guest": False,
        "because": "this address was typed for a booking", "site_url": settings.SITE_URL,
    }  # fmt: skip
    digest = hashlib.sha256(f"{address}:{code}".encode()).hexdigest()[:16]
    message_id = f"<proof.{digest}@{mail_domain()}>"
    mail = email.Mail(
        to=address, subject="Your code for a booking", text=as_text(context),
        html=render_to_string(f"{FOLDER}/layout.html", context), message_id=message_id, thread_id=message_id,
        date=clock.now(),
    )  # fmt: skip
    try:
        email.send(mail)
    except (Unavailable, Refused) as error:
        log.warning("proof_mail_failed", error=type(error.__cause__ or error).__name__)
