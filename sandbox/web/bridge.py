"""Between the server's requests and the providers' plain ones; here faults break real connections."""

import asyncio
import time

from aiohttp import web

from sandbox import wire
from sandbox.web.keys import WORLD

LOOK_AGAIN_SECONDS = 0.05
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Request-Id"}
PREFLIGHT = CORS | {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "600",
}


async def plain(request: web.Request) -> wire.Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = await request.read()
    return wire.Request(
        request.method, request.rel_url.raw_path, request.rel_url.raw_query_string, headers, body
    )


async def stripe_api(request: web.Request) -> web.StreamResponse:
    if "Origin" in request.headers and not _is_for_browsers(request):
        error = {"message": "A secret key is not for browsers.", "type": "invalid_request_error"}
        return web.json_response({"error": error}, status=403)
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=PREFLIGHT)
    call_in = await plain(request)
    engine = request.app[WORLD].stripe.engine_for(call_in.headers)
    call = engine.open(call_in)
    if call.delay_seconds:
        await asyncio.sleep(call.delay_seconds)
    response = engine.finish(call)
    if "Origin" in request.headers:
        response.headers |= CORS
    return await sent(request, response)


def _is_for_browsers(request: web.Request) -> bool:
    """Pages hold publishable keys only, and no page of another site shall use a secret one here."""
    return request.method == "OPTIONS" or request.headers.get("Authorization", "").startswith("Bearer pk_")


async def octo_api(request: web.Request) -> web.StreamResponse:
    engine = request.app[WORLD].octo.engine
    call = engine.open(await plain(request))
    if call.delay_seconds:
        await asyncio.sleep(call.delay_seconds)
    return await sent(request, engine.finish(call))


async def sent(request: web.Request, response: wire.Response) -> web.StreamResponse:
    """Answer, or break the connection the way the response says."""
    if response.broken == "timeout":
        await _hang(request, response.hang_seconds)
    if response.broken:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # nobody reads it: the line is cut
    return web.Response(status=response.status, headers=response.headers, body=response.body)


async def _hang(request: web.Request, seconds: float) -> None:
    """Say nothing until the client gives up, or for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
