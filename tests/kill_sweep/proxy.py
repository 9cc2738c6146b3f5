"""A TCP proxy on the loopback that breaks the wire it is: cut, frozen, slow, or with the answer lost."""

import contextlib
import socket
import threading
import time

PIECE = 65_536


class Proxy:
    """Carries every connection to `target` and back until it is closed.

        with Proxy(("127.0.0.1", 5432)) as wire:
            wire.port       # connect here
            wire.cut()      # every connection is reset, new ones, too
            wire.freeze()   # nothing passes and nothing is closed
            wire.slow(0.2)  # every piece comes that many seconds late
            wire.lose_answers(1)  # the next answer is cut off; what was asked for has been done
            wire.heal()

    Its threads are daemons: they end with the process.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self._passes = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut, self._seconds, self._lost = False, 0.0, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._passes.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        self._is_cut = True
        self._passes.set()
        self._hang_up()

    def freeze(self) -> None:
        self._passes.clear()

    def slow(self, seconds: float) -> None:
        self._seconds = seconds

    def lose_answers(self, times: int) -> None:
        self._lost = times

    def heal(self) -> None:
        self._is_cut, self._seconds, self._lost = False, 0.0, 0
        self._passes.set()

    def close(self) -> None:
        # A listener another thread waits on is woken by shutdown, not by close.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._is_cut:
                    raise ConnectionError
                far = socket.create_connection(self.target, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._open |= {near, far}
            for ends in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                time.sleep(self._seconds)
                self._passes.wait()
                if is_answer and self._loses():
                    break
                sink.sendall(piece)
        self._end(source, sink)

    def _loses(self) -> bool:
        with self._lock:
            self._lost -= 1
            return self._lost >= 0

    def _hang_up(self) -> None:
        with self._lock:
            ends = list(self._open)
        self._end(*ends)

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self._lock:
                known = end in self._open
                self._open.discard(end)
            if known:
                end.close()
