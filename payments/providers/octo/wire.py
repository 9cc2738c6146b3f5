"""Octo's wire: one POST of JSON, one envelope, amounts as decimal numbers of major units.

The gateway answers HTTP 200 to refusals, too. Anything else (no answer, another status, HTML, half a document)
says nothing about what was done, and becomes Unavailable.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import requests
from django.conf import settings

from core.money import InvalidAmount, to_decimal, to_minor
from payments.providers.base import Misconfigured, Unavailable, refuse_in_transaction

OWN_BASE = "https://secure.octo.uz"
WRONG_SECRET = 2
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class OctoAccount:
    """A merchant's account at Octo: the platform's, or a venue's own.

    `unique_key` signs callbacks and is not the `secret`. `hold_minutes` is how long Octo keeps a hold of this
    shop: 30 unless its contract says otherwise. An empty `api_base` means Octo's own. `signature_scheme` is "U",
    or "N" for shops whose callbacks are signed the older way.

    Raises: Misconfigured without a shop id or a secret.
    """

    shop_id: int
    secret: str = field(repr=False)
    unique_key: str = field(default="", repr=False)
    api_base: str = ""
    notify_url: str = ""
    is_test: bool = True
    hold_minutes: int = 30
    language: str = "en"
    signature_scheme: str = "U"
    tsp_id: int | None = None

    def __post_init__(self) -> None:
        if type(self.shop_id) is not int or self.shop_id < 1 or not self.secret:
            raise Misconfigured("Octo needs a shop id, a number, and a secret")


class Refusal(Exception):
    """Octo answered, and said no. What `number` means depends on the endpoint; the text is for logs alone."""

    def __init__(self, endpoint: str, number: int, text: str) -> None:
        super().__init__(f"{endpoint}: {number} {text}")
        self.number = number
        self.code = f"{endpoint}:{number}"


class OctoClient:
    """Speaks for one account; logs nothing, since every body carries the secret."""

    def __init__(self, account: OctoAccount) -> None:
        self.account = account

    def post(self, endpoint: str, fields: Mapping[str, object], **amounts_minor: int) -> dict[str, object]:
        """Return the fields of the answer's `data`, with those of the envelope where it has none.

        Raises: Refusal, Unavailable, Misconfigured (wrong credentials, senseless address).
        """
        refuse_in_transaction()
        who = {"octo_shop_id": self.account.shop_id, "octo_secret": self.account.secret}
        response = self._send(endpoint, _document({**who, **fields}, amounts_minor))
        if response.status_code != 200:
            raise Unavailable("Octo did not answer", code=f"http_{response.status_code}")
        answer = _parsed(response.content)
        if number := _error_number(answer):
            text = str(answer.get("errMessage") or "")[:200].replace(self.account.secret, "***")
            if number == WRONG_SECRET:
                raise Misconfigured(text, code=f"{endpoint}:{number}")
            raise Refusal(endpoint, number, text)
        data = answer.get("data")
        # The twins at the top level are announced for removal, and all that the older version had.
        return {**answer, **data} if isinstance(data, dict) else answer

    def _send(self, endpoint: str, body: str) -> requests.Response:
        try:
            return requests.post(
                f"{self.account.api_base or OWN_BASE}/{endpoint}",
                data=body.encode(),
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                timeout=(settings.PROVIDER_CONNECT_SECONDS, settings.PROVIDER_READ_SECONDS),
                allow_redirects=False,
            )
        except ValueError as error:  # requests' word for an address it cannot use
            raise Misconfigured("OCTO_API_BASE is no address") from error
        except requests.RequestException as error:
            raise Unavailable(f"Octo is out of reach: {type(error).__name__}", code="no_answer") from error


def minor(answer: dict[str, object], name: str, currency: str) -> int | None:
    """Return an amount of an answer in minor units, None where it says nothing. Raises: Unavailable."""
    value = answer.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
            raise InvalidAmount(f"{value!r} is not an amount")
        return to_minor(Decimal(value), currency or "UZS")
    except InvalidAmount as error:
        raise Unavailable(f"Octo's answer cannot be read: {error}", code="bad_amount") from error


def merchant_id(ref: str) -> str:
    """Return our id of a transaction or refund if it may be sent. Raises: ValueError."""
    if not ID.fullmatch(ref):
        raise ValueError("an Octo transaction id is missing or malformed")
    return ref


def payment_uuid(ref: str) -> str:
    """Return the gateway's id of a payment if it is one. Raises: ValueError."""
    if str(uuid.UUID(ref)) != ref.lower():
        raise ValueError("an Octo payment id is malformed")
    return ref.lower()


def _document(fields: dict[str, object], amounts_minor: dict[str, int]) -> str:
    """JSON with exact decimals, which json itself cannot write without floats."""
    if not all(value > 0 for value in amounts_minor.values()):
        raise ValueError("an amount must be positive")
    text = json.dumps(fields, ensure_ascii=False)[:-1]
    # Every currency of Octo has two decimals.
    amounts = [f', "{name}": {to_decimal(value, "UZS"):f}' for name, value in amounts_minor.items()]
    return text + "".join(amounts) + "}"


def _parsed(content: bytes) -> dict[str, object]:
    try:
        answer = json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    except ValueError as error:
        raise Unavailable("Octo's answer is not JSON", code="not_json") from error
    if not isinstance(answer, dict):
        raise Unavailable("Octo's answer is no object", code="not_json")
    return answer


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _error_number(answer: dict[str, object]) -> int:
    number = answer.get("error")
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if type(number) is not int:
        raise Unavailable("Octo's answer has no error number", code="bad_answer")
    return number
