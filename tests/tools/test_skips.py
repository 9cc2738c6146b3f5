"""A run under CI fails where a test was skipped for a reason nobody has allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.checks import ROOT
from tools.services import MANAGED

SKIPPED = "import pytest\n\ndef test_one():\n    pytest.skip({reason!r})\n"


def run(folder: Path, reason: str, ci: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one test that skips itself, with the plugin and nothing else of ours."""
    (folder / "test_it.py").write_text(SKIPPED.format(reason=reason))
    environment = {**os.environ, "CI": ci, MANAGED: "1", "PYTHONPATH": str(ROOT)}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder)]
    plugins = ["-p", "xdist", "-p", "no:cacheprovider", "-p", "tools.pytest_services"]
    return subprocess.run(
        [*command, *plugins, *options, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "with workers"])
def test_unexpected_skip_fails_the_run_under_ci_and_is_named(tmp_path, options):
    done = run(tmp_path, "no time today", "true", *options)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "skipped unexpectedly: test_it.py::test_one" in done.stdout
    assert "no time today" in done.stdout


@pytest.mark.parametrize(
    ("reason", "ci"), [("no time today", ""), ("part of make kill-sweep", "true")], ids=["no CI", "allowed"]
)
def test_skip_that_is_allowed_or_watched_passes(tmp_path, reason, ci):
    assert run(tmp_path, reason, ci).returncode == pytest.ExitCode.OK
