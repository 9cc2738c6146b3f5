"""Faults as answers: what a call gets instead of, or after, the truth."""

from sandbox.faults import Fault
from sandbox.octo.errors import INTERNAL, TOO_OFTEN
from sandbox.octo.shapes import envelope
from sandbox.wire import Response, json_response

HTML = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>502 Bad Gateway</body>\n</html>\n"
AFTER_THE_WORK = ("delay", "timeout_after", "truncated", "html_200")


def is_before_the_work(fault: Fault) -> bool:
    """True when the call shall leave no effect."""
    return fault.fault not in AFTER_THE_WORK and not fault.after


def answer(fault: Fault) -> Response:
    """The false answer of a fault; a reset has none, so that its transport cuts the line."""
    if fault.fault == "error_429":
        return _refusal(429, TOO_OFTEN, "Requests too often. Minimum delay is 1 second")
    if fault.fault == "error_500":
        return _refusal(500, INTERNAL, "Internal error")
    if fault.fault == "stored_500":
        return internal_error()
    if fault.fault in ("html_502", "html_200"):
        return Response(int(fault.fault[-3:]), {"Content-Type": "text/html"}, HTML)
    return Response(0, {}, b"", broken="reset")


def internal_error() -> Response:
    """The gateway's own way to fail: HTTP 200 and number 4."""
    return _refusal(200, INTERNAL, "Internal error")


def spoiled(response: Response, fault: Fault | None) -> Response:
    """What is sent after the work was done, where the fault comes after it."""
    if fault is None or fault.fault == "delay":
        return response
    if fault.fault == "timeout_after":
        response.broken, response.hang_seconds = "timeout", fault.seconds
        return response
    if fault.fault == "truncated":
        response.body = response.body[: len(response.body) // 2]
        return response
    return answer(fault) if fault.after or fault.fault == "html_200" else response


def _refusal(status: int, code: int, message: str) -> Response:
    return json_response(status, envelope(None, code=code, message=message, is_doubled=False))
