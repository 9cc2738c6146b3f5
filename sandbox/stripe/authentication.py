"""Who may call: any test or live key, as a bearer token or as the name of basic authorization."""

import base64
import binascii
import re

from sandbox.stripe.errors import StripeError


def is_live(headers: dict[str, str]) -> bool:
    """Whether a call is for the live world; one without a good key is refused in the test world."""
    return bool(re.match("(sk|rk|pk)_live_", _key(headers.get("authorization", ""))))


def check(headers: dict[str, str]) -> bool:
    """Bearer or Basic; True for a publishable key, which a browser holds.

    Raises: StripeError 401 or 403.
    """
    key = _key(headers.get("authorization", ""))
    if not key:
        raise StripeError(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )
    if not re.fullmatch(r"(sk|rk|pk)_(test|live)_[\w-]+", key):
        raise StripeError(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}")
    if headers.get("stripe-account"):
        account = headers["stripe-account"]
        message = f"The provided key does not have access to account '{account}', or there is none."
        raise StripeError(403, message, code="account_invalid")
    return key.startswith("pk_")


def secret_needed() -> StripeError:
    """A publishable key where only a secret one will do."""
    message = "This API call cannot be made with a publishable API key. Please use a secret API key. "
    return StripeError(
        401, message + "You can find your API keys in the dashboard.", code="secret_key_required"
    )


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
