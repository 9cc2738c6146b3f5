"""The test cards. No official ones are known, so these are the sandbox's own choice."""

from dataclasses import dataclass

from sandbox.paypages import bare

RIGHT_CODE = "111111"


@dataclass(frozen=True)
class Card:
    """`challenge` is "", "otp" (a code by SMS) or "3ds" (the bank's page); `refund` "" or "pending"."""

    number: str
    kind: str = "internationalVisa"
    note: str = "Succeeds"
    is_declined: bool = False
    challenge: str = ""
    refund: str = ""

    @property
    def masked(self) -> str:
        """As the callbacks write it: 427831** **** 3011."""
        return f"{self.number[:6]}** **** {self.number[-4:]}"


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("5555555555554444", kind="internationalMastercard"),
        Card("8600000000000007", kind="uzcard", note="Uzcard, asks for a code", challenge="otp"),
        Card("9860000000000000", kind="humo", note="Humo, asks for a code", challenge="otp"),
        Card("4000000000003220", note="3-D Secure asked", challenge="3ds"),
        Card("4000000000000002", note="Declined", is_declined=True),
        Card("4000000000009995", note="Declined: insufficient funds", is_declined=True),
        Card("8600123456789012", kind="uzcard", note="Uzcard, a code, then declined", is_declined=True,
             challenge="otp"),
        Card("4000000000007726", note="Refund pending, then succeeds", refund="pending"),
    )
}  # fmt: skip


def find(number: str) -> Card:
    """The card of a number; one that is no test card declines and is never kept whole."""
    digits = bare(number)
    return CARDS.get(digits) or Card("0" * 12 + digits[-4:], kind="unknown", is_declined=True)
