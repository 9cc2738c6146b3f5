"""Names, titles and words as people type them: what is kept is what a reader sees.

Letters are composed (NFC). Signs nobody sees go: they come with what is pasted, and make two names of one that look
alike, or one that looks like none. A sign that turns the direction of reading is refused: a name is never meant so.
Joiners stay where a script or an emoji needs them.
"""

import re
import unicodedata
from collections.abc import Iterator

from core.errors import Refusal

# Every way to end a line; word processors have some of their own.
BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
ZWNJ, ZWJ, BLACK_FLAG = "\u200c", "\u200d", "\U0001f3f4"
# Left-to-right and right-to-left override.
TURNING = frozenset("\u202d\u202e")
# What shows nothing though Unicode counts it among letters, marks and symbols.
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
BLANK_BRAILLE = "\u2800"
# Scripts whose letters join: Arabic, Syriac, Thaana, N'Ko to Tibetan and Burmese, Khmer, Mongolian, further Indic ones.
JOINING = (
    range(0x0600, 0x1100), range(0x1780, 0x18B0), range(0x1900, 0x1B80), range(0xA800, 0xAC00),
    range(0xFB50, 0xFE00), range(0xFE70, 0xFEFF), range(0x10A00, 0x12000), range(0x1E900, 0x1E960),
)  # fmt: skip
SELECTORS = range(0xFE00, 0xFE10)
HAN_SELECTORS = range(0xE0100, 0xE01F0)
TAGS = range(0xE0020, 0xE0080)
UNSEEN_PLANE = range(0xE0000, 0xE1000)
# Younger emoji than this Python's table of Unicode knows lie here, too.
EMOJI = range(0x1F000, 0x1FB00)
KEYCAPS = frozenset("0123456789#*")


class InvalidText(Refusal, ValueError):
    """This text cannot be kept; the message is for its field."""


def one_line(text: str) -> str:
    """Return a name, a title or a label as it is kept: one line, single blanks.

    Raises: InvalidText.
    """
    text = text.strip().replace("\t", " ")
    _refuse(text, breaks="")
    return " ".join(_seen(text).split())


def many_lines(text: str) -> str:
    """Return a longer text as it is kept: its lines stay, the ends of the whole go.

    Raises: InvalidText.
    """
    text = BREAKS.sub("\n", text)
    _refuse(text, breaks="\n\t")
    return _seen(text).strip()


def _refuse(text: str, *, breaks: str) -> None:
    """Raises: InvalidText for a sign that is no part of any text, or that turns it."""
    for sign in text:
        if sign in TURNING:
            raise InvalidText(
                "turned_text", "This holds a sign that turns the direction of reading. Type it without."
            )
        if sign not in breaks and unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            raise InvalidText("control_character", "This holds a control character.")


def _seen(text: str) -> str:
    # Twice: what went may have stood between a letter and its mark.
    return unicodedata.normalize("NFC", "".join(_kept_of(unicodedata.normalize("NFC", text))))


def _kept_of(text: str) -> Iterator[str]:
    """Yield the signs of a text that show, and those that shape them."""
    kept = ""  # the sign before, as it is kept
    for place, sign in enumerate(text):
        following = text[place + 1 : place + 2]
        if sign == BLANK_BRAILLE or unicodedata.category(sign) == "Zs":
            sign = " "
        elif not _shows(sign) and not _shapes(sign, kept, following):
            continue
        kept = sign
        yield sign


def _shows(sign: str) -> bool:
    code = ord(sign)
    if sign in UNSEEN or code in SELECTORS or code in UNSEEN_PLANE:
        return False
    return unicodedata.category(sign) not in ("Cf", "Co")


def _shapes(sign: str, before: str, after: str) -> bool:
    """Tell whether an unseen sign changes how its neighbors look."""
    code = ord(sign)
    if not before:
        return False
    if sign in (ZWNJ, ZWJ):
        joins = _joins(before) and (_joins(after) or sign == ZWJ)
        return joins or (sign == ZWJ and _is_pictured(before) and _is_pictured(after))
    if code in SELECTORS:
        return _is_pictured(before) or before in KEYCAPS or _is_han(before)
    if code in HAN_SELECTORS:
        return _is_han(before)
    return code in TAGS and (before == BLACK_FLAG or ord(before) in TAGS)


def _joins(sign: str) -> bool:
    return bool(sign) and any(ord(sign) in script for script in JOINING)


def _is_pictured(sign: str) -> bool:
    """Tell whether a sign is (a part of) an emoji."""
    return bool(sign) and (unicodedata.category(sign) == "So" or ord(sign) in EMOJI or ord(sign) in SELECTORS)


def _is_han(sign: str) -> bool:
    return unicodedata.name(sign, "").startswith("CJK ")
