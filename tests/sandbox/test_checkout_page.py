"""The hosted page as a browser without scripts uses it, over HTTP."""

import re

import pytest
import requests
import stripe

from tests.sandbox.process import Sandbox
from tests.sandbox.test_sdk import open_session

GOOD = {
    "email": "ada@example.com",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Ada L",
}


def send(url: str, path: str = "", **changes: str) -> requests.Response:
    return requests.post(url + path, data={**GOOD, **changes}, allow_redirects=False, timeout=5)


def show(url: str) -> requests.Response:
    return requests.get(url, allow_redirects=False, timeout=5)


@pytest.fixture
def url(client: stripe.StripeClient) -> str:
    return str(open_session(client, customer_email="ada@example.com").url)


def test_page_shows_merchant_lines_and_amount(url: str) -> None:
    page = show(url)

    assert page.status_code == 200
    assert "€200.00" in page.text
    assert "Sea room &amp; café – 2 nights" in page.text
    assert "2 × €100.00" in page.text
    assert 'href="http://shop.test/back"' in page.text
    assert 'value="ada@example.com"' in page.text
    assert "No real card is charged" in page.text
    assert "The amount is held on your card" in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|style=|https?://(?!shop\.test)", page.text)


def test_every_field_has_its_label(url: str) -> None:
    page = show(url).text

    for name in ("email", "number", "expiry", "cvc", "name"):
        assert f'<label for="{name}">' in page
        assert f'id="{name}"' in page


def test_test_card_link_fills_in_the_form(url: str) -> None:
    page = show(f"{url}?card=4000000000009995").text

    assert 'value="4000 0000 0000 9995"' in page
    assert 'value="12 / 34"' in page


def test_payment_leads_to_the_success_url(client: stripe.StripeClient, url: str) -> None:
    answer = send(url)

    ref = url.rsplit("/", 1)[1]
    assert (answer.status_code, answer.headers["Location"]) == (303, f"http://shop.test/return?session={ref}")
    session = client.v1.checkout.sessions.retrieve(ref)
    assert (session.status, session.customer_details.email) == ("complete", "ada@example.com")
    assert session.customer_details.name == "Ada L"


def test_paid_page_says_so_and_leads_on(url: str) -> None:
    send(url)

    page = show(url)

    assert "You have already paid" in page.text
    assert "http://shop.test/return?session=cs_test_" in page.text


def test_decline_is_shown_in_place_and_may_be_tried_again(url: str) -> None:
    answer = send(url, number="4000 0000 0000 9995")
    assert (answer.status_code, url.endswith(answer.headers["Location"])) == (303, True)

    page = show(url).text

    assert '<p class="alert" role="alert" id="refusal">Your card has insufficient funds.</p>' in page
    assert 'value="Ada L"' in page
    assert "9995" not in page.split("<details")[0]
    assert send(url).headers["Location"].startswith("http://shop.test/return")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "ada", "Enter an e-mail address."),
        ("number", "4242 4242 4242 4241", "Your card number is incomplete or invalid."),
        ("number", "", "Your card number is incomplete or invalid."),
        ("expiry", "13 / 34", "Your card’s expiry date is incomplete."),
        ("expiry", "01 / 20", "Your card’s expiry date is in the past."),
        ("cvc", "12", "Your card’s security code is incomplete."),
        ("name", " ", "Enter the name on the card."),
    ],
)
def test_slip_of_the_pen_is_marked_at_its_field(
    client: stripe.StripeClient, url: str, field: str, value: str, words: str
) -> None:
    answer = send(url, **{field: value})

    assert answer.status_code == 422
    assert f'<span class="wrong" id="{field}-wrong">{words}</span>' in answer.text
    assert f'aria-describedby="{field}-wrong"' in answer.text
    assert client.v1.payment_intents.list().data == []


def test_challenge_completed_leads_to_the_success_url(url: str) -> None:
    challenge = send(url, number="4000000000003220").headers["Location"]
    page = show(url.split("/checkout")[0] + challenge)
    assert (page.status_code, "3-D Secure" in page.text, "3220" in page.text) == (200, True, True)

    answer = requests.post(f"{url}/challenge", data={"outcome": "complete"}, allow_redirects=False, timeout=5)

    assert answer.headers["Location"].startswith("http://shop.test/return?session=cs_test_")
    assert show(f"{url}/challenge").headers["Location"].endswith(url.rsplit("/", 1)[1])


def test_challenge_failed_comes_back_with_the_reason(url: str) -> None:
    send(url, number="4000000000003220")

    requests.post(f"{url}/challenge", data={"outcome": "fail"}, allow_redirects=False, timeout=5)

    assert "unable to authenticate your payment method" in show(url).text


def test_expired_page_leads_back(client: stripe.StripeClient, sandbox: Sandbox, url: str) -> None:
    sandbox.control("clock", {"advance_seconds": 86_400})

    page = show(url)

    assert page.status_code == 410
    assert "This checkout session has expired" in page.text
    assert 'href="http://shop.test/back"' in page.text
    assert send(url).status_code == 410
    assert client.v1.payment_intents.list().data == []


def test_unknown_page_is_404(sandbox: Sandbox) -> None:
    assert show(f"{sandbox.base}/checkout/stripe/cs_test_none").status_code == 404
    assert send(f"{sandbox.base}/checkout/stripe/cs_test_none").status_code == 404


def test_names_are_escaped_everywhere(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    nasty = '"><script>alert(1)</script>'
    session = open_session(client, client_reference_id=nasty)
    answer = send(session.url, name=nasty, number="4000000000000002")
    assert answer.status_code == 303

    for page in (session.url, sandbox.base):
        text = show(page).text
        assert "<script" not in text
    assert "&lt;script&gt;" in show(session.url).text


def test_index_shows_payments_and_deliveries(client: stripe.StripeClient, sandbox: Sandbox, url: str) -> None:
    send(url)

    page = show(sandbox.base).text

    assert '<span class="badge wait">held</span>' in page
    assert "checkout.session.completed" in page
    assert "RH-1" in page
