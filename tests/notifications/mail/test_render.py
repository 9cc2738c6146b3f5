"""Every mail renders for every way to sell, says what it must, and carries nothing anybody typed but as text."""

import datetime as dt
import re
from html.parser import HTMLParser

import pytest

from bookings.models import BookingEvent
from notifications.mail import render
from notifications.mail.catalog import GUEST, MESSAGES
from tests.notifications.conftest import NOW
from tests.support import factories

KINDS = ["hotel", "conference", "expert", "workshop"]
EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<a href=https://evil.example>click</a>",
    "https://evil.example/pay www.evil.example",
    "Ada\r\nBcc: everyone@evil.example\r\n\r\nhello",
    "{{ booking.secret }} {% load x %} %s {0} ${x}",
    "\x1b[31m\u202eexe.gpj",
    "javascript:alert(1)",
]


class Links(HTMLParser):
    """Collects tags and addresses of links, images and the like."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value)
            if name in ("src", "background", "srcset"):
                self.loads.append(value)
            if name.startswith("on"):
                self.handlers.append(name)


@pytest.fixture
def letter(story):
    """Writes a message about a booking of a kind: `letter("confirmed", kind="hotel")`."""

    def write(name: str, *, kind: str = "hotel", reason: str = "", **submission) -> render.Letter:
        room = submission.pop("room", None) or factories.room(kind=kind)
        if kind == "workshop":
            submission["session"] = factories.session(room=room, starts_at=NOW + dt.timedelta(days=7))
        booking = story(room=room, **submission).booking
        event = BookingEvent(
            booking=booking,
            verb="cancel",
            from_status="CONFIRMED",
            to_status="CANCELLED",
            actor_kind="guest",
            reason=reason,
        )
        write.booking = booking
        return render.write(MESSAGES[name], booking, event)

    return write


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_message_renders_for_every_kind(letter, settings, name, kind):
    written = letter(name, kind=kind)
    booking, message = letter.booking, MESSAGES[name]

    link = render.guest_link(booking) if message.audience == GUEST else render.host_link(booking)
    if message.audience == GUEST:
        assert written.subject.startswith(message.subject.format(reference=booking.reference) + " · ")
    assert booking.reference in written.subject
    assert link in written.text
    assert Links(written.html).links == [link, settings.SITE_URL]
    assert booking.reference in written.text
    assert booking.reference in written.html
    assert "Paris time" in written.text
    assert "{" not in written.text + written.html
    assert "None" not in written.text


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_text_and_html_say_the_same(letter, name):
    written = letter(name)

    paragraphs = re.findall(r"<p [^>]*>(.*?)</p>", written.html)
    assert len(paragraphs) >= 2
    for paragraph in paragraphs:
        assert paragraph.replace("&#x27;", "'").replace("&quot;", '"') in written.text


@pytest.mark.parametrize("typed", EVIL)
@pytest.mark.parametrize("name", ["authorized", "declined", "host_request", "host_cancelled", "host_booked"])
def test_what_guests_type_is_text_and_nothing_else(letter, settings, name, typed):
    guest = factories.guest_details(name=typed, phone=typed[:32])

    written = letter(name, guest=guest, message=typed, reason=typed)

    found = Links(written.html)
    assert not found.tags & {"script", "img", "iframe", "form", "object", "svg", "link"}
    assert found.loads == []
    assert found.handlers == []
    assert all(link.startswith(settings.SITE_URL) for link in found.links)
    assert len(found.links) == 2
    assert not re.search(r"evil\.example|://evil", written.text + written.html)
    assert not re.search(r"^(Bcc|Cc|To|Subject):", written.text, re.MULTILINE)
    assert "\n" not in written.subject
    assert "\r" not in written.subject
    assert "\x1b" not in written.text + written.html
    assert "\u202e" not in written.text + written.html


@pytest.mark.parametrize("typed", EVIL)
def test_what_hosts_type_is_text_and_nothing_else(letter, settings, typed):
    venue = factories.venue(name=typed, address=typed, phone="<b>1</b>")
    room = factories.room(venue=venue, name=typed)

    found = Links(letter("confirmed", room=room).html)

    assert not found.tags & {"script", "img", "b"}
    assert found.links == [render.guest_link(letter.booking), settings.SITE_URL]


def test_script_in_a_name_is_shown_as_it_was_typed(letter):
    guest = factories.guest_details(name="<script>alert(1)</script>")

    written = letter("authorized", guest=guest)

    assert "Hello <script>alert(1)</script>," in written.text
    assert "Hello &lt;script&gt;alert(1)&lt;/script&gt;," in written.html


def test_long_message_is_cut(letter):
    written = letter("host_request", message="word " * 399)

    quoted = next(line for line in written.text.splitlines() if line.startswith("> "))
    assert len(quoted) == 2 + render.QUOTE_LIMIT
    assert quoted.endswith("…")


def test_authorized_says_held_not_taken_and_until_when(story):
    tale = story().authorized()

    written = render.write(MESSAGES["authorized"], tale.booking, tale.event)

    assert written.subject.startswith(
        f"Payment authorized — awaiting host confirmation ({tale.booking.reference}) · "
    )
    assert "A hold of €100.00 has been placed on your card" in written.text
    assert "Nothing has been taken." in written.text
    assert "The host answers by Mar 2, 2027 at 1:01 PM (Paris time, CET)." in written.text


def test_declined_says_nothing_was_charged_and_when_the_hold_leaves(story):
    tale = story().authorized().declined(reason="Water damage")

    written = render.write(MESSAGES["declined"], tale.booking, tale.event)

    assert written.subject.startswith(f"Booking Update - {tale.booking.reference} · Declined, ")
    assert "othing was charged" in written.text
    assert "The hold leaves your statement by Mar 8, 2027 at the latest." in written.text
    assert "The host wrote:\n> Water damage" in written.text


def test_declined_after_a_capture_at_the_provider_says_the_money_is_refunded(story):
    tale = story().authorized().announced("external_capture", amount_minor=10_000, currency="EUR").declined()

    written = render.write(MESSAGES["declined"], tale.booking, tale.event)

    assert "The €100.00 taken from the card is refunded in full." in written.text
    assert "hold" not in written.text.replace("Roomhold", "")
    assert "othing was charged" not in written.text


@pytest.mark.parametrize("name", ["host_reminder", "host_last_reminder"])
def test_reminder_after_a_capture_at_the_provider_says_the_money_is_refunded(story, name):
    tale = story().authorized().announced("external_capture", amount_minor=10_000, currency="EUR")

    written = render.write(MESSAGES[name], tale.booking, tale.event)

    assert "the €100.00 taken from the guest's card is refunded." in written.text
    assert "is released" not in written.text


def test_held_for_what_a_credit_left_names_both_parts(story):
    tale = story().announced("credit_used", amount_minor=4_000, currency="EUR").authorized()

    to_guest = render.write(MESSAGES["authorized"], tale.booking, tale.event).text
    to_host = render.write(MESSAGES["host_request"], tale.booking, tale.event).text

    assert "A hold of €60.00 has been placed on your card" in to_guest
    assert "€40.00 is paid without it." in to_guest
    assert "€60.00 is held on the guest's card, and €40.00 is paid without it." in to_host


def test_confirmed_says_what_was_charged(story):
    tale = story(nights=3).authorized().approved().confirmed()

    written = render.write(MESSAGES["confirmed"], tale.booking, tale.event)

    assert written.subject.startswith(f"Booking Confirmed - {tale.booking.reference} · You are booked, ")
    assert "€300.00 has been charged to your card." in written.text


def test_confirmed_free_booking_speaks_of_no_money(story):
    tale = story(room=factories.free_room())

    written = render.write(MESSAGES["confirmed"], tale.booking, tale.event)

    assert "There is nothing to pay." in written.text
    assert "€" not in written.text


def test_capture_failed_names_the_new_deadline(story):
    tale = story().authorized().approved().capture_failed()

    written = render.write(MESSAGES["capture_failed"], tale.booking, tale.event)

    assert "if you pay once more by Mar 2, 2027 at 1:03 AM (Paris time, CET)" in written.text
    assert "Complete the payment:\nhttp" in written.text


def test_host_request_names_guest_money_and_deadline(story):
    tale = story(message="Late arrival").authorized()

    written = render.write(MESSAGES["host_request"], tale.booking, tale.event)

    assert "Ada Guest asks for" in written.text
    assert "Please answer by Mar 2, 2027, 13:01 (Paris time, CET)" in written.text
    assert "€100.00 is held on the guest's card." in written.text
    assert "The guest wrote:\n> Late arrival" in written.text
    assert f"/admin/bookings/booking/{tale.booking.pk}/change/" in written.text
    assert tale.booking.secret not in written.text + written.html


def test_host_mails_never_hold_the_guests_secret(letter):
    for name, message in MESSAGES.items():
        written = letter(name)

        holds_secret = letter.booking.secret in written.text + written.html
        assert holds_secret == (message.audience == GUEST), name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("host_request", "because you are on the team of"),
        ("dispute_opened", ", or run Roomhold."),
        ("external_change", "because you run Roomhold."),
    ],
)
def test_foot_of_a_mail_says_why_it_came(letter, name, why):
    written = letter(name)

    for body in (written.text, written.html):
        said = " ".join(body.split())
        assert why in said
        assert "booked through Roomhold" not in said
        assert "without a password" not in said


def test_mail_loads_nothing_from_anywhere(letter):
    written = letter("confirmed")

    assert Links(written.html).loads == []
    assert "url(" not in written.html
    assert "@import" not in written.html
