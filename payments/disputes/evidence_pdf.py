"""The evidence pack of a dispute as a PDF: what was booked, the policy agreed to, what happened, and the money.

It holds no card data and no secrets; what the guest's bank reads is what the site recorded.
"""

import datetime as dt

from bookings import evidence_sources
from bookings.models import Booking
from bookings.panels import HOST
from bookings.phrases import guest as guest_phrases
from bookings.phrases import host as host_phrases
from core import clock, dates
from core.files.pdf import Document
from core.money import format_minor
from payments.disputes import evidence
from payments.models import Dispute, Payment, Refund
from rooms.pricing.policies import cancellation_rules, tiers_of

# A bank is told who acted for whom, and not which person of the venue's team.
ACTORS = {"guest": "Guest", "host": "Venue", "staff": "Roomhold's staff", "provider": "Payment provider",
          "clock": "Roomhold, by the clock"}  # fmt: skip


def pack(dispute: Dispute, booking: Booking, *, now: dt.datetime | None = None) -> bytes:
    """Return the pack as a PDF. `booking` with its room and venue."""
    pdf = Document(f"Evidence: booking {booking.reference}", made_at=now or clock.now())
    amount = format_minor(dispute.amount_minor, booking.currency)
    pdf.paragraph(f"Dispute {dispute.provider_ref} of {amount}, reason given: {dispute.reason or 'none'}")
    _booked(pdf, booking)
    _policy(pdf, booking)
    _answer(pdf, dispute)
    _money(pdf, dispute.payment, booking)
    _history(pdf, booking)
    for exhibit in evidence_sources.collect(booking):
        pdf.heading(exhibit.title)
        pdf.paragraph(exhibit.note, is_muted=True)
        pdf.rows(
            [(_when(at), what, detail) for at, what, detail in exhibit.rows],
            headings=("When (UTC)", "What", "Detail"),
            widths=(22, 38, 40),
        )
    return pdf.as_bytes()


def _booked(pdf: Document, booking: Booking) -> None:
    venue = booking.venue
    pdf.heading("What was booked")
    pdf.facts(
        [
            ("Venue", f"{venue.name}, {venue.address}, {venue.city}, {venue.get_country_display()}"),
            ("Room", booking.room.name),
            ("Dates", f"{host_phrases.write_stay(booking)} ({booking.time_zone})"),
            ("Length", f"{host_phrases.write_length(booking)}, {booking.party_size} in the party"),
            ("Guest", f"{booking.guest_name}, {booking.guest_email} {booking.guest_phone}".strip()),
            ("Booked", f"{_when(booking.created_at)} UTC"),
            ("State", booking.get_status_display()),
        ]
    )
    lines = [(line["label"], format_minor(line["amount_minor"], booking.currency)) for line in booking.lines]
    total = ("Total", format_minor(booking.total_minor, booking.currency))
    pdf.rows([*lines, total], headings=("Price as agreed", "Amount"), widths=(75, 25), right=(1,))


def _policy(pdf: Document, booking: Booking) -> None:
    name = booking.policy.get("name") or "Full refund until the start"
    pdf.heading(f"Cancellation policy agreed to: {name}")
    pdf.paragraph("\n".join(cancellation_rules(tiers_of(booking.policy))))
    pdf.paragraph(
        "Shown on the room's page, on the booking form beside the price, and on the booking's own page. "
        f"Stored with the booking when the guest sent the form, {_when(booking.created_at)} UTC."
    )


def _answer(pdf: Document, dispute: Dispute) -> None:
    texts = evidence.as_sent(dispute)
    if not texts:
        return
    pdf.heading("The venue's answer")
    pdf.facts([(evidence.BY_NAME[name].label, text) for name, text in texts.items()])


def _money(pdf: Document, payment: Payment, booking: Booking) -> None:
    currency = payment.currency
    pdf.heading("The payment")
    pdf.facts(
        [
            ("Provider", payment.get_provider_display()),
            ("Payment", payment.provider_ref),
            ("Charge", payment.charge_ref),
            ("Held", _at(payment.authorized_minor, currency, payment.authorized_at)),
            ("Taken", _at(payment.captured_minor, currency, payment.captured_at)),
            ("Due for the booking now", format_minor(booking.due_minor, booking.currency)),
        ]
    )
    refunds = payment.refunds.order_by("created_at", "pk")
    pdf.rows(
        [_refund(refund, currency) for refund in refunds],
        headings=("Given back (UTC)", "Amount", "How", "State", "Reference"),
        widths=(20, 16, 22, 12, 30),
        right=(1,),
    )


def _refund(refund: Refund, currency: str) -> tuple[str, str, str, str, str]:
    amount = format_minor(refund.amount_minor, currency)
    reference = " · ".join(ref for ref in (refund.provider_ref, refund.bank_reference) if ref)
    how = refund.get_channel_display()
    return _when(refund.created_at), amount, how, refund.get_status_display(), reference


def _history(pdf: Document, booking: Booking) -> None:
    pdf.heading("What happened")
    rows = []
    for event in booking.events.select_related("actor").order_by("version"):
        moment = guest_phrases.moment(booking, event, HOST)
        said = "\n".join(part for part in (moment.title, moment.detail, moment.quote) if part)
        rows.append((_when(moment.at), ACTORS[event.actor_kind], said))
    pdf.rows(rows, headings=("When (UTC)", "Who", "What"), widths=(22, 18, 60))


def _at(amount_minor: int, currency: str, at: dt.datetime | None) -> str:
    return f"{format_minor(amount_minor, currency)}, {_when(at)} UTC" if at else ""


def _when(at: dt.datetime) -> str:
    return dates.staff_moment(at)
