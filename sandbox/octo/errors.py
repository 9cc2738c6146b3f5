"""Refusals the way this gateway makes them: HTTP 200, a number, a text, and no data."""

FORMAT = 1
AUTH = 2
SUM = 3  # a basket that does not add up, or (older) a wrong refund amount
INTERNAL = 4
CURRENCY = 6
METHOD = 7
NO_NOTIFY_URL = 9
STATUS = 10
NOT_FOUND = 11
TOO_OFTEN = 11  # the number is shared; the text differs
REFUND_AMOUNT = 22


class OctoError(Exception):
    """One error answer; numbers mean different things at different endpoints."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
