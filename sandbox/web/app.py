"""The server put together: routes, background work, and the end."""

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.markup import STATIC
from sandbox.octo.engine import PATHS
from sandbox.octo.page import PayPage
from sandbox.store import Store
from sandbox.stripe.onboarding import OnboardingPage
from sandbox.stripe.page import CheckoutPage
from sandbox.web import bridge, control, elements, pages, sockets
from sandbox.web.keys import CHECKOUT, ONBOARDING, PAY_PAGE, SENDER, WORLD
from sandbox.web.saving import Saver
from sandbox.web.sending import Sender
from sandbox.world import World, state_file

log = logging.getLogger("sandbox")
LARGEST_BODY = 6 * 1024 * 1024  # evidence may have five


def make_app(world: World) -> web.Application:
    app = web.Application(client_max_size=LARGEST_BODY)
    app[WORLD] = world
    app[SENDER] = Sender(world)
    app[CHECKOUT] = {
        mode: CheckoutPage(engine, world.settings.merchant) for mode, engine in world.stripe.engines.items()
    }
    app[ONBOARDING] = {
        mode: OnboardingPage(engine, world.settings.merchant) for mode, engine in world.stripe.engines.items()
    }
    app[PAY_PAGE] = PayPage(world.octo.engine, world.settings.merchant)
    app.router.add_get("/", pages.index)
    app.router.add_static("/static", STATIC)
    app.router.add_get("/checkout/stripe/{ref}", pages.show_checkout)
    app.router.add_post("/checkout/stripe/{ref}", pages.pay_checkout)
    app.router.add_get("/checkout/stripe/{ref}/challenge", pages.show_challenge)
    app.router.add_post("/checkout/stripe/{ref}/challenge", pages.answer_challenge)
    app.router.add_get("/pay/{ref}", pages.show_pay_page)
    app.router.add_post("/pay/{ref}", pages.pay_pay_page)
    app.router.add_post("/pay/{ref}/answer", pages.answer_pay_page)
    app.router.add_get("/connect/onboarding/{token}", pages.show_onboarding)
    app.router.add_post("/connect/onboarding/{token}", pages.complete_onboarding)
    app.router.add_get("/stripe-js/v3/", elements.script)
    app.router.add_get("/stripe-js/v3", elements.script)
    app.router.add_get("/stripe-js/fields", elements.frame)
    for path in PATHS:
        app.router.add_route("*", path, bridge.octo_api)
    app.router.add_route("*", "/v1/{path:.*}", bridge.stripe_api)
    app.router.add_route("*", "/apps/{path:.*}", sockets.api)
    app.router.add_get("/app/{key}", sockets.socket)
    app.router.add_route("*", "/_control/{call:.*}", control.control)
    app.cleanup_ctx.append(_at_work)
    app.on_shutdown.append(_hang_up)
    return app


async def _at_work(app: web.Application) -> AsyncIterator[None]:
    """Webhooks go out and the state is saved while the server runs."""
    world = app[WORLD]
    sender = app[SENDER]
    saver = _saver(world)

    def changed() -> None:
        sender.wake()
        if saver:
            saver.mark()

    world.on_change = changed
    tasks = [asyncio.create_task(work.run()) for work in (sender, saver) if work]
    for task in tasks:
        task.add_done_callback(_say_why)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if saver:
        saver.save()


def _say_why(task: asyncio.Task[None]) -> None:
    """Background work only ends when it is told to; anything else must be seen."""
    if not task.cancelled() and task.exception():
        log.error("background work ended", exc_info=task.exception())


def _saver(world: World) -> Saver | None:
    path = state_file(world.settings)
    return Saver(world, Store(path)) if path else None


async def _hang_up(app: web.Application) -> None:
    """Browsers are told to come back a little later, not at once."""
    if app[WORLD].pusher.disconnect():
        await asyncio.sleep(0.1)  # for the close frames to leave
