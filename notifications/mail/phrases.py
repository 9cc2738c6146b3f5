"""How mails write what other people typed: pure functions."""

import re
import unicodedata

# Mail programs turn bare addresses into links; a blank in the right place leaves the text readable and dead.
LINK_LIKE = re.compile(r"(?<=[\w-])([.。．])(?=[^\W\d_]{2})|(?<=\w)(:)(?=//)")


def plain(text: str, limit: int = 120) -> str:
    """Bring what somebody typed onto one line without control characters, cut at `limit` characters."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    line = " ".join(visible.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def inert(text: str, limit: int = 120) -> str:
    """The same, and nothing in it can become a link in a mail program."""
    return LINK_LIKE.sub(lambda found: f"{found.group(0)} ", plain(text, limit))
