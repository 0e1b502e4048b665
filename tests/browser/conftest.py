"""A real Chromium against the live server."""

import asyncio
import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crm.staff.models import User

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What a page tells the console alone: a broken security policy, a fragment that has no place to go.
_FAULT = re.compile("Content Security Policy|htmx:(targetError|invalidPath|onLoadError|swapError)")
NAMES = ("chromium", "chromium-browser", "google-chrome")

#: Two cores carry server, database, browser and another worker: what comes is waited for, not timed.
expect.set_options(timeout=15_000)

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
        loop = asyncio._get_running_loop()
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        asyncio._set_running_loop(loop)  # the last test may have hidden it
        browser.close()


@dataclass(frozen=True)
class AsgiServer:
    url: str


@pytest.fixture
def asgi_server(transactional_db: None) -> Iterator[AsgiServer]:
    """The application as in production (uvicorn), live events included, on the test database."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config("config.asgi:application", log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield AsgiServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture
def open_live(chromium: Browser, asgi_server: AsgiServer) -> Iterator[OpenAs]:
    """As `open_as`, on the server that also speaks live events."""
    yield from _pages(chromium, asgi_server.url)


@pytest.fixture
def open_as(chromium: Browser, live_server: Any) -> Iterator[OpenAs]:
    """`open_as(user, "/team/", width=390)` → a page. At the end no page may have broken its content
    security policy, thrown an error or lost a fragment."""
    yield from _pages(chromium, live_server.url)


def _pages(chromium: Browser, base: str) -> Iterator[OpenAs]:
    contexts, faults = [], []

    def open_page(user: User | None, path: str, *, width: int = 1440, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale="zh-CN", **options)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if _FAULT.search(line.text) else None)
        page.goto(base + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
