"""Where handlers find what they serve."""

from aiohttp import web

from sandbox.octo.page import PayPage
from sandbox.stripe.onboarding import OnboardingPage
from sandbox.stripe.page import CheckoutPage
from sandbox.web.sending import Sender
from sandbox.world import World

WORLD = web.AppKey("world", World)
# Pages by the mode of what they show.
CHECKOUT = web.AppKey("checkout", dict[str, CheckoutPage])
ONBOARDING = web.AppKey("onboarding", dict[str, OnboardingPage])
PAY_PAGE = web.AppKey("pay_page", PayPage)
SENDER = web.AppKey("sender", Sender)
