"""Sending: claimed once, outside transactions, retried under one Message-ID, parked in the end."""

import datetime as dt
import re
import threading

import pytest
from django.core import mail
from django.db import connection, connections, transaction

from core import clock, queue
from notifications import services, tasks
from notifications.models import Delivery
from notifications.subscriber import on_booking_event
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)

Channel, State = Delivery.Channel, Delivery.State
A_MINUTE = dt.timedelta(minutes=1)


def queued(event, message: str = "") -> Delivery:
    """The row of an event's first mail, or of the one named."""
    on_booking_event(event)
    rows = Delivery.objects.filter(event=event, channel=Channel.EMAIL)
    # A first mail waits a while for a confirmation that makes it needless: here that time is over.
    rows.filter(state=State.QUEUED).update(next_attempt_at=clock.now())
    return (rows.filter(message=message) if message else rows).earliest("pk")


def after(delivery: Delivery) -> Delivery:
    delivery.refresh_from_db()
    return delivery


def make_due(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=clock.now())


def test_deliver_sends_one_mail_with_text_html_and_headers(story, mailoutbox):
    venue = factories.venue(email="desk@hotel.example")
    tale = story(room=factories.room(venue=venue)).authorized()
    delivery = queued(tale.event)

    services.deliver(delivery.pk)

    assert after(delivery).state == State.SENT
    assert delivery.sent_at is not None
    [sent] = mailoutbox
    assert sent.to == [tale.booking.guest_email]
    assert sent.subject.startswith(
        f"Payment authorized — awaiting host confirmation ({tale.booking.reference}) · "
    )
    assert sent.reply_to == ["desk@hotel.example"]
    assert sent.extra_headers["Message-ID"] == delivery.message_id
    assert sent.extra_headers["References"] == f"<{tale.booking.reference}@127.0.0.1>"
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert [kind for _, kind in sent.alternatives] == ["text/html"]


def test_deliver_again_sends_nothing(story, mailoutbox):
    delivery = queued(story().event)

    services.deliver(delivery.pk)
    services.deliver(delivery.pk)

    assert len(mailoutbox) == 1


def test_host_mail_is_answered_to_the_guest(story, mailoutbox):
    tale = story().authorized()
    delivery = queued(tale.event, "host_request")

    services.deliver(delivery.pk)

    assert mailoutbox[0].reply_to == [tale.booking.guest_email]


def test_mail_to_staff_alone_is_not_answered_to_the_guest(story, mailoutbox):
    factories.staff()
    tale = story().authorized().announced("external_capture", amount_minor=10_000, currency="EUR")
    delivery = queued(tale.event, "external_change")

    services.deliver(delivery.pk)

    assert mailoutbox[0].reply_to == []


def test_confirmation_carries_the_calendar_file(story, mailoutbox):
    tale = story().authorized().approved().confirmed()

    services.deliver(queued(tale.event).pk)

    [part] = mailoutbox[0].attachments
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == "PUBLISH"
    assert part.get_filename() == f"roomhold-{tale.booking.reference}.ics"
    assert b"STATUS:CONFIRMED\r\n" in part.get_payload(decode=True)


def test_cancellation_of_confirmed_booking_takes_it_out_of_the_calendar(story, mailoutbox):
    tale = story().authorized().approved().confirmed().cancelled()

    services.deliver(queued(tale.event).pk)

    content = mailoutbox[0].attachments[0].get_payload(decode=True)
    assert b"METHOD:CANCEL\r\n" in content
    assert b"STATUS:CANCELLED\r\n" in content


def test_deliver_untrue_message_is_skipped(story, mailoutbox):
    tale = story()
    delivery = queued(tale.event)
    tale.authorized()

    services.deliver(delivery.pk)

    assert after(delivery).state == State.SKIPPED
    assert mailoutbox == []


def test_deliver_inside_a_transaction_is_refused(story, mailoutbox):
    delivery = queued(story().event)

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        services.deliver(delivery.pk)

    assert mailoutbox == []


def test_mail_server_is_called_outside_any_transaction(story, monkeypatch):
    delivery = queued(story().event)
    seen = []
    monkeypatch.setattr(
        mail.EmailMultiAlternatives, "send", lambda _self: seen.append(connection.in_atomic_block) or 1
    )

    services.deliver(delivery.pk)

    assert seen == [False]


def test_deliver_by_many_workers_at_once_sends_once(story, mail_server):
    deliveries = [queued(story().event) for _ in range(5)]
    start = threading.Barrier(8)

    def work() -> None:
        connection.ensure_connection()
        for delivery in deliveries:
            start.wait()
            services.deliver(delivery.pk)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len(mail_server.received) == 5
    assert [after(delivery).attempts for delivery in deliveries] == [1] * 5


def test_server_that_asks_to_wait_gets_the_same_message_id_later(story, mail_server):
    mail_server.answer_to_data = "451 Try again later"
    delivery = queued(story().event)
    before = clock.now()

    services.deliver(delivery.pk)

    assert after(delivery).state == State.QUEUED
    assert "451" in delivery.last_error
    assert dt.timedelta(seconds=30) <= delivery.next_attempt_at - before < A_MINUTE
    first_id = delivery.message_id

    services.deliver(delivery.pk)
    assert after(delivery).attempts == 1, "not before its time"

    mail_server.answer_to_data = "250 OK"
    services._quiet_until.clear()
    make_due(delivery)
    services.deliver(delivery.pk)

    assert after(delivery).state == State.SENT
    assert mail_server.received[0]["Message-ID"] == first_id == delivery.message_id


def test_line_that_breaks_after_the_mail_was_taken_repeats_it_under_one_message_id(story, mail_server):
    mail_server.drops_after_data = True
    delivery = queued(story().event)

    services.deliver(delivery.pk)
    mail_server.drops_after_data = False
    services._quiet_until.clear()
    make_due(delivery)
    services.deliver(delivery.pk)

    assert after(delivery).state == State.SENT
    assert len(mail_server.received) == 2
    assert len({message["Message-ID"] for message in mail_server.received}) == 1
    assert len({message["Date"] for message in mail_server.received}) == 1


def test_worker_that_died_while_sending_is_followed_after_the_lease(story, mailoutbox, time_machine):
    delivery = queued(story().event)
    services._claim(delivery.pk)  # and the process is gone

    services.deliver(delivery.pk)
    assert mailoutbox == []

    time_machine.move_to(clock.now() + services.LEASE + dt.timedelta(seconds=1))
    services.deliver(delivery.pk)

    assert after(delivery).state == State.SENT
    assert delivery.attempts == 2
    assert len(mailoutbox) == 1


def test_lease_lasts_longer_than_a_worker_may_take_and_ends_within_a_minute():
    assert tasks.deliver_one.time_limit < services.LEASE.total_seconds() < 60


def test_worker_that_comes_back_after_its_lease_spoils_nothing(story, mailoutbox, time_machine):
    delivery = queued(story().event)
    slow = services._claim(delivery.pk)
    time_machine.move_to(clock.now() + services.LEASE + dt.timedelta(seconds=1))
    services.deliver(delivery.pk)

    services._park(slow, TimeoutError("at last"))

    assert after(delivery).state == State.SENT
    assert delivery.last_error == ""


def test_mail_that_never_goes_is_parked_after_a_day(story, mail_server, time_machine):
    mail_server.answer_to_data = "451 Never"
    delivery = queued(story().event)
    began = clock.now()
    while after(delivery).state == State.QUEUED:
        time_machine.move_to(delivery.next_attempt_at + dt.timedelta(seconds=1))
        services._quiet_until.clear()
        services.deliver(delivery.pk)

    assert delivery.state == State.PARKED
    assert dt.timedelta(hours=24) <= clock.now() - began < dt.timedelta(hours=26)
    assert delivery.attempts == services.MAIL_RETRIES.park_after


def test_poison_that_kills_every_worker_is_parked(story, time_machine):
    delivery = queued(story().event)
    for _ in range(services.MAIL_RETRIES.park_after):
        assert services._claim(delivery.pk) is not None
        time_machine.move_to(clock.now() + services.LEASE + dt.timedelta(seconds=1))

    services.deliver(delivery.pk)

    assert after(delivery).state == State.PARKED


def test_message_of_another_version_is_parked(story, mailoutbox):
    delivery = queued(story().event)
    Delivery.objects.filter(pk=delivery.pk).update(message="from_the_future")

    services.deliver(delivery.pk)

    assert after(delivery).state == State.PARKED
    assert mailoutbox == []


def test_refused_address_is_parked_at_once(story, mail_server):
    mail_server.answer_to_recipient = "550 No such user"
    delivery = queued(story().event)

    services.deliver(delivery.pk)

    assert after(delivery).state == State.PARKED
    assert "550" in delivery.last_error


def test_dead_mail_server_leaves_the_row_for_later(story, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    delivery = queued(story().event)

    services.deliver(delivery.pk)

    assert after(delivery).state == State.QUEUED
    assert delivery.attempts == 1
    assert "refused" in delivery.last_error


def test_channel_that_hung_is_left_alone_for_a_while(story, monkeypatch):
    first, second = queued(story().event), queued(story().event)
    called = []

    def hang(_self) -> None:
        called.append(1)
        moments[0] += 10
        raise TimeoutError("timed out")

    moments = [1000.0]
    monkeypatch.setattr(services.time, "monotonic", lambda: moments[0])
    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", hang)
    services.deliver(first.pk)
    services.deliver(second.pk)
    assert len(called) == 1
    assert after(second).attempts == 0

    moments[0] += 31
    services.deliver(second.pk)

    assert len(called) == 2


def test_sweep_rings_for_what_is_due(story, monkeypatch, no_pusher):
    due, later, sent = (queued(story().event) for _ in range(3))
    Delivery.objects.filter(pk=later.pk).update(next_attempt_at=clock.now() + A_MINUTE)
    services.deliver(sent.pk)
    rung = []
    monkeypatch.setattr(queue.current_app, "send_task", lambda name, args: rung.append((name, *args)))

    tasks.sweep_deliveries()

    assert rung == [(tasks.deliver_one.name, due.pk)]


def test_resend_of_sent_mail_goes_as_a_new_mail(story, mailoutbox):
    delivery = queued(story().event)
    services.deliver(delivery.pk)

    services.resend(delivery_id=delivery.pk)
    services.deliver(delivery.pk)

    assert after(delivery).state == State.SENT
    assert len({message.extra_headers["Message-ID"] for message in mailoutbox}) == 2


def test_resend_of_parked_mail_keeps_its_message_id_and_gets_all_its_tries(story, mailoutbox):
    delivery = queued(story().event)
    claimed = services._claim(delivery.pk)
    services._park(claimed, ValueError("no"))

    services.resend(delivery_id=delivery.pk)
    assert after(delivery).attempts == 0
    services.deliver(delivery.pk)

    assert after(delivery).state == State.SENT
    assert mailoutbox[0].extra_headers["Message-ID"] == claimed.message_id


def test_message_ids_are_well_formed_and_differ(story):
    on_booking_event(story().authorized().event)

    ids = {services.message_id_of(delivery) for delivery in Delivery.objects.filter(channel=Channel.EMAIL)}

    assert len(ids) == Delivery.objects.filter(channel=Channel.EMAIL).count() == 3
    assert all(re.fullmatch(r"<RH\w{8}\.2\.[0-9a-f]{16}@127\.0\.0\.1>", message_id) for message_id in ids)


def test_log_of_a_mail_names_booking_and_nobody(story, mailoutbox, caplog):
    guest = factories.guest_details(name="Canary Name", email="canary@example.org")
    tale = story(guest=guest)
    delivery = queued(tale.event)
    caplog.clear()

    services.deliver(delivery.pk)

    [line] = [record.msg for record in caplog.records if record.msg["event"] == "mail_sent"]
    assert line["booking"] == tale.booking.reference
    assert line["about"] == "received"
    assert not re.search(r"canary|Canary|@example|open/", str([record.msg for record in caplog.records]))


def test_log_of_a_failure_names_the_kind_and_no_address(story, mail_server, caplog):
    mail_server.answer_to_recipient = "550 canary@example.org unknown"
    delivery = queued(story(guest=factories.guest_details(email="canary@example.org")).event)

    services.deliver(delivery.pk)

    [line] = [record.msg for record in caplog.records if record.msg["event"] == "delivery_parked"]
    assert line["error"] == "SMTPRecipientsRefused"
    assert "canary" not in str([record.msg for record in caplog.records])
