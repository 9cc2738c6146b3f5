"""Test and live money in staff's lists: each says which it is, and one filter shows either alone."""

import pytest
from django.contrib import admin
from django.urls import reverse

from payments.admin.mode import HasMode, ModeFilter
from payments.models import Payment, Payout
from tests.payments import books
from tests.support import factories

pytestmark = pytest.mark.django_db
WITH_MODE = {
    "Payment", "Refund", "Dispute", "Credit", "OfflinePayment", "LedgerTransaction", "LedgerCheckpoint", "Payout",
    "PayoutRun", "Drift", "ReconciliationRun",
}  # fmt: skip


def test_every_list_of_money_has_column_and_filter():
    found = {
        model.__name__: ("mode" in one.list_display, ModeFilter in one.list_filter)
        for model, one in admin.site._registry.items()
        if isinstance(one, HasMode)
    }

    assert found == dict.fromkeys(WITH_MODE, (True, True))


@pytest.mark.parametrize(("asked", "shown"), [("", {"Live", "Test"}), ("live", {"Live"}), ("test", {"Test"})])
def test_filter_shows_one_mode_alone(client, asked, shown):
    for is_live in (False, True):
        books.captured(books.booking(), is_live=is_live)
    client.force_login(factories.staff())

    page = client.get(reverse("admin:payments_payment_changelist"), {"mode": asked} if asked else {})

    rows = page.context["cl"].result_list
    assert {"Live" if row.is_live else "Test" for row in rows} == shown
    assert Payment.objects.count() == 2


def test_refunds_mode_is_its_payments(client):
    payment = books.captured(books.booking(), is_live=True)
    books.refunded(payment, 500)
    client.force_login(factories.staff())

    page = client.get(reverse("admin:payments_refund_changelist"), {"mode": "live"})
    none = client.get(reverse("admin:payments_refund_changelist"), {"mode": "test"})

    assert [len(one.context["cl"].result_list) for one in (page, none)] == [1, 0]
    assert ">Live<" in page.content.decode().replace("\n", "").replace(" ", "")
    assert not Payout.objects.exists()
