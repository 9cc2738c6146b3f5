"""Bank accounts as hosts type them: IBAN and BIC, or an Uzbek account and its bank's MFO. Pure functions.

An Uzbek account has 20 digits: 5 of the balance account, 3 of the currency, a check digit, 8 of the client, 3 of a
number. How the check digit is made is not published, so only form and currency are checked.
"""

import re

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from core.errors import Refusal

# What stands for a currency in an Uzbek account: the so'm has a code of its own there, others their ISO number.
UZBEK_CURRENCIES = {"UZS": "000", "USD": "840", "EUR": "978", "GBP": "826"}
SPACES = re.compile(r"[\s.-]")


class WrongBankDetails(Refusal, ValueError):
    """`field` is bank_account or bank_code; the message is for whoever typed it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__("invalid", message, field)


def compact(text: str) -> str:
    """Return an account or code without the spaces people group it by."""
    return SPACES.sub("", text).upper()


def checked(account: str, code: str, *, currency: str) -> tuple[str, str]:
    """Return account and code, compact, if they are ones. An empty account needs no code. Raises: WrongBankDetails."""
    account, code = compact(account), compact(code)
    if not account and not code:
        return "", ""
    if not account:
        raise WrongBankDetails("bank_account", "The bank's code needs an account beside it.")
    if account.isdecimal():
        _check_uzbek(account, code, currency)
    else:
        _check_iban(account, code)
    return account, code


def _check_uzbek(account: str, code: str, currency: str) -> None:
    if not re.fullmatch(r"[0-9]{20}", account):
        raise WrongBankDetails(
            "bank_account", "An Uzbek account has 20 digits; other accounts are given as IBAN."
        )
    if account[5:8] != UZBEK_CURRENCIES.get(currency):
        raise WrongBankDetails(
            "bank_account", f"This account is not in {currency}: digits 6 to 8 name its currency."
        )
    if not re.fullmatch(r"[0-9]{5}", code):
        raise WrongBankDetails("bank_code", "The bank's MFO has 5 digits.")


def _check_iban(account: str, code: str) -> None:
    try:
        iban.validate(account)
    except ValidationError as error:
        raise WrongBankDetails(
            "bank_account", "This is not an IBAN; please check it for a typing error."
        ) from error
    try:
        if code:
            bic.validate(code)
    except ValidationError as error:
        raise WrongBankDetails("bank_code", "This is not a BIC: 8 or 11 letters and digits.") from error
