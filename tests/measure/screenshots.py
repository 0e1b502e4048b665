"""Photograph every page of a running demo: 1440 and 390 px wide, light and dark.

    python tests/measure/screenshots.py http://127.0.0.1:8000 docs/screenshots --password kean-demo-1234

Follows the links from the home page as `supervisor` and `admin`, one example of each kind of page, and the
public pages as nobody. Prints what the browser complained about, and pages wider than the screen.
"""

import argparse
import base64
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDTHS = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
STARTS = {
    "supervisor": ["/", "/help/", "/complain/", "/track/"],
    "admin": ["/admin/", "/admin/tickets/ticket/", "/admin/tickets/slapolicy/", "/admin/tickets/routingrule/"],
    "": ["/accounts/login/", "/help/", "/complain/", "/track/"],
}
#: Not pages, or pages that change something when opened.
SKIPPED = re.compile(
    r"logout|export|download|report/$|template/|\.(csv|xlsx|js)$|/api/|/media/|/static/|/stream/|original|/i18n/"
)
LINKS = "() => [...document.querySelectorAll('a[href]')].map(link => String(link.href))"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def kind(path: str) -> str:
    """Pages that differ only by an id are one kind."""
    parts = ["n" if re.search(r"\d{1,}|^[\w-]{24,}$", part) else part for part in path.strip("/").split("/")]
    return "-".join(parts) or "home"


def sign_in(page: Page, base: str, user: str, password: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("[name=login]", user)
    page.fill("[name=password]", password)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")


def shoot(page: Page, path: Path) -> None:
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    path.write_bytes(base64.b64decode(taken["data"]))
    session.detach()


def pages_of(page: Page, base: str, starts: list[str], *, follow: bool) -> dict[str, str]:
    """Kinds of pages and the first address of each, as links lead to them."""
    found: dict[str, str] = {}
    waiting = list(starts)
    while waiting:
        path = waiting.pop(0)
        if kind(path) in found:
            continue
        try:
            answer = page.goto(base + path)
        except Error:  # a file to download is no page
            continue
        if answer is None or answer.status != 200 or "html" not in answer.headers.get("content-type", ""):
            continue
        found[kind(path)] = path
        if not follow:
            continue
        for link in page.evaluate(LINKS):
            parts = urlsplit(link)
            same = f"{parts.scheme}://{parts.netloc}" == base
            if same and not SKIPPED.search(parts.path) and not parts.path.startswith("/admin"):
                waiting.append(parts.path)
    return found


def listened(page: Page, complaints: list[str]) -> Page:
    """What the browser complains about on this page is noted."""
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("console", lambda line: complaints.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    return page


def shoot_all(page: Page, base: str, found: dict[str, str], stem: Path, scheme: str) -> list[str]:
    wide = []
    for name, path in found.items():
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(base + path)
            page.wait_for_timeout(350)
            if page.evaluate(WIDER) > 0:
                wide.append(f"{path}: wider than {width} px")
            shoot(page, stem.with_name(f"{stem.name}-{name}-{width}-{scheme}.webp"))
    return wide


def walk(browser: Browser, base: str, user: str, password: str, out: Path) -> list[str]:
    complaints: list[str] = []
    found: dict[str, str] = {}
    for scheme in SCHEMES:
        context = browser.new_context(locale="zh-CN", color_scheme=scheme)
        page = listened(context.new_page(), complaints)
        if user:
            sign_in(page, base, user, password)
        found = found or pages_of(page, base, STARTS[user], follow=user == "supervisor")
        complaints += shoot_all(page, base, found, out / (user or "public"), scheme)
        context.close()
    print(user or "public", len(found), "pages")
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("out", type=Path)
    parser.add_argument("--password", required=True)
    parser.add_argument("--users", default=",".join(STARTS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        launch: dict[str, Any] = {"executable_path": shutil.which("chromium"), "args": QUIET}
        browser = playwright.chromium.launch(**launch)
        for user in options.users.split(","):
            complaints += walk(browser, options.base.rstrip("/"), user, options.password, options.out)
        browser.close()
    print("\n".join(sorted(set(complaints))))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
