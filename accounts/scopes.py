"""What an API token may do. A token has any of these; one scope brings no other with it."""

READ, BOOKINGS, MONEY, PAYEE, TEAM = "read", "bookings", "money", "payee", "team"
SCOPES = {
    READ: "See bookings, payments, settings and balances",
    BOOKINGS: "Book, approve, decline, cancel; add and change sessions",
    MONEY: "Give money back and change payment settings",
    PAYEE: "Change where payouts go",
    TEAM: "Invite, change and remove members of a team",
}
# Of a token nobody asked more of; payee and team are changed by those alone that were made for it.
USUAL = (READ, BOOKINGS, MONEY)

USUAL_DAYS, LONGEST_DAYS = 90, 365
# They stand in for a password typed at each change, and must not lie about for long.
GRAVE = {PAYEE: "change where payouts go", TEAM: "change a team"}
LONGEST_GRAVE_DAYS = 30


def refusal_of(scopes: list[str], days: int) -> str:
    """Return why no token has these scopes for so many days; empty if it may."""
    if not scopes:
        return "Say what the token may do."
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        return f"There is no scope {', '.join(unknown)}; there are {', '.join(SCOPES)}."
    grave = [what for scope, what in GRAVE.items() if scope in scopes]
    longest = LONGEST_GRAVE_DAYS if grave else LONGEST_DAYS
    if not 1 <= days <= longest:
        about = f"that may {' and '.join(grave)} " if grave else ""
        return f"A token {about}lasts from 1 to {longest} days."
    return ""
