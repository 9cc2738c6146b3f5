"""The Chromium of the browser tests: found on the system, or put there by apt where root may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# libatomic1 is for Playwright's own driver; a page without a font shows boxes.
PACKAGES = ("chromium-headless-shell", "libatomic1", "fonts-dejavu-core")
PACKAGES_ELSEWHERE = ("chromium", "libatomic1", "fonts-dejavu-core")
APT_OPTIONS = (
    "-qq",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=30",
    "-o",
    "DPkg::Lock::Timeout=120",
)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)


def find() -> str:
    """Return the path of a Chromium, empty when there is none. CHROMIUM overrides."""
    named = os.environ.get("CHROMIUM", "")
    return named or next((path for name in NAMES if (path := shutil.which(name))), "")


def ensure() -> bool:
    """See that there is a browser, by apt if need be; tell loudly when there is none."""
    if find():
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("roomhold: no browser here, installing Chromium by apt (about 150 MB)", flush=True)
        install = ("install", "-y", "--no-install-recommends")
        if _apt("update") and (_apt(*install, *PACKAGES) or _apt(*install, *PACKAGES_ELSEWHERE)):
            return bool(find())
    print(
        "roomhold: NO BROWSER, BROWSER TESTS ARE SKIPPED (`make browser` as root, or set CHROMIUM)",
        file=sys.stderr,
        flush=True,
    )
    return False


def _apt(*arguments: str) -> bool:
    command = ["apt-get", *APT_OPTIONS, *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
