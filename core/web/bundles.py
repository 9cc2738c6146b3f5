"""Style sheets of one page joined into one file: a page asks once, people still write small files.

A staticfiles finder: `collectstatic` collects the joined file like any other, and in development it is joined again
whenever one of its parts is newer. settings.STATIC_BUNDLES names {joined file: its parts in order}.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, overload

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage


class BundleFinder(BaseFinder):
    """Finds the joined files, and joins them when they are asked for."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        self.storage = FileSystemStorage(location=settings.BUNDLE_ROOT)

    def check(self, **_kwargs: object) -> "list[CheckMessage]":
        return []

    @overload
    def find(self, path: str, find_all: Literal[False] = False) -> str | None: ...

    @overload
    def find(self, path: str, find_all: Literal[True]) -> "list[str]": ...

    def find(self, path: str, find_all: bool = False) -> "str | list[str] | None":
        if path not in settings.STATIC_BUNDLES:
            return []  # as Django's own finders answer
        joined = str(join(path))
        return [joined] if find_all else joined

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in settings.STATIC_BUNDLES:
            join(path)
            yield path, self.storage


def join(path: str) -> Path:
    """Write a bundle where it is missing or older than a part of it; return where it lies.

    Its parts lie in its own folder, so that what they refer to stays where it is. Raises: FileNotFoundError.
    """
    sources = [
        Path(settings.BASE_DIR, "static", path).parent / part for part in settings.STATIC_BUNDLES[path]
    ]
    target = Path(settings.BUNDLE_ROOT, path)
    newest = max(source.stat().st_mtime_ns for source in sources)
    if target.exists() and target.stat().st_mtime_ns >= newest:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: another process may be reading it.
    half = target.with_name(f"{target.name}.{os.getpid()}")
    half.write_text("\n".join(source.read_text(encoding="utf-8") for source in sources), encoding="utf-8")
    half.replace(target)
    return target
