"""The pages for people: the hosted pay pages, and an index of what the sandbox holds."""

from aiohttp import web

from sandbox.paypages import Page
from sandbox.stripe.onboarding import OnboardingPage
from sandbox.stripe.page import CheckoutPage
from sandbox.web.index import index_page
from sandbox.web.keys import CHECKOUT, ONBOARDING, PAY_PAGE, WORLD

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def show_checkout(request: web.Request) -> web.Response:
    return _answer(_checkout(request).show(request.match_info["ref"], request.query.get("card", "")))


async def pay_checkout(request: web.Request) -> web.Response:
    return _answer(_checkout(request).pay(request.match_info["ref"], await _values(request)))


async def show_challenge(request: web.Request) -> web.Response:
    return _answer(_checkout(request).challenge(request.match_info["ref"]))


async def answer_challenge(request: web.Request) -> web.Response:
    values = await _values(request)
    return _answer(_checkout(request).answer(request.match_info["ref"], values.get("outcome", "")))


async def show_onboarding(request: web.Request) -> web.Response:
    return _answer(_onboarding(request).show(request.match_info["token"]))


async def complete_onboarding(request: web.Request) -> web.Response:
    return _answer(_onboarding(request).complete(request.match_info["token"]))


async def show_pay_page(request: web.Request) -> web.Response:
    return _answer(request.app[PAY_PAGE].show(request.match_info["ref"], request.query.get("card", "")))


async def pay_pay_page(request: web.Request) -> web.Response:
    return _answer(request.app[PAY_PAGE].pay(request.match_info["ref"], await _values(request)))


async def answer_pay_page(request: web.Request) -> web.Response:
    return _answer(request.app[PAY_PAGE].answer(request.match_info["ref"], await _values(request)))


async def index(request: web.Request) -> web.Response:
    return _answer(Page(200, index_page(request.app[WORLD])))


def _checkout(request: web.Request) -> CheckoutPage:
    """The pages of the mode that what is paid belongs to."""
    return request.app[CHECKOUT][request.app[WORLD].stripe.mode_of(request.match_info["ref"])]


def _onboarding(request: web.Request) -> OnboardingPage:
    return request.app[ONBOARDING][request.app[WORLD].stripe.mode_of(f"link_{request.match_info['token']}")]


async def _values(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _answer(page: Page) -> web.Response:
    if page.location:
        return web.Response(status=page.status, headers={**HEADERS, "Location": page.location})
    return web.Response(status=page.status, text=page.html, content_type="text/html", headers=HEADERS)
