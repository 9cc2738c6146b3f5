"""A mail server of a few lines that really speaks SMTP, and can refuse, stall or drop the line as a test asks."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Server:
    """What arrived, and how the server behaves; answers are SMTP reply lines."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answer_to_recipient: str = "250 OK"
    answer_to_data: str = "250 Queued"
    drops_after_data: bool = False  # takes the mail, and the line breaks before the sender hears of it


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: "Listener"

    def handle(self) -> None:
        state = self.server.state
        self._say("220 test server")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "DATA":
                if not self._take(state):
                    return
            elif verb == "RCPT":
                state.recipients.append(line.split("<")[1].split(">")[0])
                self._say(state.answer_to_recipient)
            elif verb == "QUIT":
                self._say("221 Bye")
                return
            else:
                self._say("250 OK")

    def _take(self, state: Server) -> bool:
        self._say("354 Go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if state.answer_to_data.startswith("2"):
            state.received.append(message_from_bytes(b"".join(lines), policy=policy.default))
        if state.drops_after_data:
            return False
        self._say(state.answer_to_data)
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    state: Server


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server on a free port of this machine."""
    with Listener(("127.0.0.1", 0), Session) as listener:
        listener.state = Server(port=listener.server_address[1])
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield listener.state
        finally:
            listener.shutdown()
