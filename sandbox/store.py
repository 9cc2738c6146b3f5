"""The state on disk, so that a demo survives a restart: one JSON file, replaced whole."""

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from sandbox.files import write_atomically

log = logging.getLogger("sandbox.store")
VERSION = 2


class Store:
    """Reads once, writes often; a file it cannot read is set aside, never overwritten."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def load(self) -> dict[str, Any] | None:
        if not self.path.exists():
            return None
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if data["version"] == VERSION:
                state: dict[str, Any] = data["state"]
                return state
        except (ValueError, KeyError, TypeError) as error:
            log.warning("cannot read the saved state: %s", error)
        aside = self.path.with_suffix(".unreadable.json")
        os.replace(self.path, aside)
        log.warning("the saved state was set aside as %s; starting empty", aside.name)
        return None

    def text_of(self, state: dict[str, Any]) -> str:
        """To be called while nothing changes the state."""
        return json.dumps({"version": VERSION, "state": state})

    def save(self, text: str) -> None:
        with self._lock:
            write_atomically(self.path, text)
