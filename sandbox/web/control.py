"""The control calls under /_control/: how tests and people steer the sandbox. JSON in, JSON out."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.faults import BadFault
from sandbox.octo.behavior import BadOctoOrder
from sandbox.orders import BadOrder
from sandbox.outbox import MODES, Travel
from sandbox.paypages import BadVisit
from sandbox.stripe import orders
from sandbox.web.keys import SENDER, WORLD
from sandbox.world import World

Json = dict[str, Any]
LONGEST_ADVANCE = 10 * 366 * 86_400
RELEASE_ORDERS = ("created", "reversed", "shuffled")


def health(world: World, data: Json) -> Json:
    return {"ok": True}


def reset(world: World, data: Json) -> Json:
    world.reset()
    return {"ok": True}


def clock(world: World, data: Json) -> Json:
    return {"now": world.clock.now(), "offset_seconds": world.clock.offset}


def advance(world: World, data: Json) -> Json:
    seconds = data.get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_ADVANCE:
        raise BadOrder("advance_seconds must be a whole number of seconds, zero or more")
    world.advance(seconds)
    return clock(world, data)


def pay(world: World, data: Json) -> Json:
    """{"url", "card" (default 4242…), "action": pay | fail_3ds | leave_3ds | abandon | cancel}.

    Instead of "url", {"payment_intent": id or client secret, "return_url"} pays one of the merchant's own page.
    """
    url, card = data.get("url"), data.get("card") or "4242424242424242"
    if "payment_intent" in data:
        return _pay_intent(world, data, str(card))
    if not isinstance(url, str) or not isinstance(card, str):
        raise BadOrder("url must be the address of a pay page, card a number")
    result = world.pay(url, card, data.get("action") or "pay")
    if result is None:
        raise BadOrder(f"{url} is no pay page of this sandbox")
    return result


def _pay_intent(world: World, data: Json, card: str) -> Json:
    ref, return_url = str(data["payment_intent"]), str(data.get("return_url") or "")
    result = world.stripe.pay_intent(ref, card, data.get("action") or "pay", return_url)
    if result is None:
        raise BadOrder("payment_intent must be the id or the client secret of an intent")
    return result


def list_faults(world: World, data: Json) -> Json:
    return {"faults": world.faults.listed()}


def add_fault(world: World, data: Json) -> Json:
    world.faults.add(data)
    return list_faults(world, data)


def clear_faults(world: World, data: Json) -> Json:
    world.faults.clear()
    return list_faults(world, data)


def webhooks(world: World, data: Json) -> Json:
    """{"mode", "copies", "delay_seconds", "signature": right | wrong}: for webhooks queued from now on."""
    travel = Travel(
        mode=data.get("mode", "normal"),
        copies=data.get("copies", 2),
        delay_seconds=data.get("delay_seconds", 0),
        signature=data.get("signature", "right"),
    )
    if travel.mode not in MODES:
        raise BadOrder(f"mode must be one of {', '.join(MODES)}")
    if not isinstance(travel.copies, int) or not 1 <= travel.copies <= 50:
        raise BadOrder("copies must be a whole number from 1 to 50")
    if not isinstance(travel.delay_seconds, int | float) or not 0 <= travel.delay_seconds <= 86_400:
        raise BadOrder("delay_seconds must be a number from 0 to 86400")
    if travel.signature not in ("right", "wrong"):
        raise BadOrder("signature must be right or wrong")
    world.outbox.travel = travel
    return {"mode": travel.mode, "copies": travel.copies, "delay_seconds": travel.delay_seconds,
            "signature": travel.signature}  # fmt: skip


def release(world: World, data: Json) -> Json:
    order = data.get("order", "created")
    if order not in RELEASE_ORDERS:
        raise BadOrder(f"order must be one of {', '.join(RELEASE_ORDERS)}")
    return {"released": world.outbox.release(order)}


def books(world: World, data: Json) -> Json:
    return world.books()


def calls(world: World, data: Json) -> Json:
    """The API calls answered so far, oldest first; ?provider= and ?operation= narrow them."""
    return {"calls": world.journal.listed(data.get("provider"), data.get("operation"))}


def pusher_messages(world: World, data: Json) -> Json:
    return {"messages": world.pusher.triggered(data.get("channel"))}


def pusher_disconnect(world: World, data: Json) -> Json:
    return {"disconnected": world.pusher.disconnect()}


def dispute(world: World, data: Json) -> Json:
    return world.stripe.order(orders.dispute, data)


def refund(world: World, data: Json) -> Json:
    return world.stripe.order(orders.refund, data)


def connected_account(world: World, data: Json) -> Json:
    return world.stripe.order(orders.host, data)


def dashboard(world: World, data: Json) -> Json:
    """A person in the provider's dashboard; Octo's payments are named by "payment"."""
    return world.octo.cabinet(data) if "payment" in data else world.stripe.order(orders.dashboard, data)


def octo_behavior(world: World, data: Json) -> Json:
    """Octo's switches, see sandbox/octo/README.md; without any it only tells them."""
    return world.octo.configure(data)


def octo_shops(world: World, data: Json) -> Json:
    return world.octo.add_shop(data)


def octo_callback(world: World, data: Json) -> Json:
    return world.octo.call_back(data)


TABLE: dict[tuple[str, str], Callable[[World, Json], Json]] = {
    ("GET", "health"): health,
    ("POST", "reset"): reset,
    ("GET", "clock"): clock,
    ("POST", "clock"): advance,
    ("POST", "pay"): pay,
    ("GET", "faults"): list_faults,
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): clear_faults,
    ("POST", "webhooks"): webhooks,
    ("POST", "webhooks/release"): release,
    ("GET", "books"): books,
    ("GET", "calls"): calls,
    ("POST", "dispute"): dispute,
    ("POST", "refund"): refund,
    ("POST", "account"): connected_account,
    ("POST", "dashboard"): dashboard,
    ("GET", "octo/behavior"): octo_behavior,
    ("POST", "octo/behavior"): octo_behavior,
    ("POST", "octo/shops"): octo_shops,
    ("POST", "octo/callback"): octo_callback,
    ("GET", "pusher/messages"): pusher_messages,
    ("POST", "pusher/disconnect"): pusher_disconnect,
}


async def control(request: web.Request) -> web.Response:
    """One control call; 400 and {"error"} for one that makes no sense."""
    found = TABLE.get((request.method, request.match_info["call"]))
    if found is None:
        return web.json_response({"error": "there is no such control call"}, status=404)
    if request.headers.get("Origin"):  # a page in some browser, and none has business here
        return web.json_response({"error": "not for browsers"}, status=403)
    try:
        data = dict(request.query) if request.method == "GET" else _parsed(await request.read())
        result = found(request.app[WORLD], data)
    except (BadOrder, BadFault, BadVisit, BadOctoOrder) as error:
        return web.json_response({"error": str(error)}, status=400)
    if found is reset:
        await request.app[SENDER].settle()
    return web.json_response(result)


def _parsed(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadOrder("the body is not JSON") from error
    if not isinstance(data, dict):
        raise BadOrder("the body must be a JSON object")
    return data
