"""What mypy is told to overlook: little, by name, and each time with the reason."""

from __future__ import annotations

import re
import subprocess

from tools.checks import LINT, ROOT

MOST = 20
# In two parts, so that this file does not count itself.
MARK = "# type:" + " ignore"
NAMED_WITH_REASON = re.compile(re.escape(MARK) + r"\[[a-z,-]+\]  # \w.{7,}")


def _overlooked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    return [line for file in files for line in file.read_text().splitlines() if MARK in line]


def test_overlooked_lines_are_few_and_each_has_a_code_and_a_reason():
    overlooked = _overlooked()

    assert [line for line in overlooked if not NAMED_WITH_REASON.search(line)] == []
    assert 0 < len(overlooked) <= MOST


def test_types_are_a_step_of_lint():
    assert LINT["types"][0].endswith("mypy")
