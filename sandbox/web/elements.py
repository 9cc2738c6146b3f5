"""The stand-in for the provider's browser script, and the frame in which it asks for a card."""

from aiohttp import web

from sandbox import paypages
from sandbox.markup import STATIC, element, joined, render
from sandbox.stripe import cards
from sandbox.stripe.page import HINTS

# The frame is made to be shown on the merchant's page, wherever that runs; it loads and calls only this server.
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors http: https:"
)
ANYWHERE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


async def script(request: web.Request) -> web.Response:
    return web.Response(
        text=(STATIC / "stripe.js").read_text(encoding="utf-8"),
        content_type="text/javascript",
        charset="utf-8",
        headers=ANYWHERE,
    )


async def frame(request: web.Request) -> web.Response:
    hints = [
        element("li", element("button", f"{paypages.spaced(number)} – {cards.CARDS[number].note}",
                              type="button", data_card=number))
        for number in HINTS
    ]  # fmt: skip
    headers = {**ANYWHERE, "Content-Security-Policy": FRAME_POLICY, "Referrer-Policy": "no-referrer"}
    text = render("fields.html", hints=joined(hints))
    return web.Response(text=text, content_type="text/html", headers=headers)
