"""What Stripe is sent for a new payment: pure functions of the request."""

from dataclasses import replace

import pytest

from payments.providers.base import CheckoutRequest
from payments.providers.stripe.client import _intent_params, _session_params

ASKED = CheckoutRequest(
    reference="RH7KQ2M9XC", payment_id="p1", amount_minor=20_000, currency="EUR", is_two_stage=True,
    title="Room 1, Hotel",
    description="Booking RH7KQ2M9XC - Hotel", email="pt@exämple.org", success_url="https://x.test/ok",
    cancel_url="https://x.test/no", expires_at=1_800_000_000,
)  # fmt: skip


def test_intent_is_in_lower_case_currency_with_automatic_methods_and_no_redirects():
    sent = _intent_params(ASKED)

    assert (sent["amount"], sent["currency"]) == (20_000, "eur")
    assert sent["automatic_payment_methods"] == {"enabled": True, "allow_redirects": "never"}


def test_session_prices_one_unit_in_lower_case_currency():
    (item,) = _session_params(ASKED)["line_items"]

    assert item["quantity"] == 1
    assert item["price_data"] == {
        "currency": "eur", "unit_amount": 20_000, "product_data": {"name": "Room 1, Hotel"}
    }  # fmt: skip


@pytest.mark.parametrize(("is_two_stage", "method"), [(True, "manual"), (False, "automatic")])
def test_both_kinds_of_payment_say_how_they_are_captured_and_what_for(is_two_stage, method):
    asked = replace(ASKED, is_two_stage=is_two_stage)

    for sent in (_intent_params(asked), _session_params(asked)["payment_intent_data"]):
        assert (sent["capture_method"], sent["description"]) == (method, "Booking RH7KQ2M9XC - Hotel")


def test_address_with_other_letters_is_sent_in_plain_ones():
    assert _intent_params(ASKED)["receipt_email"] == "pt@xn--exmple-cua.org"
    assert _session_params(ASKED)["customer_email"] == "pt@xn--exmple-cua.org"
