"""Refusals in the provider's own words and shape."""

from typing import Any


class StripeError(Exception):
    """One error answer. `is_stored`: the call had begun, so its idempotency key keeps the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        is_stored: bool = False,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.is_stored = is_stored
        self.error = {"message": message, "type": type} | {k: v for k, v in fields.items() if v is not None}

    def body(self) -> dict[str, Any]:
        error = dict(self.error)
        if "code" in error:
            error.setdefault(
                "doc_url", f"https://stripe.com/docs/error-codes/{error['code'].replace('_', '-')}"
            )
        return {"error": error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter refused before anything was done: not kept under the idempotency key."""
    return StripeError(400, message, param=param, code=code)


def refused(message: str, code: str | None = None, param: str | None = None, **fields: Any) -> StripeError:
    """A call refused by the state of things, after it began: kept under the idempotency key."""
    return StripeError(400, message, code=code, param=param, is_stored=True, **fields)


def missing(kind: str, ref: str, param: str, *, elsewhere: str = "") -> StripeError:
    """`elsewhere` is the mode that does have it, "test" or "live"."""
    message = f"No such {kind}: '{ref}'"
    if elsewhere:
        used = "test" if elsewhere == "live" else "live"
        message += f"; a similar object exists in {elsewhere} mode, but a {used} mode key was used to "
        message += "make this request."
    return StripeError(404, message, code="resource_missing", param=param)
