"""What axe-core finds wrong with a page, for people who do not see it as we do."""

from pathlib import Path

from playwright.sync_api import Page

import app.web

_AXE = Path(app.web.__file__).parent / "assets/node_modules/axe-core/axe.min.js"


def findings(page: Page) -> list[str]:
    page.evaluate(_AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]
