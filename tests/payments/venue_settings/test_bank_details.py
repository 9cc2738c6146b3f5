"""Bank accounts: what is one, what is not, and what is said about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.venue_settings.bank_details import WrongBankDetails, checked

GERMAN, BRITISH = "DE89370400440532013000", "GB29NWBK60161331926819"
UZBEK = "20208000900123456001"


def test_iban_is_kept_compact_and_its_bic_may_be_left_out():
    assert checked("de89 3704 0044 0532 0130 00", "", currency="EUR") == (GERMAN, "")
    assert checked(GERMAN, "cobadeffxxx", currency="EUR") == (GERMAN, "COBADEFFXXX")


def test_uzbek_account_is_kept_with_its_mfo():
    assert checked("20208 000 9 00123456 001", "00014", currency="UZS") == (UZBEK, "00014")
    assert checked(f"{UZBEK[:5]}840{UZBEK[8:]}", "00014", currency="USD")[1] == "00014"


def test_nothing_given_is_nothing_kept():
    assert checked("  ", "", currency="EUR") == ("", "")


@pytest.mark.parametrize(
    ("account", "code", "currency", "field"),
    [
        ("DE89370400440532013001", "", "EUR", "bank_account"),
        ("XX00123", "", "EUR", "bank_account"),
        ("DE", "", "EUR", "bank_account"),
        (GERMAN, "COBA", "EUR", "bank_code"),
        (GERMAN, "00014", "EUR", "bank_code"),
        (UZBEK, "0014", "UZS", "bank_code"),
        (UZBEK, "COBADEFF", "UZS", "bank_code"),
        (UZBEK[:-1], "00014", "UZS", "bank_account"),
        (f"{UZBEK}0", "00014", "UZS", "bank_account"),
        (UZBEK, "00014", "USD", "bank_account"),
        (UZBEK, "00014", "EUR", "bank_account"),
        ("٢٠٢٠٨٠٠٠٩٠٠١٢٣٤٥٦٠٠١", "00014", "UZS", "bank_account"),
        ("", "COBADEFF", "EUR", "bank_account"),
    ],
)
def test_wrong_details_name_the_wrong_field(account, code, currency, field):
    with pytest.raises(WrongBankDetails) as refused:
        checked(account, code, currency=currency)

    assert refused.value.field == field


@given(st.integers(4, 21), st.integers(1, 9))
def test_any_one_digit_mistyped_in_an_iban_is_noticed(place, shift):
    digit = (int(GERMAN[place]) + shift) % 10

    with pytest.raises(WrongBankDetails):
        checked(f"{GERMAN[:place]}{digit}{GERMAN[place + 1 :]}", "", currency="EUR")
