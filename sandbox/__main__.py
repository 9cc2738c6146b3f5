"""`python -m sandbox`: read the environment, take back the saved state, serve until told to stop."""

import logging
import os
import sys

from aiohttp import web

from sandbox.settings import Refused, Settings, from_environment
from sandbox.store import Store
from sandbox.web.app import make_app
from sandbox.world import World, state_file


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    try:
        settings = from_environment(os.environ)
    except Refused as refusal:
        sys.stderr.write(f"The sandbox does not start: {refusal}.\n")
        return 2
    logging.getLogger("sandbox").info("listening on %s", settings.base_url)
    web.run_app(
        make_app(_world(settings)), host=settings.host, port=settings.port, print=None, shutdown_timeout=1
    )
    return 0


def _world(settings: Settings) -> World:
    world = World(settings)
    path = state_file(settings)
    state = Store(path).load() if path else None
    if state:
        world.restore(state)
    world.clock.share()
    return world


if __name__ == "__main__":
    sys.exit(main())
