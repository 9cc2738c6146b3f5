"""Numbers that people type are read in one place: no module cleans or converts them by itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("accounts", "bookings", "calendars", "config", "core", "notifications", "payments", "rooms")
READERS = {"core/money.py", "core/typed/fields.py"}
# Who turns a program's decimals into numbers, none of them typed by a person into the product.
OF_PROGRAMS = {
    "payments/providers/octo/wire.py",  # Octo's JSON
    "payments/providers/octo/callbacks.py",  # Octo's notifications, as kept
    "payments/providers/stripe/reading.py",  # Stripe's exchange rates
    "payments/ledger/posting.py",  # shares of an amount
    "payments/lifecycle/apply.py",  # a setting that was read at the start
    "rooms/models/venues.py",  # the same
    "rooms/pricing/policies.py",  # a policy's whole per cents
    "rooms/demo/catalog.py",  # the demo's own file
    "core/rates.py",  # shares of stored rates
    "rooms/pricing/compare.py",  # the same
    "rooms/api/schemas.py",  # a number that typed_json has read
    "rooms/pages/forms.py",  # a number that typed_fields has read
}
TYPED_BY_DJANGO = {"IntegerField", "DecimalField", "FloatField"}


def modules() -> list[str]:
    paths = [path for app in PRODUCT for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def calls(module: str) -> Iterator[ast.Call]:
    tree = ast.parse((ROOT / module).read_text())
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def offences(module: str) -> list[str]:
    """Return the calls of a module that read a number past the one reader."""
    found = []
    for call in calls(module):
        name = name_of(call)
        first = call.args[0] if call.args else None
        is_constant = isinstance(first, ast.Constant)
        if (
            name.endswith(".replace")
            and is_constant
            and ast.unparse(first) in ("','", "'.'")
            and _drops(call)
        ):
            found.append(f"{module}:{call.lineno} cleans a text: {ast.unparse(call)}")
        if (
            name in ("Decimal", "to_minor", "Decimal.from_float")
            and not is_constant
            and module not in OF_PROGRAMS
        ):
            found.append(f"{module}:{call.lineno} converts a text: {ast.unparse(call)}")
        if name in {f"forms.{field}" for field in TYPED_BY_DJANGO}:
            found.append(f"{module}:{call.lineno} lets Django read a number: {ast.unparse(call)[:60]}")
    return found


def _drops(replacement: ast.Call) -> bool:
    """A mark of thousands is taken away, or one of decimals put in its place."""
    return ast.unparse(replacement.args[1]) in ("''", "'.'", "','")


@pytest.mark.parametrize("module", sorted(set(modules()) - READERS))
def test_module_reads_no_typed_number_by_itself(module):
    assert offences(module) == []


def test_the_search_finds_each_kind_of_reader(tmp_path, monkeypatch):
    planted = tmp_path / "planted.py"
    planted.write_text(
        'a = text.replace(",", "")\nb = Decimal(text)\nc = to_minor(text, "EUR")\nd = forms.IntegerField()\n'
    )

    assert len(offences(str(planted))) == 4
