"""What a guest reads when a card is refused."""

import pytest

from payments.phrases import DECLINE_MESSAGES, DEFAULT_MESSAGE, decline_message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("card_declined", "declined"),
        ("insufficient_funds", "not enough money"),
        ("expired_card", "expired"),
        ("incorrect_cvc", "security code"),
    ],
)
def test_each_code_has_its_own_words(code, says):
    assert says in decline_message(code)


def test_unknown_code_has_the_default():
    assert decline_message("something_new") == DEFAULT_MESSAGE == "The payment failed. Please try again."


def test_no_code_says_nothing():
    assert decline_message("") == ""


@pytest.mark.parametrize("code", ["lost_card", "stolen_card"])
def test_lost_and_stolen_cards_are_not_named_to_whoever_holds_them(code):
    assert "lost" not in DECLINE_MESSAGES[code].lower()
    assert "stolen" not in DECLINE_MESSAGES[code].lower()
