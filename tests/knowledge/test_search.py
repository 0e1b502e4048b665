"""Articles are found by word and by initials, weighed by rarity, and never past their period."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from core.errors import Conflict
from core.ranking.counting import recount
from core.ranking.models import ExampleSource, TermCount
from core.versions.importing import TextRow
from crm.staff.models import User
from knowledge.models import Article, ArticleExample
from knowledge.search import ARTICLES, ranked_keys, search_articles
from knowledge.services import create_article, import_articles, learn_articles, update_article, vote_helpful
from tests.scripts_library.factories import make_article

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def keys(hits: list[Any]) -> list[str]:
    return [hit.key for hit in hits]


def rows(**texts: str) -> list[TextRow]:
    return [TextRow(number, key, text[:60], text) for number, (key, text) in enumerate(texts.items(), start=1)]


@pytest.fixture
def articles(lead: User, supervisor: User) -> None:
    for key, title, body in (
        ("RET", "七天无理由退货", "签收次日起七天内，商品完好可以退货，运费由买家承担。"),
        ("INV", "开具发票", "在订单详情页申请电子发票，一般当天开出。"),
        ("WAR", "保修政策", "整机保修一年，人为损坏不在保修范围。"),
    ):
        make_article(author=lead, reviewer=supervisor, key=key, title=title, body=body, category="售后")
    recount(ARTICLES)


@pytest.mark.capability("B08")
@pytest.mark.parametrize(
    ("query", "key"),
    [("发票", "INV"), ("怎么开电子发票", "INV"), ("qtwlyth", "RET"), ("thg", ""), ("kjfp", "INV"), ("保修", "WAR")],
)
@pytest.mark.usefixtures("articles")
def test_search_finds_by_chinese_word_and_by_pinyin_initials(query: str, key: str) -> None:
    found = keys(search_articles(query))
    assert found[:1] == ([key] if key else [])


@pytest.mark.capability("B08")
def test_an_article_is_found_until_its_last_valid_second(lead: User, supervisor: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        last = NOON + timedelta(days=1)
        make_article(
            author=lead, reviewer=supervisor, key="A", title="双十一规则", body="满三百减五十", valid_until=last
        )
        for moment, expected in ((NOON, ["A"]), (last, ["A"]), (last + timedelta(seconds=1), [])):
            clock.move_to(moment)
            assert keys(search_articles("双十一满减")) == expected
            assert keys(search_articles("sssy")) == []
            assert keys(search_articles("ssygz")) == expected


def test_an_article_is_found_from_its_first_valid_second(lead: User, supervisor: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = NOON + timedelta(hours=2)
        make_article(author=lead, reviewer=supervisor, key="A", title="新规则", body="满减", valid_from=first)
        clock.move_to(first - timedelta(seconds=1))
        assert keys(search_articles("新规则")) == []
        clock.move_to(first)
        assert keys(search_articles("新规则")) == ["A"]


def test_rare_words_weigh_more_than_common_ones(db: None) -> None:
    texts = {f"k{number}": f"请问订单问题怎么办呢{number}" for number in range(30)}
    import_articles(rows=rows(rare="关税由谁承担", **texts), collection="")
    assert ranked_keys("请问订单的关税怎么办呢", collection="")[0] == "rare"
    assert TermCount.objects.get(corpus="article.text", term="订单").row_count == 30


def test_collections_are_kept_apart(db: None) -> None:
    import_articles(rows=rows(a="退款说明"), collection="甲")
    import_articles(rows=rows(a="退款规则", b="退款时效"), collection="乙")
    assert keys(search_articles("退款说明", collection="甲")) == ["a"]
    assert set(keys(search_articles("退款", collection="乙"))) == {"a", "b"}
    assert len(search_articles("退款")) == 3
    assert ranked_keys("退款", collection="") == []


@pytest.mark.usefixtures("articles")
def test_a_changed_category_is_searched_at_once(lead: User) -> None:
    article = Article.objects.get(key="INV")
    update_article(article=article, actor=lead, changes={"category": "财务票据"})
    assert keys(search_articles("财务票据"))[0] == "INV"
    assert keys(search_articles("cwpj")) == ["INV"]


def test_articles_of_other_products_are_left_out(lead: User, supervisor: User) -> None:
    for key, product in (("ALL", ""), ("CUP", "CUP-1"), ("POT", "POT-1")):
        make_article(author=lead, reviewer=supervisor, key=key, title="清洗方法", body="温水清洗", product=product)
    assert set(keys(search_articles("清洗", product="CUP-1"))) == {"ALL", "CUP"}


def test_learned_messages_lead_to_the_article(db: None) -> None:
    import_articles(rows=rows(price="买家抱怨商品涨价", gift="买家询问赠品", ship="买家催促发货"), collection="")
    found = {article.key: article for article in Article.objects.all()}
    learned = [("怎么比昨天贵了二十块", found["price"]), ("送的小勺子呢", found["gift"]), ("贵了好多", found["price"])]
    assert learn_articles(pairs=learned, source=ExampleSource.TRAINED) == 3
    learn_articles(pairs=learned, source=ExampleSource.TRAINED)
    assert ArticleExample.objects.count() == 3
    recount(ARTICLES)
    assert ranked_keys("今天贵了十块", collection="")[0] == "price"
    assert ranked_keys("小勺子没有送", collection="")[0] == "gift"
    assert ranked_keys("催促发货", collection="")[0] == "ship"


def test_a_vote_is_counted_once_a_person(lead: User, supervisor: User, agent: User) -> None:
    version = make_article(author=lead, reviewer=supervisor, key="A")
    vote_helpful(version=version, actor=agent, is_helpful=True)
    vote_helpful(version=version, actor=agent, is_helpful=False)
    assert [vote.is_helpful for vote in version.helpful_votes.all()] == [False]
    draft = create_article(actor=lead, key="B", title="标题")
    assert draft.live_version is None
    with pytest.raises(Conflict):
        vote_helpful(version=draft.versions.model(item=draft, number=1), actor=agent, is_helpful=True)
