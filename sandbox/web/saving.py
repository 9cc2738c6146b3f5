"""The state is saved a moment after it changed, and once more at the end."""

import asyncio
import logging

from sandbox.store import Store
from sandbox.world import World

log = logging.getLogger("sandbox.store")
QUIET_SECONDS = 0.2  # many changes come together; one write serves them all


class Saver:
    def __init__(self, world: World, store: Store) -> None:
        self.world = world
        self.store = store
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def mark(self) -> None:
        self._loop.call_soon_threadsafe(self._changed.set)

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(QUIET_SECONDS)
            self._changed.clear()
            try:
                await asyncio.to_thread(self.save)
            except OSError as error:
                log.warning("the state could not be saved: %s", error)

    def save(self) -> None:
        with self.world.stripe.engine.lock:
            text = self.store.text_of(self.world.snapshot())
        self.store.save(text)
