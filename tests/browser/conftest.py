"""A real Chromium against the live server."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from crm.staff.models import User

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")

OpenAs = Callable[..., Page]


def chromium_path() -> str:
    found = os.environ.get("KEAN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "Browser tests need Chromium: install it or name it in KEAN_CHROMIUM."
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; Django would refuse its ORM beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_as(chromium: Browser, live_server: Any) -> Iterator[OpenAs]:
    """`open_as(user, "/team/", width=390)` → a page. At the end no page may have broken its content
    security policy or thrown an error."""
    contexts, faults = [], []

    def open_page(user: User | None, path: str, *, width: int = 1440, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale="zh-CN", **options)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
