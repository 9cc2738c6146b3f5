"""The test cards: what each number does, and the tokens that stand for them; in live mode any other number pays."""

from dataclasses import dataclass, replace

from sandbox.paypages import bare

AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again."
)


@dataclass(frozen=True)
class Card:
    """A test card's face and its behavior.

    `decline` is (code, decline_code) or None; `challenge` "" or "3ds"; `refund` "" (at once), "pending" or
    "fails"; `dispute` "" (none), "inquiry" or the reason of a chargeback.
    """

    number: str
    brand: str = "visa"
    funding: str = "credit"
    note: str = "Succeeds"
    decline: tuple[str, str | None] | None = None
    challenge: str = ""
    refund: str = ""
    dispute: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declined(number: str, note: str, decline_code: str, code: str = "card_declined") -> Card:
    return Card(number, note=note, decline=(code, decline_code if code == "card_declined" else None))


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("4000056655665556", funding="debit"),
        Card("5555555555554444", brand="mastercard"),
        Card("2223003122003222", brand="mastercard"),
        Card("5200828282828210", brand="mastercard", funding="debit"),
        Card("378282246310005", brand="amex"),
        Card("371449635398431", brand="amex"),
        Card("6011111111111117", brand="discover"),
        Card("3056930009020004", brand="diners"),
        Card("3566002020360505", brand="jcb"),
        Card("6200000000000005", brand="unionpay"),
        Card("4000000000000077", note="Succeeds, funds available at once"),
        _declined("4000000000000002", "Declined", "generic_decline"),
        _declined("4000000000009995", "Declined: insufficient funds", "insufficient_funds"),
        _declined("4000000000009987", "Declined: lost card", "lost_card"),
        _declined("4000000000009979", "Declined: stolen card", "stolen_card"),
        _declined("4000000000000069", "Declined: expired card", "", "expired_card"),
        _declined("4000000000000127", "Declined: wrong CVC", "", "incorrect_cvc"),
        _declined("4000000000000119", "Declined: processing error", "", "processing_error"),
        _declined("4000000000006975", "Declined: too many tries", "card_velocity_exceeded"),
        _declined("4000000000000341", "Declined when charged", "generic_decline"),
        Card("4000000000003220", note="3-D Secure asked", challenge="3ds"),
        Card("4000002760003184", note="3-D Secure always asked", challenge="3ds"),
        Card("4000002500003155", note="3-D Secure asked unless set up", challenge="3ds"),
        Card("4000008260003178", note="3-D Secure, then insufficient funds", challenge="3ds",
             decline=("card_declined", "insufficient_funds")),
        Card("4000008400001629", note="3-D Secure, then declined", challenge="3ds",
             decline=("card_declined", "generic_decline")),
        Card("4000000000007726", note="Refund pending, then succeeds", refund="pending"),
        Card("4000000000005126", note="Refund succeeds, then fails", refund="fails"),
        Card("4000000000000259", note="Disputed as fraudulent", dispute="fraudulent"),
        Card("4000000000002685", note="Disputed as not received", dispute="product_not_received"),
        Card("4000000000001976", note="An inquiry before a dispute", dispute="inquiry"),
    )
}  # fmt: skip

TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_createDisputeInquiry": "4000000000001976",
}

MESSAGES = {
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "insufficient_funds": "Your card has insufficient funds.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently or "
    "exceeding its amount limit.",
    "test_mode_live_card": "Your card was declined. Your request was in test mode, but used a non test card. "
    "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
    "live_mode_test_card": "Your card was declined. Your request was in live mode, but used a known test card.",
}
# A number that pays without more, in test and in live mode.
PLAIN = {False: "4242424242424242", True: "4532015112830366"}


def find(number: str, *, is_live: bool = False) -> Card:
    """The card of a number, spaces and dashes ignored; one of the other mode declines."""
    digits = bare(number)
    if digits in CARDS:
        refusal = ("card_declined", "live_mode_test_card")
        return replace(CARDS[digits], challenge="", decline=refusal) if is_live else CARDS[digits]
    # Never kept whole: what a person typed might be a real card.
    kept = "0" * 12 + digits[-4:]
    if is_live:
        return Card(kept)
    return Card(kept, brand="unknown", decline=("card_declined", "test_mode_live_card"))


def decline_message(code: str, decline_code: str | None) -> str:
    return MESSAGES.get(code) or MESSAGES.get(decline_code or "") or "Your card was declined."
