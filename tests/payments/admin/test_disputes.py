"""A dispute's page in the admin, its answer, and the evidence pack."""

import html
import re
import zlib

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from core.files.pdf import Document
from payments.disputes import evidence, evidence_pdf
from payments.models import Dispute, PaymentOperation
from tests.payments.lifecycle.test_dispute_tracking import confirmed, raise_dispute
from tests.support import factories
from tests.support.pages import text as markup_of


@pytest.fixture
def case(journey) -> Dispute:
    confirmed(journey)
    return raise_dispute(journey, reason="product_not_received")


def text_of(response) -> str:
    """The words of a page, entities resolved, spaces single."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup_of(response))).split())


def page(case: Dispute, name: str = "change") -> str:
    return reverse(f"admin:payments_dispute_{name}", args=[case.pk])


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(transactional_db) -> Client:
    return client_of(factories.staff())


def test_page_tells_deadline_money_reason_and_what_helps(journey, case, staff):
    text = text_of(staff.get(page(case)))

    assert "Needs an answer" in text
    assert re.search(r"[89] d \d+ h left", text)
    assert "€200.00" in text
    assert "The guest says they did not get what they paid for." in text
    assert "If the guest did not come, show the policy and that nobody cancelled in time." in text
    assert "€200.00 disputed" in text
    assert journey.booking.reference in text


def test_page_opens_with_a_draft_from_our_books(journey, case, staff):
    form = staff.get(page(case)).context["form"]

    assert form.initial["customer_name"] == "Ada Guest"
    assert form.initial["customer_email_address"] == journey.booking.guest_email
    assert journey.room.name in form.initial["product_description"]
    assert "Full refund until the start." in form.initial["refund_policy_disclosure"]


def test_draft_is_saved_and_nothing_sent(case, staff):
    response = staff.post(page(case, "answer"), {"save": "yes", "uncategorized_text": "She was here."})

    case.refresh_from_db()
    assert response.status_code == 302
    assert case.evidence == {"uncategorized_text": "She was here."}
    assert not PaymentOperation.objects.filter(kind="evidence").exists()


def test_answer_is_sent_only_when_confirmed_as_final(case, staff):
    response = staff.post(page(case, "answer"), {"send": "yes", "uncategorized_text": "x"})

    assert response.status_code == 422
    assert "Please confirm that this is the whole answer." in text_of(response)
    assert not PaymentOperation.objects.filter(kind="evidence").exists()


def test_staff_send_the_answer_and_the_case_is_under_review(case, staff):
    order = {"send": "yes", "is_final": "on", "uncategorized_text": "She was here."}
    response = staff.post(page(case, "answer"), order, follow=True)

    case.refresh_from_db()
    assert case.status == "under_review"
    assert "Sent. The bank decides next." in text_of(response)
    assert LogEntry.objects.get().change_message == "Sent the answer with its evidence pack"
    again = staff.post(page(case, "answer"), order, follow=True)
    assert "The answer was sent, and counts once." in text_of(again)
    assert PaymentOperation.objects.filter(kind="evidence").count() == 1


def test_provider_out_of_reach_is_told_and_found_out_later(journey, case, staff):
    journey.fault("disputes.update", "timeout_after")
    order = {"send": "yes", "is_final": "on", "uncategorized_text": "losing_evidence"}
    response = staff.post(page(case, "answer"), order, follow=True)

    assert "The provider did not answer." in text_of(response)
    journey.advance(minutes=1)
    journey.work()
    assert PaymentOperation.objects.get(kind="evidence").state == "done"


def test_staff_accept_a_case_after_being_asked(case, staff):
    asked = staff.get(page(case, "accept"))
    before = Dispute.objects.get().status
    staff.post(page(case, "accept"))

    assert "This cannot be undone." in text_of(asked)
    assert (before, Dispute.objects.get().status) == ("needs_response", "lost")


def test_host_writes_the_answer_but_only_staff_send_or_accept(journey, case):
    host = client_of(journey.host)

    assert host.post(page(case, "answer"), {"save": "yes", "uncategorized_text": "ours"}).status_code == 302
    order = {"send": "yes", "is_final": "on", "uncategorized_text": "ours"}
    assert host.post(page(case, "answer"), order).status_code == 403
    assert host.get(page(case, "accept")).status_code == 403
    assert host.post(page(case, "accept")).status_code == 403
    assert Dispute.objects.get().status == "needs_response"


def test_clerk_sees_no_disputes(journey, case):
    clerk = client_of(factories.host(venue=journey.room.venue, role="clerk"))

    assert clerk.get(page(case)).status_code in (403, 404)
    assert clerk.get(reverse("admin:payments_dispute_changelist")).status_code == 403


@pytest.mark.parametrize("name", ["change", "pack"])
def test_looking_changes_no_row(case, staff, name):
    before = Dispute.objects.values().get()
    staff.get(page(case, name))

    assert Dispute.objects.values().get() == before
    assert staff.post(page(case, name)).status_code == 405


# --- the pack -------------------------------------------------------------------------------------------------


def words_of(pdf: bytes) -> str:
    """Return the text of a PDF written in a plain font: the strings of its page streams."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    pages = b"\n".join(zlib.decompress(stream) for stream in streams if stream[:1] == b"x")
    strings = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pages)
    return b" ".join(strings).replace(b"\\(", b"(").replace(b"\\)", b")").decode("latin-1")


def test_pack_holds_booking_policy_history_mails_acts_and_payment(journey, case, staff, settings):
    settings.PDF_FONTS = ""
    journey.booking.events.get(verb="submit")
    response = staff.get(page(case, "pack"))
    text = words_of(response.content)

    assert response["Content-Type"] == "application/pdf"
    assert f'filename="evidence-{journey.booking.reference}.pdf"' in response["Content-Disposition"]
    for words in (
        journey.booking.reference, case.provider_ref, "Full refund until the start", "Ada Guest",
        journey.booking.guest_email, "The host said yes", "What the guest did", "Booked on the site",
        journey.payment.provider_ref, journey.payment.charge_ref,
    ):  # fmt: skip
        assert words in text, words


def test_pack_lists_the_mails_that_reached_the_guest(journey, case, settings):
    from notifications.models import Delivery

    event = journey.fresh.events.get(verb="confirm")
    Delivery.objects.create(
        event=event, channel="email", recipient=journey.booking.guest_email, message="confirmed", state="sent",
        sent_at=event.created_at, message_id="<abc@example.org>",
    )  # fmt: skip
    settings.PDF_FONTS = ""
    text = words_of(evidence_pdf.pack(case, journey.fresh))

    assert f"Booking Confirmed - {journey.booking.reference}" in text
    assert "abc@example.org" in text


def test_pack_holds_no_card_data_and_no_secrets(journey, case, settings):
    settings.PDF_FONTS = ""
    text = words_of(evidence_pdf.pack(case, journey.fresh))

    assert not re.search(r"\b(?:\d[ -]?){13,19}\b", text)
    assert "4242" not in text
    assert journey.fresh.secret not in text
    assert "sk_test" not in text


def test_pack_takes_any_script_and_control_characters(journey, case):
    journey.booking.guest_name = "Ада Ünal 王\x07 <b>x</b>\n(evil) \\) Tj"
    journey.booking.save()
    case.evidence = {"uncategorized_text": "))) Tj ET\x00 Ελλάδα"}

    pdf = evidence_pdf.pack(case, journey.fresh)

    assert pdf.startswith(b"%PDF-")
    assert b"\x07" not in Document("x", made_at=journey.booking.created_at).clean("a\x07b").encode()


def test_pack_is_the_same_every_time_it_is_made(journey, case):
    now = journey.booking.created_at

    assert evidence_pdf.pack(case, journey.fresh, now=now) == evidence_pdf.pack(case, journey.fresh, now=now)


def test_pack_after_the_answer_is_the_one_that_was_sent(case, staff):
    staff.post(page(case, "answer"), {"send": "yes", "is_final": "on", "uncategorized_text": "x"})

    assert staff.get(page(case, "pack")).content == bytes(Dispute.objects.get().evidence_pdf)


@pytest.mark.parametrize("reason", ["fraudulent", "credit_not_processed", "word_of_tomorrow", ""])
def test_every_reason_has_a_meaning_and_advice(reason):
    words = evidence.reason_of(Dispute(reason=reason))

    assert words.meaning.endswith(".")
    assert words.advice


# --- what the guest reads -------------------------------------------------------------------------------------


def guest_pages(journey) -> tuple[str, str]:
    """The booking's page and the one that asks before cancelling."""
    client = Client()
    client.get(journey.booking.secret_path)
    address = journey.booking.get_absolute_url()
    return text_of(client.get(address)), text_of(client.get(f"{address}cancel/"))


def test_guest_reads_that_nothing_is_refunded_while_the_bank_decides(journey, case):
    for shown in guest_pages(journey):
        assert (
            "Your bank has asked for €200.00 back. Until it has decided, nothing of this payment can be"
            in shown
        )


def test_guest_reads_that_what_the_bank_gave_back_is_not_refunded_again(journey, case):
    journey.sandbox.control("dispute", {"dispute": case.provider_ref, "resolve": "lost"})
    journey.sync()

    for shown in guest_pages(journey):
        assert "Your bank has given you €200.00 back. That part is not refunded a second time." in shown


def test_guest_reads_nothing_of_a_dispute_that_was_won(journey, case):
    journey.sandbox.control("dispute", {"dispute": case.provider_ref, "resolve": "won"})
    journey.sync()

    for shown in guest_pages(journey):
        assert "Your bank has" not in shown
