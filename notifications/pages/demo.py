"""The demo's mailbox: every mail that would have gone out. There is no such page outside the demo."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp, csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from notifications.pages import mailbox
from notifications.pages.mailbox import Mail

# What a mail may do inside its frame: look as it looks, and open a link in the page around it.
MAIL_POLICY = {
    "default-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-top-navigation-by-user-activation", "allow-same-origin"],
}
HEAD = re.compile(r"<head>", re.IGNORECASE)

View = Callable[..., HttpResponseBase]


def only_in_demo(view: View) -> View:
    """Answer 404 unless the sandbox stands in for the providers and mails are kept as files."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.SANDBOX_URL or mailbox.folder() is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@only_in_demo
def mail_list(request: HttpRequest) -> HttpResponse:
    """List the mails, newest first; `?q=` narrows them by a part of address or subject."""
    wanted = request.GET.get("q", "").strip().casefold()[:200]
    mails = [mail for mail in mailbox.newest() if wanted in f"{mail.to} {mail.subject}".casefold()]
    return render(request, "notifications/demo/mail_list.html", {"mails": mails, "wanted": wanted})


@require_safe
@csp_update({"frame-src": [SELF]})
@only_in_demo
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: its HTML in a frame that runs nothing, its text, its attachments."""
    return render(request, "notifications/demo/mail.html", {"mail": _find(name)})


@require_safe
@xframe_options_sameorigin
@csp(MAIL_POLICY)
@only_in_demo
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a mail as a mail program would show it; its links leave the frame."""
    return HttpResponse(HEAD.sub('<head><base target="_top">', _find(name).html, count=1))


@require_safe
@only_in_demo
def mail_attachment(request: HttpRequest, name: str, n: int) -> HttpResponse:
    """One attachment, to be saved: the browser is not to open it here."""
    attachments = _find(name).attachments
    if n >= len(attachments):
        raise Http404
    found = attachments[n]
    response = HttpResponse(found.content, content_type="application/octet-stream")
    if found.content_type == "text/calendar":
        response["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{_safe(found.filename)}"'
    return response


def _find(name: str) -> Mail:
    found = mailbox.find(name)
    if found is None:
        raise Http404
    return found


def _safe(filename: str) -> str:
    return re.sub(r"[^\w.-]", "_", filename, flags=re.ASCII)[:100]
