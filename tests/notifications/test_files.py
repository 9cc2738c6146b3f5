"""Mails as files, and the demo's mailbox that shows them."""

import email
import re
import stat
import threading
from email import policy

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.urls import reverse

from notifications import services
from notifications.models import Delivery
from notifications.pages import mailbox
from notifications.subscriber import on_booking_event
from tests.support import factories

BACKEND = "notifications.channels.files.EmailBackend"


@pytest.fixture
def folder(settings, tmp_path):
    settings.EMAIL_BACKEND = BACKEND
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    settings.SANDBOX_URL = "http://127.0.0.1:8001"
    return tmp_path / "mail"


def send(
    subject: str = "Hello", html: str = "<html><head></head><body><p>Hi</p></body></html>", **fields
) -> None:
    message = EmailMultiAlternatives(subject, "Hi\n.\nthere", to=["ada@example.org"], **fields)
    message.attach_alternative(html, "text/html")
    message.attach("roomhold-RH1.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar")
    message.send()


def test_backend_writes_one_whole_private_file_a_message(folder):
    get_connection().send_messages([EmailMessage("One", "1", to=["a@example.org"]), EmailMessage("Two", "2")])

    [path] = folder.iterdir()
    assert path.suffix == ".eml"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (message["Subject"], message["To"], message.get_content().strip()) == ("One", "a@example.org", "1")


def test_backend_used_by_many_at_once_loses_nothing(folder):
    threads = [threading.Thread(target=send, args=(f"Mail {n}",)) for n in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len(mailbox.newest()) == 16
    assert {path.suffix for path in folder.iterdir()} == {".eml"}


def test_mailbox_reads_back_what_was_sent_newest_first(folder):
    send("First — “one”")
    send("Second")

    second, first = mailbox.newest()

    assert (second.subject, first.subject) == ("Second", "First — “one”")
    assert first.to == "ada@example.org"
    assert first.text.splitlines() == ["Hi", ".", "there"]
    assert first.html.startswith("<html>")
    assert [(part.filename, part.content_type) for part in first.attachments] == [
        ("roomhold-RH1.ics", "text/calendar")
    ]
    assert mailbox.find(first.name) == first


@pytest.mark.parametrize("name", ["../secret", "..", ".hidden", "a/b", "a\\b", "a" * 200, "", "x\x00y"])
def test_mailbox_opens_no_other_file(folder, name):
    send()
    (folder.parent / "secret.eml").write_text("Subject: secret\n\n")
    (folder / ".hidden.eml").write_text("Subject: hidden\n\n")

    assert mailbox.find(name) is None


def test_mailbox_outlives_a_broken_file(folder):
    send()
    (folder / "20270101T000000-x.eml").write_bytes(b"\xff\xfe no mail at all")

    assert len(mailbox.newest()) == 2


@pytest.mark.django_db(transaction=True)
def test_delivered_mail_lands_in_the_mailbox(story, folder):
    tale = story().authorized().approved().confirmed()
    on_booking_event(tale.event)
    delivery = Delivery.objects.get(event=tale.event, message="confirmed")

    services.deliver(delivery.pk)

    [mail] = mailbox.newest()
    assert mail.subject.startswith(f"Booking Confirmed - {tale.booking.reference} · ")
    assert mail.to == tale.booking.guest_email
    assert mail.attachments[0].content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert tale.booking.secret_path in mail.text
    assert services.message_id_of(delivery).strip("<>").replace("@", "-") in mail.name


# --- the pages ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_list_shows_mails_and_narrows_them(folder, client):
    send("Booking Confirmed - RH1")
    send("Booking Update - RH2")

    everything = client.get(reverse("notifications:demo_mail")).content.decode()
    narrowed = client.get(reverse("notifications:demo_mail"), {"q": "confirmed"}).content.decode()

    assert everything.index("Booking Update - RH2") < everything.index("Booking Confirmed - RH1")
    assert "RH1" in narrowed
    assert "RH2" not in narrowed


@pytest.mark.django_db
def test_page_of_a_mail_frames_its_html_and_lists_its_files(folder, client):
    send("<b>Bold</b> - RH1")
    name = mailbox.newest()[0].name

    response = client.get(reverse("notifications:demo_mail_message", args=[name]))

    page = response.content.decode()
    assert "&lt;b&gt;Bold&lt;/b&gt; - RH1" in page
    assert f'src="{reverse("notifications:demo_mail_html", args=[name])}"' in page
    assert f'href="{reverse("notifications:demo_mail_attachment", args=[name, 0])}"' in page
    assert "frame-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.django_db
def test_html_of_a_mail_runs_nothing_and_its_links_leave_the_frame(folder, client):
    send(html="<html><head></head><body><script>alert(1)</script></body></html>")

    response = client.get(reverse("notifications:demo_mail_html", args=[mailbox.newest()[0].name]))

    policy_sent = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy_sent
    assert "script-src" not in policy_sent
    assert re.search(r"sandbox [^;]*allow-top-navigation-by-user-activation", policy_sent)
    assert "allow-scripts" not in policy_sent
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in response.content.decode()


@pytest.mark.django_db
def test_attachment_is_saved_under_its_name(folder, client):
    send()
    name = mailbox.newest()[0].name

    response = client.get(reverse("notifications:demo_mail_attachment", args=[name, 0]))

    assert response.content == b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="roomhold-RH1.ics"'
    assert client.get(reverse("notifications:demo_mail_attachment", args=[name, 1])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["demo_mail_message", "demo_mail_html"])
def test_unknown_mail_is_404(folder, client, name):
    assert client.get(reverse(f"notifications:{name}", args=["nothing"])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["SANDBOX_URL", "EMAIL_FILE_PATH"])
def test_without_sandbox_or_files_there_is_no_mailbox(folder, client, settings, missing):
    send()
    name = mailbox.newest()[0].name
    setattr(settings, missing, "")

    assert client.get(reverse("notifications:demo_mail")).status_code == 404
    assert client.get(reverse("notifications:demo_mail_message", args=[name])).status_code == 404
    assert client.get(reverse("notifications:demo_mail_html", args=[name])).status_code == 404
    assert client.get(reverse("notifications:demo_mail_attachment", args=[name, 0])).status_code == 404


@pytest.mark.django_db
def test_admin_shows_deliveries_to_staff_and_to_the_venues_own_hosts(story, client):
    tale = story().authorized()
    on_booking_event(tale.event)
    address = reverse("admin:notifications_delivery_changelist")

    shown = {}
    for who, user in {
        "staff": factories.staff(), "host": tale.host, "other": factories.host(venue=factories.venue()),
    }.items():  # fmt: skip
        client.force_login(user)
        shown[who] = tale.booking.guest_email in client.get(address).content.decode()

    assert shown == {"staff": True, "host": True, "other": False}


@pytest.mark.django_db
def test_staff_send_a_parked_mail_again(story, client):
    tale = story()
    on_booking_event(tale.event)
    delivery = Delivery.objects.get(event=tale.event, message="received")
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.PARKED, attempts=31)
    client.force_login(factories.staff())

    response = client.post(
        reverse("admin:notifications_delivery_changelist"),
        {"action": "send_again", "_selected_action": [delivery.pk]},
    )

    delivery.refresh_from_db()
    assert response.status_code == 302
    assert (delivery.state, delivery.attempts) == (Delivery.State.QUEUED, 0)
