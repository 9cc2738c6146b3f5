"""Where handlers find what they serve."""

from aiohttp import web

from sandbox.octo.page import PayPage
from sandbox.stripe.onboarding import OnboardingPage
from sandbox.stripe.page import CheckoutPage
from sandbox.web.sending import Sender
from sandbox.world import World

WORLD = web.AppKey("world", World)
CHECKOUT = web.AppKey("checkout", CheckoutPage)
ONBOARDING = web.AppKey("onboarding", OnboardingPage)
PAY_PAGE = web.AppKey("pay_page", PayPage)
SENDER = web.AppKey("sender", Sender)
