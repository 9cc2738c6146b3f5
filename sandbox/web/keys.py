"""Where handlers find what they serve."""

from aiohttp import web

from sandbox.stripe.page import CheckoutPage
from sandbox.web.sending import Sender
from sandbox.world import World

WORLD = web.AppKey("world", World)
CHECKOUT = web.AppKey("checkout", CheckoutPage)
SENDER = web.AppKey("sender", Sender)
