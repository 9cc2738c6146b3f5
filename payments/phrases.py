"""What a guest is told when a card is refused: one sentence per code, and what to do next."""

# Codes as Stripe names them; lost and stolen cards are not named to whoever holds them.
DECLINE_MESSAGES = {
    "card_declined": "Your bank declined the card. Please try another card, or ask your bank why.",
    "generic_decline": "Your bank declined the card. Please try another card, or ask your bank why.",
    "insufficient_funds": "There is not enough money on this card for the hold. Please try another card.",
    "lost_card": "Your bank declined the card. Please use another card.",
    "stolen_card": "Your bank declined the card. Please use another card.",
    "expired_card": "This card has expired. Please check the date or use another card.",
    "incorrect_cvc": "The card's security code is not right. Please check it and try again.",
    "processing_error": "The bank had a problem with the card. Please try again in a moment.",
    "card_velocity_exceeded": "This card has reached its limit for now. Please try another card.",
    # Octo says no more than that it is over: the bank said no, or the time on its page ran out.
    "canceled": "The payment was not made. Please try again, or use another card.",
    "not_taken": (
        "The payment provider does not take this payment, and trying again does not help. Nothing was charged. "
        "Our staff know, and will write to you."
    ),
    "authentication_required": "Your bank wants you to confirm this payment. Please try again and confirm it.",
    "payment_intent_authentication_failure": (
        "The payment was not confirmed with your bank. Please try again, or use another card."
    ),
}
DEFAULT_MESSAGE = "The payment failed. Please try again."
UNAVAILABLE = "Payment temporarily unavailable"
# What trying a venue's keys at Octo ended with.
KEYS_TRIED = {
    "ok": "Octo knows this shop and its secret. The unique key shows itself with the first payment.",
    "refused": "Octo refuses this shop id and secret: please check both, and save them again.",
    "unknown": "Octo did not answer. The keys may be right: please try again in a minute.",
    "too_often": "Tried too often: please wait a minute.",
}


def decline_message(code: str) -> str:
    """Return the sentence for a provider's decline code; empty for no code."""
    return DECLINE_MESSAGES.get(code, DEFAULT_MESSAGE) if code else ""
