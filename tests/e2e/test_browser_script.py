"""The stand-in for the browser script, in a browser, on a page whose policy allows the sandbox and nothing more."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Page, expect

from tests.sandbox.process import Sandbox, running
from tests.sandbox.shapes import faults_of
from tests.sandbox.shop import Shop, open_shop

FRAME = "iframe[title='Secure payment input frame']"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    sandbox.control("reset", {})
    return stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base})


@pytest.fixture
def shop(sandbox: Sandbox, client: stripe.StripeClient) -> Iterator[Shop]:
    with open_shop(sandbox.base) as shop:
        shop.secret = intent(client).client_secret
        yield shop


@pytest.fixture
def calm_page(page: Page) -> Iterator[Page]:
    """A page that may say nothing in its console; a policy broken would be said there."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert [one for one in said if "Failed to load resource" not in one] == []  # a refusal is a 4xx


def intent(client: stripe.StripeClient, **more: Any) -> Any:
    params = {
        "amount": 20_000,
        "currency": "eur",
        "capture_method": "manual",
        "automatic_payment_methods": {"enabled": True},
        "metadata": {"booking_reference": "RH-1"},
    }
    return client.v1.payment_intents.create(params={**params, **more})


def fill(
    page: Page, number: str = "4242 4242 4242 4242", expiry: str = "1234", cvc: str = "123"
) -> FrameLocator:
    fields = page.frame_locator(FRAME)
    fields.get_by_label("Card number").press_sequentially(number)
    fields.get_by_label("Expiration date").press_sequentially(expiry)
    fields.get_by_label("Security code").press_sequentially(cvc)
    return fields


def test_card_typed_in_the_frame_holds_the_money(
    calm_page: Page, shop: Shop, client: stripe.StripeClient
) -> None:
    calm_page.goto(shop.url)
    fields = fill(calm_page, "4242424242424242")
    expect(fields.get_by_label("Card number")).to_have_value("4242 4242 4242 4242")
    expect(fields.get_by_label("Expiration date")).to_have_value("12 / 34")

    calm_page.get_by_role("button", name="Pay").click()

    ref = shop.secret.partition("_secret_")[0]
    expect(calm_page.locator("#message")).to_have_text(f"{ref} | requires_capture")
    found = client.v1.payment_intents.retrieve(ref, params={"expand": ["latest_charge", "payment_method"]})
    assert (found.status, found.amount_capturable) == ("requires_capture", 20_000)
    assert (found.payment_method.card.last4, found.payment_method.card.exp_year) == ("4242", 2034)
    heard = [name for name, _ in calm_page.evaluate("heard")]
    assert heard[0] == "ready" and {"change", "focus"} <= set(heard)
    assert calm_page.evaluate("heard.filter(([name]) => name === 'change').at(-1)[1].complete") is True


def test_decline_is_told_and_another_card_may_be_tried(calm_page: Page, shop: Shop) -> None:
    calm_page.goto(shop.url)
    fields = fill(calm_page, "4000000000009995")
    calm_page.get_by_role("button", name="Pay").click()
    expect(calm_page.locator("#message")).to_have_text(
        "card_error | card_declined | insufficient_funds | Your card has insufficient funds."
    )

    fields.get_by_label("Card number").fill("")
    fields.get_by_label("Card number").press_sequentially("5555555555554444")
    fields.get_by_label("Card number").press("Enter")

    expect(calm_page.locator("#message")).to_contain_text("requires_capture")


def test_what_is_missing_is_marked_in_the_frame(calm_page: Page, shop: Shop, client: Any) -> None:
    calm_page.goto(shop.url)
    fields = fill(calm_page, number="4242", cvc="")
    calm_page.get_by_role("button", name="Pay").click()

    expect(calm_page.locator("#message")).to_have_text(
        "validation_error | incomplete_number |  | Your card number is incomplete."
    )
    number = fields.get_by_label("Card number")
    expect(number).to_be_focused()
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(fields.locator("#number-wrong")).to_have_text("Your card number is incomplete.")
    expect(fields.locator("#cvc-wrong")).to_be_visible()
    assert client.v1.payment_intents.list().data[0].status == "requires_payment_method"


def test_number_with_a_slip_is_refused_by_the_server(calm_page: Page, shop: Shop) -> None:
    calm_page.goto(shop.url)
    fields = fill(calm_page, "4242424242424241")
    calm_page.get_by_role("button", name="Pay").click()

    expect(calm_page.locator("#message")).to_contain_text("card_error | incorrect_number")
    expect(fields.locator("#number-wrong")).to_have_text("Your card number is incorrect.")


@pytest.mark.parametrize(
    ("button", "status", "after"),
    [("Complete", "succeeded", "requires_capture"), ("Fail", "failed", "requires_payment_method")],
)
def test_challenge_goes_to_the_bank_and_comes_back(
    calm_page: Page, shop: Shop, client: Any, button: str, status: str, after: str
) -> None:
    calm_page.goto(shop.url)
    fill(calm_page, "4000000000003220")
    calm_page.get_by_role("button", name="Pay").click()
    expect(calm_page.get_by_role("heading", name="3-D Secure check")).to_be_visible()

    calm_page.get_by_role("button", name=button).click()

    ref = shop.secret.partition("_secret_")[0]
    query = f"booking=RH-1&payment_intent={ref}&payment_intent_client_secret={shop.secret}&redirect_status={status}"
    expect(calm_page).to_have_url(f"{shop.url}done?{query}")
    told = calm_page.evaluate("secret => Stripe('pk_test_shop').retrievePaymentIntent(secret)", shop.secret)
    assert told["paymentIntent"]["status"] == after
    assert client.v1.payment_intents.retrieve(ref).status == after


def test_payment_always_redirected_ends_at_the_return_url(calm_page: Page, shop: Shop) -> None:
    shop.redirect = "always"
    calm_page.goto(shop.url)
    fill(calm_page)
    calm_page.get_by_role("button", name="Pay").click()

    expect(calm_page).to_have_url(
        re.compile(r"/done\?booking=RH-1&payment_intent=pi_.*redirect_status=succeeded$")
    )


def test_appearance_and_test_cards(calm_page: Page, shop: Shop, tmp_path: Path) -> None:
    calm_page.set_viewport_size({"width": 390, "height": 844})
    calm_page.goto(shop.url)
    fields = calm_page.frame_locator(FRAME)
    fields.get_by_text("Test cards").click()
    fields.get_by_role("button", name="3782 822463 10005").click()

    expect(fields.get_by_label("Card number")).to_have_value("3782 822463 10005")
    expect(fields.get_by_label("Security code")).to_have_value("1234")
    html = fields.locator("html")
    assert html.evaluate("node => node.style.getPropertyValue('--color-primary')") == "#1976d2"
    expect(html).to_have_css("font-family", "Roboto, sans-serif")
    is_whole = "() => { const d = document.documentElement; return d.scrollWidth <= d.clientWidth; }"
    assert calm_page.evaluate(is_whole)
    assert Axe().run(calm_page).response["violations"] == []


def test_script_refuses_secret_keys_and_odd_secrets(calm_page: Page, shop: Shop) -> None:
    calm_page.goto(shop.url)
    assert "publishable" in calm_page.evaluate(
        "() => { try { Stripe('sk_test_x'); } catch (error) { return error.message; } }"
    )
    assert "clientSecret" in calm_page.evaluate(
        "() => { try { Stripe('pk_test_x').elements({}); } catch (error) { return error.message; } }"
    )
    stranger = calm_page.evaluate("() => Stripe('pk_test_x').retrievePaymentIntent('pi_none_secret_none')")
    assert stranger["error"]["code"] == "resource_missing"


def test_half_a_number_does_not_move_the_button_away(calm_page: Page, shop: Shop) -> None:
    calm_page.goto(shop.url)
    calm_page.frame_locator(FRAME).get_by_label("Card number").fill("4242")

    calm_page.get_by_role("button", name="Pay").click()

    expect(calm_page.locator("#message")).to_contain_text("incomplete_number")
    expect(calm_page.frame_locator(FRAME).locator("#expiry-wrong")).to_be_visible()


@pytest.mark.parametrize(("label", "wallet"), [("Apple Pay", "apple_pay"), ("Google Pay", "google_pay")])
def test_wallet_pays_without_numbers(
    calm_page: Page, shop: Shop, client: stripe.StripeClient, label: str, wallet: str
) -> None:
    calm_page.goto(shop.url)
    fields = calm_page.frame_locator(FRAME)
    fields.get_by_role("radio", name=label).check()
    expect(fields.get_by_label("Card number")).to_be_hidden()

    calm_page.get_by_role("button", name="Pay").click()

    expect(calm_page.locator("#message")).to_contain_text("requires_capture")
    ref = shop.secret.partition("_secret_")[0]
    charge = client.v1.payment_intents.retrieve(ref, params={"expand": ["latest_charge"]}).latest_charge
    assert charge.payment_method_details.card.wallet.type == wallet
    assert faults_of(charge) == []
