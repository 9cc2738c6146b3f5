"""Who listens where: connections, channels, presence, and what is sent to whom."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.pusher import signing

Json = dict[str, Any]
ACTIVITY_SECONDS = 120
QUEUE_LENGTH = 256
STOP_CODE = 4100  # come back after a second; 4200 would make browsers reconnect dozens of times at once
CHANNEL = re.compile(r"[A-Za-z0-9_\-=@,.;]{1,200}")
LARGEST_PRESENCE = 100
LONGEST_USER_ID = 128
LARGEST_USER_INFO = 1_024


def frame(event: str, data: Any, channel: str | None = None, **more: Any) -> str:
    """One message on the wire; `data` travels as a JSON string."""
    message = {"event": event, "data": data if isinstance(data, str) else json.dumps(data), **more}
    if channel is not None:
        message["channel"] = channel
    return json.dumps(message)


@dataclass(eq=False)
class Connection:
    """One socket: frames wait in a bounded queue that the server empties; `close` ends it with a code."""

    socket_id: str
    send: Callable[[str], bool]
    close: Callable[[int], None]
    channels: set[str] = field(default_factory=set)

    def tell(self, text: str) -> None:
        if not self.send(text):  # too slow: it must come back and read afresh
            self.close(STOP_CODE)


class Refusal(Exception):
    """A subscription that is not granted: its status and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Channels:
    """The open connections of the app and what they follow."""

    def __init__(self, key: str, secret: str) -> None:
        self.key = key
        self.secret = secret
        self.connections: dict[str, Connection] = {}
        self.members: dict[str, dict[str, Connection]] = {}
        self.presence: dict[str, dict[str, Json]] = {}  # channel -> socket id -> {"user_id", "user_info"}

    def open(self, send: Callable[[str], bool], close: Callable[[int], None]) -> Connection:
        socket_id = f"{random.randrange(10**5, 10**6)}.{random.randrange(10**6, 10**9)}"
        connection = Connection(socket_id, send, close)
        self.connections[socket_id] = connection
        greeting = {"socket_id": socket_id, "activity_timeout": ACTIVITY_SECONDS}
        connection.tell(frame("pusher:connection_established", greeting))
        return connection

    def gone(self, connection: Connection) -> None:
        for channel in list(connection.channels):
            self.leave(connection, channel)
        self.connections.pop(connection.socket_id, None)

    def subscribe(self, connection: Connection, data: Json) -> None:
        """Follow a channel. Raises: Refusal."""
        channel = data.get("channel")
        if not isinstance(channel, str) or not CHANNEL.fullmatch(channel):
            raise Refusal(400, "Invalid channel name")
        if channel in connection.channels:
            return
        is_presence = channel.startswith("presence-")
        if is_presence or channel.startswith("private-"):
            self._check_auth(connection, channel, data)
        user = self._user(channel, data) if is_presence else None
        others = self.presence.get(channel, {})
        is_new = user is not None and all(other["user_id"] != user["user_id"] for other in others.values())
        self.members.setdefault(channel, {})[connection.socket_id] = connection
        connection.channels.add(channel)
        if user is not None:
            self.presence.setdefault(channel, {})[connection.socket_id] = user
        connection.tell(frame("pusher_internal:subscription_succeeded", self._roll(channel), channel))
        if user is not None and is_new:
            self._broadcast(
                channel, frame("pusher_internal:member_added", user, channel), connection.socket_id
            )

    def leave(self, connection: Connection, channel: str) -> None:
        connection.channels.discard(channel)
        self.members.get(channel, {}).pop(connection.socket_id, None)
        user = self.presence.get(channel, {}).pop(connection.socket_id, None)
        if user and all(one["user_id"] != user["user_id"] for one in self.presence[channel].values()):
            left = frame("pusher_internal:member_removed", {"user_id": user["user_id"]}, channel)
            self._broadcast(channel, left, None)
        if not self.members.get(channel):
            self.members.pop(channel, None)
            self.presence.pop(channel, None)

    def publish(self, channel: str, event: str, data: str, *, exclude: str | None) -> int:
        """Send to everyone on the channel but `exclude`; returns to how many."""
        return self._broadcast(channel, frame(event, data, channel), exclude)

    def client_event(self, connection: Connection, message: Json) -> None:
        """An event from one browser to the others, on a channel that needed authorization."""
        channel = message.get("channel")
        if channel not in connection.channels or not channel.startswith(("private-", "presence-")):
            refusal = {"code": 4301, "message": "Client events need a private or presence channel"}
            connection.tell(frame("pusher:error", refusal))
            return
        user = self.presence.get(channel, {}).get(connection.socket_id)
        more = {"user_id": user["user_id"]} if user else {}
        text = frame(message["event"], message.get("data", ""), channel, **more)
        self._broadcast(channel, text, connection.socket_id)

    def close_all(self, code: int = STOP_CODE) -> int:
        connections = list(self.connections.values())
        for connection in connections:
            connection.close(code)
        return len(connections)

    def user_ids(self, channel: str) -> list[str]:
        return list(dict.fromkeys(user["user_id"] for user in self.presence.get(channel, {}).values()))

    def _broadcast(self, channel: str, text: str, exclude: str | None) -> int:
        reached = [one for ref, one in self.members.get(channel, {}).items() if ref != exclude]
        for connection in reached:
            connection.tell(text)
        return len(reached)

    def _check_auth(self, connection: Connection, channel: str, data: Json) -> None:
        auth, channel_data = data.get("auth"), data.get("channel_data")
        if not isinstance(auth, str) or not signing.is_right_subscription(
            self.key, self.secret, connection.socket_id, channel, channel_data, auth
        ):
            raise Refusal(401, "Invalid signature for the channel")

    def _user(self, channel: str, data: Json) -> Json:
        try:
            user = json.loads(data.get("channel_data") or "")
            user_id, info = str(user["user_id"]), user.get("user_info")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(400, "Invalid channel_data: user_id is needed") from error
        if len(user_id) > LONGEST_USER_ID or len(json.dumps(info)) > LARGEST_USER_INFO:
            raise Refusal(400, "channel_data is too large")
        known = self.user_ids(channel)
        if user_id not in known and len(known) >= LARGEST_PRESENCE:
            raise Refusal(403, "The presence channel is full")
        return {"user_id": user_id, "user_info": info}

    def _roll(self, channel: str) -> Json:
        if not channel.startswith("presence-"):
            return {}
        users = {user["user_id"]: user["user_info"] for user in self.presence[channel].values()}
        return {"presence": {"ids": list(users), "hash": users, "count": len(users)}}
