"""Faults as answers: what a call gets instead of, or after, the truth."""

from sandbox.faults import Fault
from sandbox.stripe.errors import StripeError
from sandbox.wire import Response, json_response

HTML = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>502 Bad Gateway</body>\n</html>\n"


def is_before_the_work(fault: Fault) -> bool:
    """True when the call shall leave no effect."""
    return fault.fault not in ("delay", "timeout_after") and not fault.after


def answer(fault: Fault, headers: dict[str, str]) -> Response:
    """The false answer of a fault; a reset has none, so that its transport cuts the line."""
    if fault.fault == "error_429":
        error = StripeError(429, "Request rate limit exceeded.", code="rate_limit")
        return json_response(429, error.body(), headers)
    if fault.fault in ("error_500", "stored_500"):
        error = StripeError(500, "An unknown error occurred", type="api_error")
        stored = {"Stripe-Should-Retry": "false"} if fault.fault == "stored_500" else {}
        return json_response(500, error.body(), {**headers, **stored})
    if fault.fault == "html_502":
        return Response(502, {"Content-Type": "text/html"}, HTML)
    return Response(0, {}, b"", broken="reset")


def spoiled(response: Response, fault: Fault | None) -> Response:
    """What is sent after the work was done, where the fault comes after it."""
    if fault is None or fault.fault in ("delay", "stored_500"):
        return response
    if fault.fault == "timeout_after":
        response.broken, response.hang_seconds = "timeout", fault.seconds
        return response
    return answer(fault, response.headers) if fault.after else response
