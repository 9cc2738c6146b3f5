"""Octo's pay page as a browser without scripts uses it, over HTTP."""

import re
from typing import Any

import pytest
import requests

from tests.sandbox.octo_wire import WHO, order
from tests.sandbox.process import Sandbox

GOOD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}
BACK = "http://shop.test/return?booking=RH1&octo_status="


def call(sandbox: Sandbox, path: str, **fields: Any) -> Any:
    return requests.post(f"{sandbox.base}/{path}", json={**WHO, **fields}, timeout=5).json()


def open_page(sandbox: Sandbox, **changes: Any) -> str:
    answer = call(sandbox, "prepare_payment", **order(**changes))
    return str(answer["data"]["octo_pay_url"]).partition("?")[0]


def status(sandbox: Sandbox) -> str:
    return str(call(sandbox, "prepare_payment", shop_transaction_id="RH1-checkout-1")["data"]["status"])


def send(url: str, path: str = "", **fields: str) -> requests.Response:
    return requests.post(url + path, data=fields, allow_redirects=False, timeout=5)


def show(url: str) -> requests.Response:
    return requests.get(url, allow_redirects=False, timeout=5)


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    return open_page(sandbox, auto_capture=False)


def test_page_shows_merchant_amount_and_the_way_back(url: str) -> None:
    page = show(f"{url}?language=en")

    assert page.status_code == 200
    assert "500\N{NO-BREAK SPACE}000.00\N{NO-BREAK SPACE}UZS" in page.text
    assert "Sea room, 2 nights" in page.text
    assert "The amount is held on your card" in page.text
    assert f'href="{BACK.replace("&", "&amp;")}created"' in page.text
    assert "No real card is charged" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|style=|https?://(?!shop\.test)", page.text)


def test_dollars_and_one_stage(sandbox: Sandbox) -> None:
    page = show(open_page(sandbox, currency="USD", total_sum=103.33)).text

    assert "$103.33" in page
    assert "held on your card" not in page


def test_every_field_has_its_label_and_test_cards_fill_them(url: str) -> None:
    page = show(f"{url}?card=8600000000000007").text

    for name in ("number", "expiry", "cvc"):
        assert f'<label for="{name}">' in page
    assert 'value="8600 0000 0000 0007"' in page
    assert 'value="12 / 34"' in page


def test_payment_leads_back_with_its_status(sandbox: Sandbox, url: str) -> None:
    answer = send(url, **GOOD)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BACK}waiting_for_capture")
    assert status(sandbox) == "waiting_for_capture"
    assert "Your money is held" in show(url).text
    assert send(url, **GOOD).status_code == 200


def test_decline_ends_the_payment(sandbox: Sandbox, url: str) -> None:
    answer = send(url, **{**GOOD, "number": "4000000000000002"})

    assert answer.headers["Location"] == f"{BACK}canceled"
    page = show(url)
    assert (page.status_code, "This payment was canceled" in page.text) == (410, True)
    assert send(url, **GOOD).status_code == 410
    assert status(sandbox) == "canceled"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("number", "4242 4242 4242 4241", "The card number is incomplete or invalid."),
        ("number", "", "The card number is incomplete or invalid."),
        ("expiry", "13 / 34", "Your card’s expiry date is incomplete."),
        ("expiry", "01 / 20", "Your card’s expiry date is in the past."),
        ("cvc", "", "Three digits from the back of the card."),
    ],
)
def test_slip_of_the_pen_is_marked_at_its_field(
    sandbox: Sandbox, url: str, field: str, value: str, words: str
) -> None:
    answer = send(url, **{**GOOD, field: value})

    assert answer.status_code == 422
    assert f'<span class="wrong" id="{field}-wrong">{words}</span>' in answer.text
    assert status(sandbox) == "created"


def test_local_card_needs_no_cvc_but_a_code(sandbox: Sandbox, url: str) -> None:
    answer = send(url, number="8600 0000 0000 0007", expiry="12/34")
    assert url.endswith(answer.headers["Location"])
    page = show(url).text
    assert ("0007" in page, '<label for="code">' in page, "one-time-code" in page) == (True, True, True)
    assert status(sandbox) == "wait_user_action"

    answer = send(url, "/answer", code=" 111111 ")

    assert answer.headers["Location"] == f"{BACK}waiting_for_capture"


def test_three_wrong_codes_end_the_payment(sandbox: Sandbox, url: str) -> None:
    send(url, number="9860000000000000", expiry="12/34")

    assert send(url, "/answer", code="000000").status_code == 303
    assert "That code is not right; 2 tries left." in show(url).text
    send(url, "/answer", code="")
    assert "That code is not right; 1 try left." in show(url).text

    assert send(url, "/answer", code="222222").headers["Location"] == f"{BACK}canceled"
    assert status(sandbox) == "canceled"


@pytest.mark.parametrize(("outcome", "result"), [("complete", "waiting_for_capture"), ("fail", "canceled")])
def test_bank_check_is_passed_or_not(url: str, outcome: str, result: str) -> None:
    send(url, **{**GOOD, "number": "4000000000003220"})
    page = show(url).text
    assert ("3-D Secure check" in page, "3220" in page) == (True, True)

    assert send(url, "/answer", outcome=outcome).headers["Location"] == BACK + result


def test_answer_without_a_challenge_goes_to_the_page(url: str) -> None:
    assert url.endswith(send(url, "/answer", code="111111").headers["Location"])


def test_expired_page_leads_back(sandbox: Sandbox, url: str) -> None:
    sandbox.control("clock", {"advance_seconds": 15 * 60})

    page = show(url)

    assert (page.status_code, "Nothing was charged" in page.text) == (410, True)


def test_unknown_page_is_404(sandbox: Sandbox) -> None:
    for ref in ("11111111-2222-4333-8444-555555555555", "x"):
        assert show(f"{sandbox.base}/pay/{ref}").status_code == 404
        assert send(f"{sandbox.base}/pay/{ref}", **GOOD).status_code == 404
        assert send(f"{sandbox.base}/pay/{ref}", "/answer", code="1").status_code == 404


def test_names_are_escaped_everywhere(sandbox: Sandbox) -> None:
    nasty = '"><script>alert(1)</script>'
    url = open_page(sandbox, shop_transaction_id=nasty, description=nasty)

    for page in (url, sandbox.base):
        assert "<script" not in show(page).text
    assert "&lt;script&gt;" in show(url).text


def test_return_address_keeps_its_own_query(sandbox: Sandbox) -> None:
    url = open_page(sandbox, return_url="http://shop.test/r?a=%C3%A9&octo_status=forged#end")

    assert send(url, **GOOD).headers["Location"] == "http://shop.test/r?a=%C3%A9&octo_status=succeeded#end"


def test_index_shows_octo_payments(sandbox: Sandbox, url: str) -> None:
    send(url, **GOOD)

    page = show(sandbox.base).text

    assert '<span class="badge wait">waiting for capture</span>' in page
    assert "RH1-checkout-1" in page
