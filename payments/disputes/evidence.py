"""The answer to a dispute: its texts by the provider's names, what each is for, and a first draft from our books."""

from dataclasses import dataclass

from bookings import evidence_sources
from bookings.cancellation import schedule_of
from bookings.models import Booking
from bookings.phrases import host as host_phrases
from core import dates
from core.money import format_minor
from payments.ledger import given_back
from payments.models import Dispute
from rooms.pricing.policies import cancellation_rules, tiers_of

# Stripe takes 150,000 characters over all fields; these are far within.
LINE, TEXT = 200, 5_000


@dataclass(frozen=True)
class Field:
    """One text of the answer; `most` is how many characters it may have."""

    name: str
    label: str
    help: str
    most: int = TEXT


FIELDS = (
    Field("product_description", "What was booked", "The room, the dates and what was part of it."),
    Field("customer_name", "Name of the guest", "As it was given when booking.", LINE),
    Field("customer_email_address", "E-mail address of the guest", "As it was given when booking.", LINE),
    Field("service_date", "Date of the visit", "When the stay or appointment was, or would have been.", LINE),
    Field("cancellation_policy_disclosure", "How the policy was shown", "Where and when the guest saw it."),
    Field("refund_policy_disclosure", "The refund policy", "The rules frozen into this booking."),
    Field(
        "refund_refusal_explanation",
        "Why there was no refund",
        "Empty where one was made, or none asked for.",
    ),
    Field("access_activity_log", "What the guest did here", "Acts the site recorded."),
    Field(
        "uncategorized_text",
        "Anything else",
        "Letters with the guest, who was met at the door, a signed paper.",
    ),
)
BY_NAME = {field.name: field for field in FIELDS}


@dataclass(frozen=True)
class Reason:
    """What a provider's reason means, and what helps against it."""

    meaning: str
    advice: tuple[str, ...]


OTHER = Reason(
    "The guest's bank gave no reason we know.",
    ("Show what was booked, that it was delivered, and which policy the guest agreed to.",),
)
REASONS = {
    "fraudulent": Reason(
        "The cardholder says they did not make this payment.",
        (
            "Show that the cardholder and the guest are one person: name, address, earlier stays.",
            "A payment confirmed with 3-D Secure usually counts as the cardholder's own.",
            "If the room was used, show it: check-in, a signed paper, letters afterwards.",
        ),
    ),
    "product_not_received": Reason(
        "The guest says they did not get what they paid for.",
        (
            "Show that the room was ready, or that the visit took place.",
            "If the guest did not come, show the policy and that nobody cancelled in time.",
        ),
    ),
    "product_unacceptable": Reason(
        "The guest says the room was not as described.",
        ("Show the description and photos as they were, and what was offered when the guest complained.",),
    ),
    "credit_not_processed": Reason(
        "The guest says a refund was promised and did not come.",
        (
            "If a refund was made, give its reference and date.",
            "If none was due, show the policy and when the guest cancelled.",
        ),
    ),
    "duplicate": Reason(
        "The guest says they were charged twice.",
        ("Show that each charge is for another booking, or that one was refunded.",),
    ),
    "subscription_canceled": Reason(
        "The guest says they had cancelled.",
        ("Show when and how the guest cancelled, and what the policy says of it.",),
    ),
    "unrecognized": Reason(
        "The cardholder does not recognize the charge on their statement.",
        (
            "Often the guest simply forgot: write to them, they can withdraw the dispute at their bank.",
            "Show name, address, dates and the mails that were sent.",
        ),
    ),
    "general": OTHER,
}


def reason_of(dispute: Dispute) -> Reason:
    """Return what the bank's reason means and what helps."""
    return REASONS.get(dispute.reason, OTHER)


def checked(texts: dict[str, str]) -> dict[str, str]:
    """Return the texts that may be saved, without empty ones. Raises: ValueError for an unknown or long one."""
    kept: dict[str, str] = {}
    for name, text in texts.items():
        if name not in BY_NAME:
            raise ValueError(f"unknown evidence field {name!r}")
        if len(text) > BY_NAME[name].most:
            raise ValueError(f"{name} is longer than {BY_NAME[name].most} characters")
        if text.strip():
            kept[name] = text.strip()
    return kept


def as_sent(dispute: Dispute) -> dict[str, str]:
    """Return the texts as the provider takes them; what was given back is named, whatever else is written."""
    texts = {field.name: dispute.evidence[field.name] for field in FIELDS if dispute.evidence.get(field.name)}
    told, other = given_text(dispute), texts.get("uncategorized_text", "")
    if told and told not in "".join(texts.values()):
        texts["uncategorized_text"] = f"{told}\n\n{other}".strip()
    return texts


def draft(dispute: Dispute, booking: Booking) -> dict[str, str]:
    """Return the texts as saved, or a first draft of what our books know."""
    if dispute.evidence or dispute.submitted_at:
        return {field.name: dispute.evidence.get(field.name, "") for field in FIELDS}
    empty = {field.name: "" for field in FIELDS}
    return empty | {
        "product_description": (
            f"{booking.room.name} at {booking.venue.name}, {booking.venue.city}: {host_phrases.write_length(booking)}, "
            f"{booking.party_size} guest{'' if booking.party_size == 1 else 's'}. Booking {booking.reference}, "
            f"{format_minor(booking.total_minor, booking.currency)} in all."
        ),
        "customer_name": booking.guest_name,
        "customer_email_address": booking.guest_email,
        "service_date": host_phrases.write_stay(booking),
        "cancellation_policy_disclosure": (
            "The cancellation policy is shown on the room's page, on the booking form beside the "
            f"price, and on the booking's own page. The guest sent the form on "
            f"{dates.staff_moment_in_zone(booking.created_at)}; the policy was stored with the booking at that moment."
        ),
        "refund_policy_disclosure": policy_text(booking),
        "uncategorized_text": given_text(dispute),
        "access_activity_log": "\n".join(
            f"{dates.staff_moment_in_zone(at)}: {what}{f' ({detail})' if detail else ''}"
            for at, what, detail in evidence_sources.acts_of_guest(booking).rows
        )[:TEXT],
    }


def given_text(dispute: Dispute) -> str:
    """Return what the guest was given back of the payment before, for the bank to read; empty for nothing."""
    told = given_back.in_words(given_back.of(dispute.payment).by_channel, dispute.payment.currency)
    return f"The guest was given back already: {told}." if told else ""


def policy_text(booking: Booking) -> str:
    """Return the policy frozen into a booking: its name, its rules, and the instants they mean here."""
    rules = cancellation_rules(tiers_of(booking.policy))
    name = booking.policy.get("name")
    steps = [
        f"until {dates.staff_moment_in_zone(step.until)}: {format_minor(step.refund_minor, booking.currency)} back"
        for step in schedule_of(booking)
        if step.until
    ]
    lead = f"{name}: " if name else ""
    return f"{lead}{' '.join(rules)}" + (f" For this booking: {'; '.join(steps)}." if steps else "")
