"""axe over a page, in light and dark."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_axe = Axe()
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def check_accessible(page: Page) -> None:
    """Every rule of axe holds, in light and in dark colors."""
    found: list[str] = []
    page.evaluate(_axe.axe_script)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words, given by the test
        page.evaluate(PAINTED)
        answer = page.evaluate("axe.run({resultTypes: ['violations']})")
        found += [f"{scheme}: {_told(violation)}" for violation in answer["violations"]]
    assert not found, f"{page.url}\n" + "\n".join(found)


def _told(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    where = "; ".join(f"{node['target']}: {node['failureSummary']}" for node in nodes[:5])
    return f"{violation['id']} ({violation['impact']}, {len(nodes)}×) {where}"
