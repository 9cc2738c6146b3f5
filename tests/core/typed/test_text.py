"""What is kept of names, titles and words that people type, pasted signs and all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.typed.addresses import ascii_email, read_email
from core.typed.phones import read_phone
from core.typed.text import InvalidText, many_lines, one_line

TURNED = "This holds a sign that turns the direction of reading. Type it without."


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada  Lovelace ", "Ada Lovelace"),
        ("Ada\u00a0Lovelace\u3000\tEve", "Ada Lovelace Eve"),
        ("Zo\u0308e", "Zöe"),
        ("Zo\u200b\u0308e", "Zöe"),
        ("\ufeffAda\u200b Love\u00adlace\u2060", "Ada Lovelace"),
        ("\u2068+998 90\u2069", "+998 90"),
        ("\u202aAda\u202c", "Ada"),
        ("עברית\u200f", "עברית"),
        ("Ad\u200da\u200c", "Ada"),
        ("\u200b", ""),
        ("\u3164\u2800\uffa0\u115f", ""),
        ("Ada\U000e0041\U000e007f", "Ada"),
        ("A\ufe0fda", "Ada"),
    ],
)
def test_one_line_keeps_what_a_reader_sees(typed, kept):
    assert one_line(typed) == kept


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم", "ه\u200d", "क्\u200dष", "ර\u0dca\u200dය", "র\u200d\u09cdয", "👩\u200d⚕\ufe0f",
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d🚀", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3", "☃\ufe0f", "辻\U000e0100",
        "🏴\U000e0067\U000e0062\U000e007f",
        "\U0001fae8", "Ωμέγα 名前", "مرحبا", "O'Brien; DROP TABLE", "<script>alert(1)</script>", "{{ 7*7 }} %s",
    ],
)  # fmt: skip
def test_one_line_leaves_what_scripts_and_emoji_need(text):
    assert one_line(text) == text


@pytest.mark.parametrize("typed", ["\u202egnp.exe", "Ada \u202dEve", "\u202e"])
@pytest.mark.parametrize("read", [one_line, many_lines])
def test_a_sign_that_turns_the_direction_is_refused(read, typed):
    with pytest.raises(InvalidText) as refusal:
        read(typed)

    assert (refusal.value.code, str(refusal.value)) == ("turned_text", TURNED)


@pytest.mark.parametrize("typed", ["Ada\r\nBcc: x", "Ada\x1b[31m", "a\0b", "a\u2028b", "a\ud800"])
def test_one_line_refuses_control_characters(typed):
    with pytest.raises(InvalidText) as refusal:
        one_line(typed)

    assert (refusal.value.code, str(refusal.value)) == (
        "control_character",
        "This holds a control character.",
    )


def test_many_lines_keeps_lines_and_tells_every_break_alike():
    typed = "  Dear host,\r\nwe come late\u2029\u200bat 9\x0bor\x0c10\x85\tyours \n"

    assert many_lines(typed) == "Dear host,\nwe come late\nat 9\nor\n10\n\tyours"
    with pytest.raises(InvalidText):
        many_lines("a\0b")


@given(st.text())
def test_what_is_kept_is_kept_again(typed):
    for read in (one_line, many_lines):
        try:
            kept = read(typed)
        except InvalidText:
            continue
        assert read(kept) == kept
        assert not set(kept) & set("\u200b\u2060\ufeff\u00ad\u202e\u2066\u200e")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+998 90 123 45 67", "+998 90 123 45 67"), ("(030) 1234-567", "(030) 1234-567"), ("", ""), ("  ", ""),
        ("\u202a+49 30 12345\u202c", "+49 30 12345"), ("٠٣٠١٢٣٤", "0301234"),
        ("030/12345 ext. 12", "030/12345 ext. 12"),
        ("12345x9", "12345x9"), ("+33 1.23.45.67.89", "+33 1.23.45.67.89"),
    ],
)  # fmt: skip
def test_read_phone_keeps_a_number(typed, kept):
    assert read_phone(typed) == kept


@pytest.mark.parametrize(
    "typed", ["abc", "12", "call 030 12345", "+", "x12345", "1" * 19, "+-()/ .", "030 12345 or 6"]
)
def test_read_phone_asks_for_digits(typed):
    with pytest.raises(InvalidText) as refusal:
        read_phone(typed)

    assert (refusal.value.code, str(refusal.value)) == (
        "invalid_phone",
        "A phone number, in digits: +998 90 123 45 67, for example.",
    )


def test_read_email_keeps_an_address_as_servers_take_it():
    assert read_email(" Ada@Example.ORG\u200b ") == "ada@example.org"
    assert read_email("pt@exämple.org") == "pt@exämple.org"
    assert read_email("") == ""


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("jürgen@example.org",
         "Not every mail server delivers to addresses with ü before the @. Use one of plain letters."),
        ("nobody", "Enter a valid email address."), ("a@b", "Enter a valid email address."),
        ("ü@", "Not every mail server delivers to addresses with ü before the @. Use one of plain letters."),
    ],
)  # fmt: skip
def test_read_email_says_what_is_wrong(typed, message):
    with pytest.raises(InvalidText) as refusal:
        read_email(typed)

    assert (refusal.value.code, str(refusal.value)) == ("invalid_email", message)


def test_ascii_email_writes_a_domain_in_plain_letters():
    assert ascii_email("pt@exämple.org") == "pt@xn--exmple-cua.org"
    assert ascii_email("ada@example.org") == "ada@example.org"
