"""Webhooks over HTTP: takes what is due from the outbox, sends it, reports how it went."""

import asyncio
import logging

import aiohttp

from sandbox.outbox import Message
from sandbox.world import World

log = logging.getLogger("sandbox.webhooks")
ANSWER_SECONDS = 10.0
SETTLE_SECONDS = 2.0
LARGEST_ANSWER = 64 * 1_024
AT_ONCE = 4
IDLE_SECONDS = 0.5  # also how often time is let do its work


class Sender:
    """Sends in order of due time, a few at once, so that the order of arrival is usual but not promised."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._wake = asyncio.Event()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        self._wake.set()

    async def settle(self) -> None:
        """Wait for what is on the wire, so that nothing of before arrives after a reset; then cut it off."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=SETTLE_SECONDS)
            for task in late:
                task.cancel()

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            while True:
                self._wake.clear()
                self.world.tick()
                for message in self.world.outbox.take_due():
                    await self._gate.acquire()
                    if not self.world.outbox.is_live(message):  # a reset came between
                        self._gate.release()
                        continue
                    task = asyncio.create_task(self._send(client, message))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                await self._sleep()

    async def _sleep(self) -> None:
        due = self.world.outbox.next_due()
        wait = IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.0, due - self.world.real()))
        try:
            await asyncio.wait_for(self._wake.wait(), wait)
        except TimeoutError:
            return

    async def _send(self, client: aiohttp.ClientSession, message: Message) -> None:
        is_accepted, answer = False, "no answer"
        try:
            headers = self.world.webhook_headers(message)
            request = client.post(
                message.url, data=message.body.encode(), headers=headers, allow_redirects=False
            )
            async with request as response:
                is_accepted, answer = 200 <= response.status < 300, str(response.status)
                if is_accepted:
                    self.world.answered(message, await response.content.read(LARGEST_ANSWER))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer = type(error).__name__
        finally:
            self._gate.release()
            self.world.outbox.sent(message, is_accepted=is_accepted, answer=answer)
        if not is_accepted:
            log.info("webhook %s %s: %s (try %d)", message.kind, message.subject, answer, message.attempts)
