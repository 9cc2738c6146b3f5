"""The documents name what is there: files, tests, make targets."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(file.name for file in (ROOT / "docs" / "reliability").glob("*.md"))
TABLES = ["docs/requirements.md", "docs/reliability.md", *(f"docs/reliability/{name}" for name in PAGES)]
NAMED = re.compile(r"`((?:[\w.-]+/)*[\w.-]*(?:\.py|/))?(?:::(\w+))?`")


def named(text: str) -> list[tuple[str, str]]:
    """Return (file or folder, test) as the tables name them; a bare `::test` is of the file named before."""
    found, file = [], ""
    for path, test in NAMED.findall(text):
        file = path or file
        if path or test:
            found.append((file, test))
    return found


@pytest.mark.parametrize("table", TABLES)
def test_files_and_tests_that_are_named_exist(table):
    wrong = []
    for file, test in named((ROOT / table).read_text()):
        place = next((base / file for base in (ROOT, ROOT / "tests") if (base / file).exists()), None)
        if place is None or (test and f"def {test}(" not in place.read_text()):
            wrong.append(f"{file}::{test}")

    assert wrong == []


def test_make_targets_the_readme_names_exist():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))

    assert used - targets == set()


def test_links_and_pictures_of_the_documents_exist():
    wrong = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            if not (page.parent / target).exists():
                wrong.append(f"{page.name}: {target}")

    assert wrong == []
