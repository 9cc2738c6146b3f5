"""What an API token may do. A token has any of these; one scope brings no other with it."""

READ, BOOKINGS, MONEY, PAYEE = "read", "bookings", "money", "payee"
SCOPES = {
    READ: "See bookings, payments, settings and balances",
    BOOKINGS: "Book, approve, decline, cancel; add and change sessions",
    MONEY: "Give money back and change payment settings",
    PAYEE: "Change where payouts go",
}
# Of a token nobody asked more of; a payee is changed by those alone that were made for it.
USUAL = (READ, BOOKINGS, MONEY)

USUAL_DAYS, LONGEST_DAYS = 90, 365
# It stands in for a password typed at each change: it must not lie about for long.
LONGEST_PAYEE_DAYS = 30


def refusal_of(scopes: list[str], days: int) -> str:
    """Return why no token has these scopes for so many days; empty if it may."""
    if not scopes:
        return "Say what the token may do."
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        return f"There is no scope {', '.join(unknown)}; there are {', '.join(SCOPES)}."
    longest = LONGEST_PAYEE_DAYS if PAYEE in scopes else LONGEST_DAYS
    if not 1 <= days <= longest:
        about = "that may change where payouts go " if PAYEE in scopes else ""
        return f"A token {about}lasts from 1 to {longest} days."
    return ""
