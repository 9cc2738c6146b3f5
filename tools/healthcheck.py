"""`python -m tools.healthcheck web | worker | beat <directory>`: what Docker asks a container."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

# Beat writes its schedule every 3 minutes.
BEAT_SILENCE_SECONDS = 600


def main(arguments: list[str]) -> int:
    """Return 0 when the part named first is well."""
    match arguments:
        case ["web"]:
            return 0 if is_web_well() else 1
        case ["worker"]:
            return 0 if is_worker_well() else 1
        case ["beat", directory]:
            return 0 if is_beat_well(Path(directory)) else 1
    print(__doc__, file=sys.stderr)
    return 2


def is_web_well(port: int = 8000) -> bool:
    """Ask /healthz under the site's own name, which ALLOWED_HOSTS admits."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(os.environ["SITE_URL"]).netloc})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def is_worker_well() -> bool:
    """Ping the worker of this container through the broker."""
    from celery import Celery

    broker = Celery(broker=os.environ["REDIS_URL"])
    return bool(broker.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=5))


def is_beat_well(directory: Path) -> bool:
    """See that beat has written its schedule not long ago."""
    written = [file.stat().st_mtime for file in directory.iterdir()]
    return bool(written) and time.time() - max(written) < BEAT_SILENCE_SECONDS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
