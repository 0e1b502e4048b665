"""Segmentation, search tokens, pinyin and terms."""

import pytest
from django.db import connection

from core.language import (
    pinyin_initials,
    query_tokens,
    search_vector_text,
    sort_key,
    tokens,
    tsquery_text,
)
from core.language.lexicons import CATEGORIES, QUEUES
from core.language.terms import TermFinder

ODD_TEXTS = ["", " ", "👍👍", "\x00", "\ud800", "'; DROP TABLE x;--", "a" * 5000, "!&|():*<->", "ﬁ ＡＢＣ　１２３"]


def test_words_and_bigrams_of_chinese_text() -> None:
    found = tokens("七天无理由退货")
    assert {"七天", "理由", "退货", "天无", "由退"} <= set(found)


def test_full_width_and_capital_letters_are_folded_and_digits_kept() -> None:
    assert tokens("ＩＰＨＯＮＥ１５") == ["iphone15"]


def test_a_word_of_two_characters_is_counted_once() -> None:
    assert tokens("退款") == ["退款"]


@pytest.mark.parametrize(("text", "initials"), [("退款", "tk"), ("物流", "wl"), ("退款A1", "tka1"), ("", "")])
def test_pinyin_initials(text: str, initials: str) -> None:
    assert pinyin_initials(text) == initials


def test_stored_tokens_hold_initials_of_words_and_of_the_whole_phrase() -> None:
    stored = search_vector_text("七天无理由退货").split()
    assert {"qt", "ly", "th", "qtwlyth"} <= set(stored)
    assert "qtwlyth" not in search_vector_text("七天无理由退货", pinyin=False).split()


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_gives_tokens_of_letters_and_digits_only(text: str) -> None:
    for token in [*tokens(text), *query_tokens(text), *search_vector_text(text).split()]:
        assert token.isalnum()
    assert isinstance(sort_key(text), str)


def test_query_tokens_ask_for_every_bigram() -> None:
    assert query_tokens("退款 TK 退") == ["退款", "tk", "退"]
    assert tsquery_text("退款 TK 退") == "退款 & tk:* & 退:*"
    assert tsquery_text("？！") == ""


def test_sort_key_follows_pinyin() -> None:
    assert sorted(["张三", "李四", "Bob", "王五"], key=sort_key) == ["Bob", "李四", "王五", "张三"]


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["退款", "退", "tk", "货", "无理由", "iphone"])
def test_the_database_finds_what_was_stored(query: str) -> None:
    stored = search_vector_text("申请退款，七天无理由退货 iPhone15")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_tsvector('simple', %s) @@ to_tsquery('simple', %s)", [stored, tsquery_text(query)])
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["!&|():*<->", "'; DROP", "1e5 0x1F a_b-c", "👍 退款"])
def test_queries_of_odd_characters_are_valid_for_the_database(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_tsvector('simple', %s) @@ to_tsquery('simple', %s)",
            [search_vector_text(text), tsquery_text(text)],
        )
        assert cursor.fetchone() == (bool(tsquery_text(text)),)


def test_the_longest_term_at_a_place_wins_and_each_counts_once() -> None:
    finder = TermFinder(["退款", "不退款", "快"])
    assert finder.find("再不退款我就投诉，快快退款") == ["不退款", "快", "退款"]


def test_every_category_stands_in_a_known_queue() -> None:
    assert {category.queue for category in CATEGORIES} <= set(QUEUES)
