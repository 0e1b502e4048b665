"""Pages and streams asked in ways no page of ours asks: an answer, never a 5xx."""

import pytest
from django.http import QueryDict
from django.test import Client

from tests.api.page_table import PAGES
from tests.api.walking import fresh_address, undone
from tests.world import World

pytestmark = pytest.mark.django_db

STRANGE = ("\x00", "9" * 30, "9223372036854775808", "-1", "abc", "😀", "%", "' OR 1=1 --", "x" * 5000, "\ud83d", "٣")


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every word that a view reads from the address, as it reads them."""
    heard: set[str] = set()
    read, read_all = QueryDict.__getitem__, QueryDict.getlist

    def reading(self: QueryDict, key: str) -> object:
        heard.add(key)
        return read(self, key)

    def reading_all(self: QueryDict, key: str, default: object = None) -> object:
        heard.add(key)
        return read_all(self, key, default)

    monkeypatch.setattr(QueryDict, "__getitem__", reading)
    monkeypatch.setattr(QueryDict, "getlist", reading_all)
    return heard


@pytest.fixture(scope="module")
def browser(world: World) -> Client:
    client = world.browser("admin", address=fresh_address())
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("path", sorted({row.path.partition("?")[0] for row in PAGES if row.method == "GET"}))
def test_strange_queries_are_answered(path: str, world: World, browser: Client, words: set[str]) -> None:
    wrong = {}

    def ask(**query: str) -> None:
        given = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
        with undone():
            status = browser.get(world.address(path), given).status_code
        if status >= 500:
            wrong[str(query)[:80]] = status

    ask()
    for value in STRANGE[:1] if path.startswith("/accounts/") else STRANGE:
        ask(**dict.fromkeys(words, value))
    # One wrong word may hide another's fault.
    for word in tuple(words):
        ask(**{word: STRANGE[1]})
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
