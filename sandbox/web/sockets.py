"""Pusher's WebSocket: greeting, subscriptions, pings and the end of a connection."""

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.pusher.channels import ACTIVITY_SECONDS, QUEUE_LENGTH, Channels, Connection, Refusal, frame
from sandbox.web.bridge import plain, sent
from sandbox.web.keys import WORLD

Json = dict[str, Any]
PONG_SECONDS = 30
LARGEST_MESSAGE = 64 * 1_024


async def api(request: web.Request) -> web.StreamResponse:
    pusher_api = request.app[WORLD].pusher.api
    asked = await plain(request)
    fault = pusher_api.draw(asked)
    if fault and fault.fault == "delay":
        await asyncio.sleep(fault.seconds)
    return await sent(request, pusher_api.finish(asked, fault))


async def socket(request: web.Request) -> web.WebSocketResponse:
    """One browser's connection, from greeting to close."""
    channels = request.app[WORLD].pusher.channels
    ws = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE)
    await ws.prepare(request)
    refusal = _refusal(request, channels)
    if refusal:
        code, message = refusal
        await ws.send_str(frame("pusher:error", {"code": code, "message": message}))
        await ws.close(code=code, message=message.encode())
        return ws
    await Session(ws, channels).run()
    return ws


class Session:
    """A connection's two halves: reading what it says, and writing what waits in its queue."""

    def __init__(self, ws: web.WebSocketResponse, channels: Channels) -> None:
        self.ws = ws
        self.channels = channels
        self._queue: asyncio.Queue[str | int] = asyncio.Queue()
        self._connection: Connection | None = None

    async def run(self) -> None:
        connection = self.channels.open(self._send, self._close)
        writer = asyncio.create_task(self._write())
        try:
            await self._read(connection)
        finally:
            self.channels.gone(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _send(self, text: str) -> bool:
        if self._queue.qsize() >= QUEUE_LENGTH:
            return False
        self._queue.put_nowait(text)
        return True

    def _close(self, code: int) -> None:
        self._queue.put_nowait(code)

    async def _write(self) -> None:
        while True:
            item = await self._queue.get()
            if isinstance(item, int):
                await self.ws.close(code=item)
                return
            await self.ws.send_str(item)

    async def _read(self, connection: Connection) -> None:
        is_pinged = False
        while not self.ws.closed:
            try:
                message = await self.ws.receive(timeout=PONG_SECONDS if is_pinged else ACTIVITY_SECONDS)
            except TimeoutError:
                if is_pinged:
                    self._close(4201)
                    return
                is_pinged = True
                connection.tell(frame("pusher:ping", {}))
                continue
            is_pinged = False
            if message.type is not WSMsgType.TEXT:
                return
            self._hear(connection, message.data)

    def _hear(self, connection: Connection, text: str) -> None:
        message = _parsed(text)
        event, data = message.get("event"), message.get("data")
        data = data if isinstance(data, dict) else {}
        if event == "pusher:ping":
            connection.tell(frame("pusher:pong", {}))
        elif event == "pusher:subscribe":
            self._subscribe(connection, data)
        elif event == "pusher:unsubscribe":
            self.channels.leave(connection, str(data.get("channel")))
        elif isinstance(event, str) and event.startswith("client-"):
            self.channels.client_event(connection, message)

    def _subscribe(self, connection: Connection, data: Json) -> None:
        try:
            self.channels.subscribe(connection, data)
        except Refusal as refusal:
            told = {"type": "AuthError", "error": str(refusal), "status": refusal.status}
            connection.tell(frame("pusher:subscription_error", told, str(data.get("channel"))))


def _refusal(request: web.Request, channels: Channels) -> tuple[int, str] | None:
    if request.match_info["key"] != channels.key:
        return 4001, "Could not find app by key"
    protocol = request.query.get("protocol")
    if protocol is None:
        return 4008, "No protocol version supplied"
    if protocol not in ("5", "6", "7"):
        return 4007, "Unsupported protocol version"
    return None


def _parsed(text: str) -> Json:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
