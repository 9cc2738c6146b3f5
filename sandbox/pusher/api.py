"""The HTTP API: triggers and questions about channels, with the service's limits and status codes."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.faults import Fault, FaultBook
from sandbox.journal import Journal
from sandbox.pusher import signing
from sandbox.pusher.channels import CHANNEL, Channels
from sandbox.wire import Request, Response, json_response

Json = dict[str, Any]
LARGEST_EVENT = 10_240
MOST_CHANNELS = 100
LARGEST_BATCH = 10
LONGEST_NAME = 200
SOCKET_ID = re.compile(r"[0-9]+\.[0-9]+")
STATUS_OF_FAULT = {"error_429": 429, "error_500": 500, "stored_500": 500, "html_502": 502}


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The calls under /apps/<id>/; what is triggered goes to `deliver(channel, name, data, socket_id)`."""

    def __init__(
        self,
        app_id: str,
        channels: Channels,
        deliver: Callable[[str, str, str, str | None], None],
        faults: FaultBook,
        journal: Journal,
        now: Callable[[], float],
    ) -> None:
        self.app_id = app_id
        self.channels = channels
        self.deliver = deliver
        self.faults = faults
        self.journal = journal
        self.now = now

    def handle(self, request: Request) -> Response:
        return self.finish(request, self.draw(request))

    def draw(self, request: Request) -> Fault | None:
        """The fault of this call, if any; a server sleeps a delay before it calls `finish`."""
        return self.faults.draw("pusher", _operation(request))

    def finish(self, request: Request, fault: Fault | None) -> Response:
        if fault is None:
            response = self._answer(request)
        elif fault.after or fault.fault in ("delay", "timeout_after"):
            response = _spoiled(self._answer(request), fault)
        else:
            response = _broken(fault)
        status = None if response.broken else response.status
        self.journal.add("pusher", _operation(request), request.method, request.path, status,
                         fault=fault.fault if fault else None)  # fmt: skip
        return response

    def _answer(self, request: Request) -> Response:
        try:
            return json_response(200, self._result(request))
        except signing.Unauthorized as error:
            return _plain(401, str(error))
        except Refused as error:
            return _plain(error.status, str(error))

    def _result(self, request: Request) -> Json:
        match = re.fullmatch(r"/apps/([^/]+)/(.+)", unquote(request.path))
        if match is None or match[1] != self.app_id:
            raise Refused(404, "Unknown app")
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        signing.check_request(self.channels.key, self.channels.secret, request.method, unquote(request.path),
                              query, request.body, self.now())  # fmt: skip
        if request.method == "POST":
            return self._post(match[2], _parsed(request.body))
        if request.method == "GET":
            return self._get(match[2], query)
        raise Refused(405, "Method not allowed")

    def _post(self, call: str, data: Json) -> Json:
        if call == "events":
            events = [data]
        elif call == "batch_events":
            events = data.get("batch") or []
            if not isinstance(events, list) or not 1 <= len(events) <= LARGEST_BATCH:
                raise Refused(400, f"A batch has 1 to {LARGEST_BATCH} events")
        else:
            raise Refused(404, "Not found")
        checked = [_checked(event) for event in events]  # all or nothing
        for channels, name, text, socket_id in checked:
            for channel in channels:
                self.deliver(channel, name, text, socket_id)
        return {}

    def _get(self, call: str, query: dict[str, str]) -> Json:
        info = set(filter(None, query.get("info", "").split(",")))
        parts = call.split("/")
        if parts[0] != "channels" or len(parts) > 3 or (len(parts) == 3 and parts[2] != "users"):
            raise Refused(404, "Not found")
        if len(parts) == 1:
            prefix = query.get("filter_by_prefix", "")
            if "user_count" in info and not prefix.startswith("presence-"):
                raise Refused(400, "user_count needs filter_by_prefix=presence-")
            found = [name for name in self.channels.members if name.startswith(prefix)]
            return {"channels": {name: self._facts(name, info) for name in found}}
        if len(parts) == 2:
            return {"occupied": parts[1] in self.channels.members, **self._facts(parts[1], info)}
        if not parts[1].startswith("presence-"):
            raise Refused(400, "Users are known of presence channels only")
        return {"users": [{"id": user_id} for user_id in self.channels.user_ids(parts[1])]}

    def _facts(self, channel: str, info: set[str]) -> Json:
        facts: Json = {}
        if info - {"user_count", "subscription_count"}:
            raise Refused(400, "Unknown attribute in info")
        if "user_count" in info:
            if not channel.startswith("presence-"):
                raise Refused(400, "user_count is known of presence channels only")
            facts["user_count"] = len(self.channels.user_ids(channel))
        if "subscription_count" in info:
            facts["subscription_count"] = len(self.channels.members.get(channel, {}))
        return facts


def _checked(event: Any) -> tuple[list[str], str, str, str | None]:
    """Channels, name, data and excluded socket of one event. Raises: Refused."""
    if not isinstance(event, dict):
        raise Refused(400, "An event must be an object")
    name, text, socket_id = event.get("name"), event.get("data"), event.get("socket_id")
    channels = event.get("channels") or ([event["channel"]] if event.get("channel") else [])
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise Refused(400, f"The event's name must have 1 to {LONGEST_NAME} characters")
    if not isinstance(text, str):
        raise Refused(400, "The event's data must be a string")
    if len(text.encode()) > LARGEST_EVENT:
        raise Refused(
            413, f"The data content of this event exceeds the allowed maximum ({LARGEST_EVENT} bytes)"
        )
    if not isinstance(channels, list) or not 1 <= len(channels) <= MOST_CHANNELS:
        raise Refused(400, f"An event goes to 1 to {MOST_CHANNELS} channels")
    if not all(isinstance(channel, str) and CHANNEL.fullmatch(channel) for channel in channels):
        raise Refused(400, "Invalid channel name")
    if socket_id is not None and not (isinstance(socket_id, str) and SOCKET_ID.fullmatch(socket_id)):
        raise Refused(400, "Invalid socket_id")
    return channels, name, text, socket_id


def _parsed(body: bytes) -> Json:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise Refused(400, "The body is not JSON") from error
    if not isinstance(data, dict):
        raise Refused(400, "The body must be an object")
    return data


def _operation(request: Request) -> str:
    if request.method == "POST":
        return "trigger_batch" if request.path.endswith("/batch_events") else "trigger"
    return "channels"


def _spoiled(response: Response, fault: Fault) -> Response:
    if fault.fault == "delay":
        response.delay_seconds = fault.seconds
        return response
    if fault.fault == "timeout_after":
        response.broken, response.hang_seconds = "timeout", fault.seconds
        return response
    return _broken(fault)


def _broken(fault: Fault) -> Response:
    if fault.fault == "reset":
        return Response(0, {}, b"", broken="reset")
    return _plain(STATUS_OF_FAULT[fault.fault], "The sandbox was told to fail")


def _plain(status: int, message: str) -> Response:
    return Response(status, {"Content-Type": "text/plain; charset=utf-8"}, f"{message}\n".encode())
