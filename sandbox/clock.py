"""The sandbox's time: the machine's own plus an offset that the control calls move.

The offset is shared with the apps through a small file, so that both live at the same moment.
"""

import time
from collections.abc import Callable
from pathlib import Path

from sandbox.files import write_atomically


class Clock:
    """Seconds since the epoch, moved by `advance`; `real` is injected where a test brings its own time."""

    def __init__(
        self, offset: int = 0, file: Path | None = None, real: Callable[[], float] = time.time
    ) -> None:
        self.offset = offset
        self.file = file
        self._real = real

    def now(self) -> int:
        return int(self._real()) + self.offset

    def advance(self, seconds: int) -> None:
        """Move forward. Raises: ValueError when `seconds` is negative, as providers' time never runs back."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self.offset += seconds
        self.share()

    def reset(self) -> None:
        self.offset = 0
        self.share()

    def restore(self, offset: int) -> None:
        self.offset = offset
        self.share()

    def share(self) -> None:
        """Write the offset to the file; a process does so once it has taken back its saved state."""
        if self.file is not None:
            write_atomically(self.file, f"{self.offset}\n")
