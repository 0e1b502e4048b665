"""Search finds the same tickets whichever way it is answered, and rare words do not read the whole list."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from core import search
from core.search import COMMON_SHARE, Frequencies
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def found(text: str) -> list[str]:
    return sorted(Ticket.objects.matching(text).values_list("number", flat=True))


@pytest.fixture
def analysed(make_ticket: Make) -> Any:
    tickets = [make_ticket(f"退款还没有到账 {number}") for number in range(8)]
    tickets.append(make_ticket("关税谁来付"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tickets_ticket")
    cache.clear()
    return tickets


@pytest.mark.parametrize("share", [0.0, 2.0])
@pytest.mark.parametrize("words", ["退款", "关税", "退款 到账", "退", "没有这个词"])
def test_both_ways_find_the_same(analysed: Any, monkeypatch: pytest.MonkeyPatch, words: str, share: float) -> None:
    expected = {"关税": 1, "没有这个词": 0}.get(words, 8)
    monkeypatch.setattr(search, "COMMON_SHARE", share)
    assert len(found(words)) == expected


@pytest.mark.parametrize("share", [0.0, 2.0])
def test_numbers_are_found_both_ways(analysed: Any, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    monkeypatch.setattr(search, "COMMON_SHARE", share)
    assert found(analysed[0].number) == [analysed[0].number]


def test_a_common_word_is_read_from_the_newest_a_rare_one_by_the_index(analysed: Any) -> None:
    assert search.is_common(Ticket, "search", "退款")
    assert not search.is_common(Ticket, "search", "从未")
    assert "''::tsvector" in str(Ticket.objects.matching("退款").query)
    assert "''::tsvector" not in str(Ticket.objects.matching("从未").query)


def test_a_table_never_analysed_knows_no_common_word() -> None:
    # In a long run the server may have looked at the table by itself.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_clear_attribute_stats('public', 'tickets_ticket', 'search', false)")
    cache.clear()
    assert search.frequencies(Ticket, "search").shares == {}


def test_words_together_are_rarer_than_each() -> None:
    known = Frequencies({"退款": 0.05, "快递": 0.1, "退货": 0.02}, rows=1000)
    assert known.share_of_all(["退款", "快递"]) == pytest.approx(0.005)
    assert known.share_of_all(["退款", "关税"]) == 0
    assert known.share_of("退:*") == pytest.approx(0.07)


def test_the_border_between_common_and_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    for share, common in ((COMMON_SHARE, True), (COMMON_SHARE - 0.0001, False)):
        monkeypatch.setattr(search, "frequencies", lambda *_: Frequencies({"退款": share}, rows=1000))  # noqa: B023
        assert search.is_common(Ticket, "search", "退款") is common
