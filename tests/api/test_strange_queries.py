"""Pages and streams asked in ways no page of ours asks: an answer, never a 5xx."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.api.page_table import PAGES
from tests.api.walking import fresh_address, undone
from tests.world import World

pytestmark = pytest.mark.django_db

STRANGE = ("\x00", "9" * 30, "9223372036854775808", "-1", "abc", "😀", "%", "' OR 1=1 --", "x" * 5000, "\ud83d", "٣")


def parameters() -> list[str]:
    """Every word that a view reads from the address."""
    words = set()
    for folder in ("crm", "customers", "tickets", "core"):
        for path in (Path(settings.BASE_DIR) / folder).rglob("*.py"):
            words |= set(re.findall(r"(?:GET|query)\.get\(\s*\"(\w+)\"", path.read_text()))
            words |= set(re.findall(r"chip\(\s*(?:request\.GET|query),\s*\"(\w+)\"", path.read_text()))
    return sorted(words)


@pytest.fixture(scope="module")
def browser(world: World) -> Client:
    client = world.browser("admin", address=fresh_address())
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("path", sorted({row.path.partition("?")[0] for row in PAGES if row.method == "GET"}))
def test_strange_queries_are_answered(path: str, world: World, browser: Client) -> None:
    if path.startswith("/accounts/"):
        values: tuple[str, ...] = STRANGE[:1]
    else:
        values = STRANGE
    wrong = {}
    for value in values:
        query = dict.fromkeys(parameters(), value.encode("utf-8", "surrogatepass"))
        for asked in (query, *({name: query[name]} for name in query if value in STRANGE[:2])):
            with undone():
                status = browser.get(world.address(path), asked).status_code
            if status >= 500:
                wrong[str(asked)[:80]] = status
    assert wrong == {}


def test_a_nul_in_the_address_is_no_page(browser: Client) -> None:
    assert [browser.get(path).status_code for path in ("/desk/%00/", "/s/%00/", "/admin/%00/")] == [400, 400, 400]


@pytest.mark.parametrize("path", sorted({row.path for row in PAGES if row.method == "POST" and row.body}))
@pytest.mark.parametrize("value", ["\x00", "9" * 30, "x" * 30_000, "😀"])
def test_strange_forms_are_answered(path: str, value: str, world: World, browser: Client) -> None:
    [row] = [row for row in PAGES if row.path == path and row.method == "POST"]
    form = dict.fromkeys(row.body, value)
    browser.defaults["REMOTE_ADDR"] = fresh_address()
    with undone():
        assert browser.post(world.address(path), form).status_code < 500
