"""A merchant's page with a strict policy, for tests of the browser script: it allows the sandbox and no more."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pay here</title>
<script src="{sandbox}/stripe-js/v3/"></script><script src="/shop.js" defer></script></head>
<body><main><h1>Pay here</h1>
<form id="pay"><div id="card"></div><button>Pay</button></form>
<p id="message" role="status"></p></main></body></html>"""

SCRIPT = """
const stripe = Stripe("pk_test_shop");
const elements = stripe.elements({
  clientSecret: "%(secret)s",
  appearance: { theme: "stripe", variables: { colorPrimary: "#1976d2", fontFamily: "Roboto, sans-serif" } },
});
const payment = elements.create("payment");
window.heard = [];
for (const name of ["ready", "change", "focus"]) payment.on(name, (event) => heard.push([name, event]));
payment.mount("#card");
const message = document.getElementById("message");
document.getElementById("pay").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { error, paymentIntent } = await stripe.confirmPayment({
    elements, confirmParams: { return_url: location.origin + "/done?booking=RH-1" }, redirect: "%(redirect)s",
  });
  message.textContent = error ? [error.type, error.code, error.decline_code, error.message].join(" | ")
    : [paymentIntent.id, paymentIntent.status].join(" | ");
});
"""

DONE = """<!doctype html><html lang="en"><head><title>Done</title></head><body><h1>Back at the shop</h1>
<script src="{sandbox}/stripe-js/v3/"></script></body></html>"""


@dataclass
class Shop:
    """`url` is the page; `secret` the intent it takes money for; `redirect` as the script understands it."""

    sandbox: str
    url: str = ""
    secret: str = ""
    redirect: str = "if_required"
    reports: list[str] = field(default_factory=list)

    @property
    def policy(self) -> str:
        return (
            f"default-src 'none'; script-src 'self' {self.sandbox}; connect-src {self.sandbox}; "
            f"frame-src {self.sandbox}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def text(self, path: str) -> tuple[str, str]:
        if path == "/shop.js":
            return "text/javascript", SCRIPT % {"secret": self.secret, "redirect": self.redirect}
        page = DONE if path.startswith("/done") else PAGE
        return "text/html", page.format(sandbox=self.sandbox)


@contextlib.contextmanager
def open_shop(sandbox: str) -> Iterator[Shop]:
    shop = Shop(sandbox)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = shop.text(self.path)
            if self.path == "/favicon.ico":
                kind, text = "image/x-icon", ""
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Security-Policy", shop.policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
