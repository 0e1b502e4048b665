"""Every page in a real browser, light and dark: no serious finding of axe-core, nothing wider than a phone."""

from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.sync_api import Page

from tests.api.page_table import PAGES
from tests.browser.conftest import OpenAs
from tests.world import World, build_world

AXE = (Path(settings.BASE_DIR) / "node_modules/axe-core/axe.min.js").read_text()
#: The watermark over the desk is meant to be faint; readers are not told of it.
RUN = """async (rules) => (await axe.run({exclude: [".k-watermark"]}, {runOnly: rules}))
    .violations.filter(found => ["serious", "critical"].includes(found.impact))
    .map(found => `${found.id}: ` + found.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | "))"""
EVERYTHING = ["wcag2a", "wcag2aa"]
#: What colours decide; the rest is the same in the dark.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
#: After the frame in which charts and tables have taken their new size.
WIDTH = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
    done(document.documentElement.scrollWidth - document.documentElement.clientWidth))))"""


def addresses(world: World) -> list[str]:
    """Every whole page the supervisor may open."""
    browser = world.browser("supervisor")
    found = []
    for path in dict.fromkeys(row.path for row in PAGES if row.method == "GET"):
        answer = browser.get(world.address(path))
        if answer.status_code == 200 and b"<html" in (b"" if answer.streaming else answer.content[:500]):
            found.append(world.address(path))
    return found


def faults_of(page: Page, base: str, path: str) -> list[str]:
    page.emulate_media(color_scheme="light")
    page.goto(base + path)
    page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN, EVERYTHING)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {fault}" for fault in page.evaluate(RUN, COLOURS)]
    page.set_viewport_size({"width": 390, "height": 844})
    wider = page.evaluate(WIDTH)
    page.set_viewport_size({"width": 1440, "height": 900})
    return [f"{path} {fault}" for fault in [*found, *([f"{wider} px wider than 390"] if wider > 0 else [])]]


def test_no_page_shuts_anybody_out(open_as: OpenAs, live_server: Any) -> None:
    world = build_world()
    page = open_as(world.people["supervisor"], "/", reduced_motion="reduce")
    faults = [fault for path in addresses(world) for fault in faults_of(page, live_server.url, path)]
    assert not faults, "\n".join(faults)
