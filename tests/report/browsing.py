"""The browser of the tests, and what they ask of every page."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
# As MLflow's viewer: scripts, but no origin of its own, so no storage; no pop-ups, no forms.
VIEWER = '<!doctype html><title>viewer</title><iframe sandbox="allow-scripts" width="1200" height="800" srcdoc="{}">'


def accessibility(page):
    """What axe finds, of the kinds that keep somebody out."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [(item["id"], item["nodes"][0]["html"]) for item in found if item["impact"] in ("serious", "critical")]


def point_at(page, passage):
    """Move the mouse to the first line of a passage, which may be broken over two."""
    passage.scroll_into_view_if_needed()
    box = passage.evaluate("e => { const r = e.getClientRects()[0]; return [r.x + 3, r.y + r.height / 2]; }")
    # The centre of the bounding box of a passage on two lines may be outside the passage, so `hover` could miss it.
    page.mouse.move(*box)
