import datetime as dt

import pytest

from core import clock
from notifications import services
from notifications.mail import unproved
from notifications.models import Delivery
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)

VICTIM = "victim@example.org"


def received(booking) -> Delivery:
    """The mail that tells the guest of a new booking, not yet sent."""
    return Delivery.objects.create(
        event=booking.events.get(), channel="email", recipient=booking.guest_email, message="received"
    )


def hold(**guest):
    return factories.booking(guest=factories.guest_details(**{"email": VICTIM, **guest}))


def test_unproved_address_gets_one_mail_of_a_kind_a_day(mailoutbox):
    first, second = received(hold()), received(hold(email=VICTIM.upper()))

    services.deliver(first.pk)
    services.deliver(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert [mail.to for mail in mailoutbox] == [[VICTIM]]
    assert (second.state, second.attempts) == ("queued", 0)
    assert second.next_attempt_at == first.sent_at + dt.timedelta(days=1)


def test_unproved_address_a_day_later_gets_the_next(mailoutbox):
    first, second = received(hold()), received(hold())
    services.deliver(first.pk)
    Delivery.objects.filter(pk=first.pk).update(sent_at=clock.now() - unproved.A_DAY)

    services.deliver(second.pk)

    assert len(mailoutbox) == 2


def test_addresses_of_accounts_and_of_who_has_paid_get_every_mail(mailoutbox):
    user = factories.user(email=VICTIM)
    own = [factories.booking(user=user) for _ in range(2)]
    assert all(unproved.is_proved(booking) for booking in own)

    for booking in own:
        services.deliver(received(booking).pk)

    assert len(mailoutbox) == 2


def test_answer_of_a_host_waits_for_nothing():
    first, second = hold(), hold()
    services.deliver(received(first).pk)
    waiting = received(second)
    second.events.update(actor_kind="host")

    assert (
        unproved.waits_until(
            Delivery.objects.select_related("event__booking").get(pk=waiting.pk), clock.now()
        )
        is None
    )
