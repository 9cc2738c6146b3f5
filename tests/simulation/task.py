"""A process of the pure layer under way."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Task:
    """A process under way: `point` is where it waits, `answer` what a provider has sent it."""

    name: str
    arg: Any
    flow: Any
    point: Any = None
    answer: tuple[bool, Any] | None = None
    is_over: bool = False
