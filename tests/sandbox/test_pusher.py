"""Pusher: the official library triggers, a WebSocket client listens."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pusher
import pytest
import requests
from pusher.errors import PusherBadAuth, PusherBadRequest, PusherBadStatus

from sandbox.pusher import signing
from tests.sandbox.process import PUSHER, Sandbox

KEY, SECRET, APP = PUSHER["PUSHER_KEY"], PUSHER["PUSHER_SECRET"], PUSHER["PUSHER_APP_ID"]
PRIVATE = "private-booking-RH-1"


@pytest.fixture
def library(sandbox: Sandbox) -> pusher.Pusher:
    return made(sandbox)


def made(sandbox: Sandbox, **changes: Any) -> pusher.Pusher:
    host, port = sandbox.base.removeprefix("http://").split(":")
    return pusher.Pusher(
        **{
            "app_id": APP,
            "key": KEY,
            "secret": SECRET,
            "host": host,
            "port": int(port),
            "ssl": False,
            **changes,
        }
    )


class Browser:
    """One WebSocket, spoken to in the protocol's words."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.socket_id = ""

    async def hear(self) -> dict[str, Any]:
        message = await self.ws.receive(timeout=3)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        found: dict[str, Any] = json.loads(message.data)
        if isinstance(found.get("data"), str) and found["data"]:
            found["data"] = json.loads(found["data"])
        return found

    async def say(self, event: str, **data: Any) -> None:
        await self.ws.send_str(json.dumps({"event": event, "data": data}))

    async def subscribe(
        self, channel: str, library: pusher.Pusher | None = None, **user: Any
    ) -> dict[str, Any]:
        signed: dict[str, Any] = {}
        if library:
            signed = library.authenticate(channel, self.socket_id, user or None)
        await self.say("pusher:subscribe", channel=channel, **signed)
        return await self.hear()


async def connect(http: aiohttp.ClientSession, sandbox: Sandbox, path: str = "") -> Browser:
    url = sandbox.base.replace("http", "ws", 1) + (path or f"/app/{KEY}?protocol=7&client=js&version=8.6.0")
    browser = Browser(await http.ws_connect(url))
    hello = await browser.hear()
    if hello["event"] == "pusher:connection_established":
        browser.socket_id = hello["data"]["socket_id"]
        assert hello["data"]["activity_timeout"] == 120
    return browser


async def hears_close(ws: aiohttp.ClientWebSocketResponse, code: int) -> None:
    # The frame itself: the client's `close_code` turns to 1006 where the line is gone before it answers.
    last = await ws.receive(timeout=3)
    assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, code)


def browsing(story: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as http:
            await story(http)

    asyncio.run(run())


def test_trigger_reaches_a_private_channel(sandbox: Sandbox, library: pusher.Pusher) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        browser = await connect(http, sandbox)
        granted = await browser.subscribe(PRIVATE, library)
        assert (granted["event"], granted["channel"]) == ("pusher_internal:subscription_succeeded", PRIVATE)

        answer = await asyncio.to_thread(library.trigger, PRIVATE, "booking-updated", {"status": "CONFIRMED"})

        assert answer == {}
        assert await browser.hear() == {
            "event": "booking-updated",
            "channel": PRIVATE,
            "data": {"status": "CONFIRMED"},
        }

    browsing(story)
    assert sandbox.control("pusher/messages")["messages"] == [
        {
            "channel": PRIVATE,
            "event": "booking-updated",
            "data": {"status": "CONFIRMED"},
            "socket_id": None,
            "receivers": 1,
        }
    ]


def test_excluded_socket_hears_nothing(sandbox: Sandbox, library: pusher.Pusher) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        one, other = await connect(http, sandbox), await connect(http, sandbox)
        for browser in (one, other):
            await browser.subscribe("news")
        await asyncio.to_thread(library.trigger, "news", "first", {}, one.socket_id)
        await asyncio.to_thread(library.trigger, "news", "second", {})

        assert (await one.hear())["event"] == "second"
        assert (await other.hear())["event"] == "first"

    browsing(story)


def test_unsigned_subscription_is_refused(sandbox: Sandbox, library: pusher.Pusher) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        browser = await connect(http, sandbox)
        await browser.say("pusher:subscribe", channel=PRIVATE, auth=f"{KEY}:{'0' * 64}")
        refused = await browser.hear()
        assert (refused["event"], refused["data"]["status"]) == ("pusher:subscription_error", 401)
        foreign = library.authenticate(PRIVATE, "1.1")
        await browser.say("pusher:subscribe", channel=PRIVATE, **foreign)
        assert (await browser.hear())["event"] == "pusher:subscription_error"

    browsing(story)


def test_batch_reaches_each_channel(sandbox: Sandbox, library: pusher.Pusher) -> None:
    batch = [{"channel": f"c{number}", "name": "e", "data": {"n": number}} for number in range(10)]

    library.trigger_batch(batch)

    messages = sandbox.control("pusher/messages")["messages"]
    assert [(one["channel"], one["data"]) for one in messages] == [(f"c{n}", {"n": n}) for n in range(10)]


def test_presence_counts_people_not_sockets(sandbox: Sandbox, library: pusher.Pusher) -> None:
    channel = "presence-lobby"

    async def story(http: aiohttp.ClientSession) -> None:
        first = await connect(http, sandbox)
        roll = await first.subscribe(channel, library, user_id="7", user_info={"name": "Ada"})
        assert roll["data"]["presence"] == {"ids": ["7"], "hash": {"7": {"name": "Ada"}}, "count": 1}
        same = await connect(http, sandbox)
        await same.subscribe(channel, library, user_id="7", user_info={"name": "Ada"})
        second = await connect(http, sandbox)
        roll = await second.subscribe(channel, library, user_id="8")
        assert roll["data"]["presence"]["count"] == 2
        added = await first.hear()
        assert (added["event"], added["data"]["user_id"]) == ("pusher_internal:member_added", "8")
        users = await asyncio.to_thread(library.users_info, channel)
        assert users == {"users": [{"id": "7"}, {"id": "8"}]}
        found = await asyncio.to_thread(library.channels_info, "presence-", ["user_count"])
        assert found == {"channels": {channel: {"user_count": 2}}}
        await same.ws.close()
        await second.ws.close()
        removed = await first.hear()
        assert (removed["event"], removed["data"]) == ("pusher_internal:member_removed", {"user_id": "8"})

    browsing(story)


def test_client_events_go_to_the_others(sandbox: Sandbox, library: pusher.Pusher) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        one, other = await connect(http, sandbox), await connect(http, sandbox)
        for browser in (one, other):
            await browser.subscribe(PRIVATE, library)
        typing = {"event": "client-typing", "channel": PRIVATE, "data": {"on": True}}
        await one.ws.send_str(json.dumps(typing))
        assert (await other.hear())["event"] == "client-typing"
        await one.say("pusher:unsubscribe", channel=PRIVATE)
        await one.ws.send_str(json.dumps(typing))
        assert (await one.hear())["data"]["code"] == 4301

    browsing(story)


def test_ping_is_answered(sandbox: Sandbox) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        browser = await connect(http, sandbox)
        await browser.say("pusher:ping")
        assert (await browser.hear())["event"] == "pusher:pong"
        await browser.ws.send_str("{not json")
        await browser.say("pusher:ping")
        assert (await browser.hear())["event"] == "pusher:pong"

    browsing(story)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/app/nobody?protocol=7", 4001),
        (f"/app/{KEY}?protocol=4", 4007),
        (f"/app/{KEY}?protocol=8", 4007),
        (f"/app/{KEY}", 4008),
    ],
)
def test_wrong_connections_are_closed_with_their_code(sandbox: Sandbox, path: str, code: int) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        url = sandbox.base.replace("http", "ws", 1) + path
        ws = await http.ws_connect(url)
        told = json.loads((await ws.receive(timeout=3)).data)
        assert json.loads(told["data"])["code"] == code
        await hears_close(ws, code)

    browsing(story)


def test_disconnect_closes_with_4100_and_reconnecting_works(sandbox: Sandbox) -> None:
    async def story(http: aiohttp.ClientSession) -> None:
        browser = await connect(http, sandbox)
        answer = await asyncio.to_thread(sandbox.control, "pusher/disconnect", {})
        assert answer == {"disconnected": 1}
        await hears_close(browser.ws, 4100)
        assert (await connect(http, sandbox)).socket_id

    browsing(story)


def test_wrong_secret_key_and_app_have_their_errors(sandbox: Sandbox) -> None:
    with pytest.raises(PusherBadAuth):
        made(sandbox, secret="other").trigger("c", "e", {})
    with pytest.raises(PusherBadAuth):
        made(sandbox, key="other").trigger("c", "e", {})
    with pytest.raises(PusherBadStatus, match="404"):
        made(sandbox, app_id="1").trigger("c", "e", {})
    assert sandbox.control("pusher/messages") == {"messages": []}


def test_too_large_an_event_is_413_by_bytes(sandbox: Sandbox, library: pusher.Pusher) -> None:
    library.trigger("c", "e", "é" * 5_120)

    with pytest.raises(PusherBadStatus, match="413"):
        library.trigger("c", "e", "é" * 5_121)


def test_questions_that_make_no_sense_are_400(library: pusher.Pusher) -> None:
    with pytest.raises(PusherBadRequest):
        library.channel_info("plain", ["user_count"])
    with pytest.raises(PusherBadRequest):
        library.users_info("plain")


def raw(sandbox: Sandbox, body: bytes, **changes: str) -> int:
    """A trigger signed by hand, with parts of the signed query changed."""
    path = f"/apps/{APP}/events"
    query = {
        "auth_key": KEY,
        "auth_timestamp": str(int(time.time())),
        "auth_version": "1.0",
        "body_md5": hashlib.md5(body).hexdigest(),
        **changes,
    }
    query["auth_signature"] = changes.get(
        "auth_signature", signing.request_signature(SECRET, "POST", path, query)
    )
    return requests.post(f"{sandbox.base}{path}?{urlencode(query)}", data=body, timeout=5).status_code


def test_signed_request_is_judged_part_by_part(sandbox: Sandbox) -> None:
    body = json.dumps({"name": "e", "channels": ["c"], "data": "{}"}).encode()
    now = int(time.time())

    assert raw(sandbox, body) == 200
    assert raw(sandbox, body, auth_version="2.0") == 401
    assert raw(sandbox, body, auth_timestamp=str(now - 620)) == 401
    assert raw(sandbox, body, auth_timestamp=str(now + 620)) == 401
    assert raw(sandbox, body, body_md5="0" * 32) == 401
    assert raw(sandbox, body, auth_signature="0" * 64) == 401


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"name": "e", "channels": [f"c{n}" for n in range(101)], "data": ""}, 400),
        ({"name": "e", "channels": ["no spaces"], "data": ""}, 400),
        ({"name": "e" * 201, "channels": ["c"], "data": ""}, 400),
        ({"name": "e", "channels": ["c"], "data": {"not": "text"}}, 400),
        ({"name": "e", "channels": [], "data": ""}, 400),
        ({"name": "e", "channel": "c", "data": "", "socket_id": "x"}, 400),
        ({"name": "e", "channel": "c", "data": "x" * 10_241}, 413),
        ({"name": "e", "channel": "c", "data": "x" * 10_240}, 200),
    ],
)
def test_limits_have_their_status_codes(sandbox: Sandbox, event: dict[str, Any], status: int) -> None:
    assert raw(sandbox, json.dumps(event).encode()) == status


def test_published_example_of_the_vendor_is_reproduced() -> None:
    query = {
        "auth_key": "278d425bdf160c739803",
        "auth_timestamp": "1353088179",
        "auth_version": "1.0",
        "body_md5": "ec365a775a4cd0599faeb73354201b6f",
    }

    signature = signing.request_signature("7ad3773142a6692b25b8", "POST", "/apps/3/events", query)

    assert signature == "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"


def test_triggers_fail_on_order(sandbox: Sandbox, library: pusher.Pusher) -> None:
    def order(fault: str, **more: Any) -> None:
        sandbox.control("faults", {"provider": "pusher", "operation": "trigger", "fault": fault, **more})

    order("error_500")
    with pytest.raises(PusherBadStatus, match="500"):
        library.trigger("c", "e", {})
    order("reset")
    with pytest.raises(requests.ConnectionError):
        library.trigger("c", "e", {})
    assert sandbox.control("pusher/messages") == {"messages": []}
    order("timeout_after", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        library.trigger("c", "e", {})
    assert len(sandbox.control("pusher/messages")["messages"]) == 1
