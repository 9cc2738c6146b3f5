"""Structured logs: every line carries the request id (or task id) and, where known, the booking's reference."""

import logging
import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from structlog.typing import EventDict, Processor

# A run of 13 to 19 digits, grouped or not, is treated as a card number.
CARD_LIKE = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])")
SECRET_LIKE = re.compile(
    r"\b(?:sk|rk)_(?:test|live)_\w+|\bwhsec_\w+|\b(?:cs|pi|seti)_\w+_secret_\w+|(?i:bearer|booking)\s+[\w.~+/=-]{16,}"
    # in addresses: a guest's link, a password's and an e-mail's
    r"|(?<=/open/)\w+|(?<=/reset/key/)[\w-]+|(?<=/confirm-email/)[\w:-]{16,}"
)
SECRET_KEYS = frozenset(
    "password secret token authorization cookie client_secret api_key signature card number cvc body html".split()
)
# Their every call or task is no news; their warnings and errors are.
CHATTY = (
    "fontTools",
    "stripe",
    "urllib3",
    "kombu",
    "celery.worker.strategy",
    "celery.app.trace",
)
REQUEST_ID = re.compile(r"^[\w.-]{8,64}$")


def mask(text: str) -> str:
    """Replace whatever looks like a secret or a card number."""
    return CARD_LIKE.sub("[card]", SECRET_LIKE.sub("[secret]", text))


def mask_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: no secret, token or card-like number leaves through a log."""
    return {
        key: "[secret]" if key in SECRET_KEYS else mask(value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def configure(log_format: str, level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers through one masked, structured handler."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


class NamedRequest(HttpRequest):
    """A request as it leaves the middleware: all its log lines carry `request_id`."""

    request_id: str


class RequestIdMiddleware:
    """Bind a request id to all log lines of a request and answer it as `X-Request-Id`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: NamedRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        request_id = offered if REQUEST_ID.match(offered) else uuid.uuid4().hex
        request.request_id = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response
