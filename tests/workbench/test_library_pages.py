"""The script library and the knowledge base at the browser."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.ranking.counting import recount
from core.versions import services as verbs
from crm.staff.models import User
from knowledge.models import Article, HelpfulVote
from knowledge.search import ARTICLES
from knowledge.services import create_article
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.services import create_script, record_usage
from scripts_library.suggestion import SCRIPTS
from tests.workbench.conftest import browser, text

pytestmark = pytest.mark.django_db
BODY = "{{customer_name}}您好，订单 {{order_no}} 的退款将在三个工作日内到账。"


def publish(item: Any, author: User, reviewer: User, body: str, **extra: Any) -> Any:
    version = verbs.draft_version(item=item, actor=author, body=body, **extra)
    verbs.submit(version=version, actor=author)
    verbs.approve(version=version, actor=reviewer)
    return verbs.publish(version=version, actor=reviewer)


@pytest.fixture
def script(lead: User, supervisor: User) -> ScriptTemplate:
    item = create_script(actor=lead, key="REFUND-01", title="退款到账时间", kind="professional", topic="退款")
    publish(item, lead, supervisor, BODY)
    recount(SCRIPTS)
    return item


@pytest.fixture
def article(lead: User, supervisor: User) -> Article:
    item = create_article(actor=lead, key="KB-1", title="退货运费", category="退换货", product="CUP", collection="政策")
    publish(item, lead, supervisor, "质量问题由商家承担来回运费。")
    recount(ARTICLES)
    return item


def keys(answer: Any) -> list[str]:
    return [row.key for row in answer.context["page"].rows]


def new_script(**values: str) -> dict[str, str]:
    return {"key": "GREET-9", "title": "欢迎语", "kind": "basic", "body": "您好，{{customer_name}}。", **values}


@pytest.mark.capability("G01")
def test_every_script_has_a_kind_and_the_list_is_filtered_by_it(
    agent: User, lead: User, script: ScriptTemplate
) -> None:
    for kind in ("basic", "situational"):
        publish_me = create_script(actor=lead, key=kind, title=kind, kind=kind, topic="问候")
        verbs.draft_version(item=publish_me, actor=lead, body="正文")
    page = browser(lead)
    assert set(keys(page.get("/scripts/"))) == {"REFUND-01", "basic", "situational"}
    for kind, key in (("basic", "basic"), ("professional", "REFUND-01"), ("situational", "situational")):
        assert keys(page.get(f"/scripts/?kind={kind}")) == [key]
    assert keys(page.get("/scripts/?topic=退款")) == ["REFUND-01"]
    assert keys(page.get("/scripts/?status=draft&topic=问候&kind=basic")) == ["basic"]
    shown = text(page.get("/scripts/"))
    for word in ("基础话术", "专业话术", "情境话术"):
        assert word in shown
    # Drafts of others stay with the curators.
    assert keys(browser(agent).get("/scripts/")) == ["REFUND-01"]


def test_a_kind_must_be_chosen(lead: User) -> None:
    page = text(browser(lead).post("/scripts/new/", new_script(kind="")), 422)
    assert not ScriptTemplate.objects.exists()
    assert 'value="GREET-9"' in page


@pytest.mark.parametrize("query", ["退款到账", "tkdz", "REFUND", "工作日"])
def test_a_script_is_found_by_code_title_words_and_initials(agent: User, script: ScriptTemplate, query: str) -> None:
    assert keys(browser(agent).get("/scripts/", {"search": query})) == ["REFUND-01"]


def test_an_empty_library_says_what_to_do(agent: User, lead: User) -> None:
    assert "新建话术" in text(browser(lead).get("/scripts/"))
    assert "新建话术" not in text(browser(agent).get("/scripts/"))
    assert "组长发布后" in text(browser(agent).get("/articles/"))
    assert "清除筛选" in text(browser(agent).get("/articles/?search=没有"))


@pytest.mark.capability("G22")
def test_author_reviewer_and_publisher_at_their_pages(agent: User, lead: User, supervisor: User) -> None:
    steps = {"step_kind_0": "confirm", "step_text_0": "请确认订单 {{order_no}}。", "step_kind_1": "explain"}
    answer = browser(lead).post("/scripts/new/", new_script(**steps))
    version = ScriptVersion.objects.get()
    home = f"/scripts/{version.item_id}/"
    assert answer.headers["Location"] == f"{home}?version=1"
    assert version.steps == [{"kind": "confirm", "text": "请确认订单 {{order_no}}。"}]
    text(browser(agent).get(home), 404)
    assert "提交审核" in text(browser(lead).get(home))
    browser(lead).post(f"{home}versions/1/submit/")
    own = text(browser(lead).get(f"{home}?version=1"))
    assert "作者不能审核自己撰写的版本" in own
    assert f"{home}versions/1/approve/" not in own
    assert "作者不能审核自己撰写的版本" in text(browser(lead).post(f"{home}versions/1/approve/"), 403)
    assert f"{home}versions/1/approve/" in text(browser(supervisor).get(f"{home}?version=1"))
    assert browser(supervisor).post(f"{home}versions/1/approve/").status_code == 302
    assert browser(supervisor).post(f"{home}versions/1/publish/").status_code == 302
    shown = text(browser(agent).get(home))
    assert '<mark class="w-var"' in shown
    assert "客户称呼" in shown
    assert "确认问题" in shown
    assert "提交审核" not in shown


@pytest.mark.capability("G22")
def test_a_retired_script_stays_readable(agent: User, supervisor: User, script: ScriptTemplate) -> None:
    home = f"/scripts/{script.pk}/"
    assert browser(supervisor).post(f"{home}versions/1/retire/").status_code == 302
    page = text(browser(agent).get(home))
    assert "已下线" in page
    assert "仅供查阅" in page
    assert "三个工作日内到账" in page
    assert keys(browser(agent).get("/scripts/?status=retired")) == ["REFUND-01"]
    assert keys(browser(agent).get("/scripts/?status=live")) == []


def test_rejecting_needs_a_reason_and_keeps_what_was_typed(
    lead: User, supervisor: User, script: ScriptTemplate
) -> None:
    version = verbs.draft_version(item=script, actor=lead, body="第二版")
    verbs.submit(version=version, actor=lead)
    url = f"/scripts/{script.pk}/versions/2/reject/"
    assert "请填写驳回理由" in text(browser(supervisor).post(url, {"reason": "  "}), 400)
    assert browser(supervisor).post(url, {"reason": "缺少到账时间"}).status_code == 302
    again = text(browser(supervisor).post(url, {"reason": "再驳一次的理由"}), 409)
    assert "已驳回" in again
    assert "缺少到账时间" in text(browser(lead).get(f"/scripts/{script.pk}/?version=2"))


def test_agents_cannot_use_the_verbs(agent: User, auditor: User, script: ScriptTemplate) -> None:
    for person in (agent, auditor):
        page = browser(person)
        assert "下线</button>" not in text(page.get(f"/scripts/{script.pk}/"))
        text(page.post(f"/scripts/{script.pk}/versions/1/retire/"), 403)
        text(page.get("/scripts/new/"), 403)
        text(page.get(f"/scripts/{script.pk}/draft/"), 403)
        text(page.get(f"/scripts/{script.pk}/edit/"), 403)
    text(browser(agent).post(f"/scripts/{script.pk}/versions/1/nonsense/"), 404)
    text(browser(agent).get(f"/scripts/{script.pk}/?version=99"), 404)


def test_a_faulty_text_shows_beside_its_field_and_stays(lead: User, script: ScriptTemplate) -> None:
    page = text(browser(lead).post("/scripts/new/", new_script(body="您好 {{nobody_knows}}", topic="我的主题")), 422)
    assert "未知占位符" in page
    assert "{{nobody_knows}}" in page
    assert 'value="我的主题"' in page
    page = text(browser(lead).post("/scripts/new/", new_script(key="REFUND-01")), 422)
    assert "已被使用" in page
    assert ScriptTemplate.objects.count() == 1
    steps = {"step_kind_0": "confirm", "step_text_0": "坏的 {{x", "body": "好的"}
    page = text(browser(lead).post(f"/scripts/{script.pk}/draft/", steps), 422)
    assert "大括号不完整" in page
    assert "坏的 {{x" in page


def test_a_draft_begins_with_the_live_words_and_its_changes_are_shown(lead: User, script: ScriptTemplate) -> None:
    page = browser(lead)
    assert "三个工作日内到账" in text(page.get(f"/scripts/{script.pk}/draft/"))
    changed = BODY.replace("三个", "五个")
    assert page.post(f"/scripts/{script.pk}/draft/", {"body": changed, "note": "改天数"}).status_code == 302
    shown = text(page.get(f"/scripts/{script.pk}/?version=2&against=1"))
    assert "<del>三</del>" in shown
    assert "<ins>五</ins>" in shown
    assert "改天数" in shown
    url = f"/scripts/{script.pk}/versions/2/edit/"
    assert "五个工作日" in text(page.get(url))
    assert page.post(url, {"body": "重写", "note": ""}).status_code == 302
    assert script.versions.get(number=2).body == "重写"
    assert page.get(f"/scripts/{script.pk}/versions/1/edit/").status_code == 302
    assert "只有草稿可以修改" in text(page.post(f"/scripts/{script.pk}/versions/1/edit/", {"body": "偷改"}), 422)


def test_only_the_author_edits_a_draft(lead: User, supervisor: User, script: ScriptTemplate) -> None:
    verbs.draft_version(item=script, actor=lead, body="草稿")
    url = f"/scripts/{script.pk}/versions/2/edit/"
    assert url not in text(browser(supervisor).get(f"/scripts/{script.pk}/?version=2"))
    assert "只有作者本人" in text(browser(supervisor).post(url, {"body": "别人改"}), 422)


def test_the_facts_of_a_script_can_be_changed(lead: User, script: ScriptTemplate) -> None:
    url = f"/scripts/{script.pk}/edit/"
    assert "REFUND-01" not in text(browser(lead).get(url)).split("</h1>")[1]
    data = {"title": "到账", "kind": "situational", "topic": "安抚", "ticket_types": ["complaint"]}
    assert browser(lead).post(url, data).status_code == 302
    script.refresh_from_db()
    assert (script.kind, script.topic, script.ticket_types) == ("situational", "安抚", ["complaint"])


def test_the_page_counts_how_often_a_script_was_sent(agent: User, script: ScriptTemplate) -> None:
    version = script.versions.get()
    record_usage(version=version, subject_id=1, actor=agent, sent_text="别的话")
    assert "共 1 次，近 30 天 1 次" in text(browser(agent).get(f"/scripts/{script.pk}/"))
    assert browser(agent).get("/scripts/").context["page"].rows[0].usage == 1


@pytest.mark.capability("B08")
@pytest.mark.parametrize("query", ["运费", "thyf", "KB-1"])
def test_an_article_is_found_by_word_and_by_initials(agent: User, article: Article, query: str) -> None:
    assert keys(browser(agent).get("/articles/", {"search": query})) == ["KB-1"]


@pytest.mark.capability("B08")
def test_an_article_has_its_facts_and_expires(agent: User, lead: User, supervisor: User, article: Article) -> None:
    page = text(browser(agent).get(f"/articles/{article.pk}/"))
    for word in ("退换货", "CUP", "政策", "长期", lead.name, supervisor.name, "版本 1"):
        assert word in page, word
    end = clock.now() + timedelta(days=1)
    later = publish(article, lead, supervisor, "新的运费规则", valid_until=end)
    assert "即将过期" in text(browser(agent).get("/articles/"))
    type(later).objects.filter(pk=later.pk).update(valid_until=clock.now() - timedelta(minutes=1))
    assert "已过期" in text(browser(agent).get("/articles/"))
    assert keys(browser(agent).get("/articles/?search=运费")) == []
    assert keys(browser(agent).get("/articles/?search=运费&status=expired")) == ["KB-1"]
    assert "不再推荐" in text(browser(agent).get(f"/articles/{article.pk}/"))


@pytest.mark.capability("B08")
def test_an_unreviewed_article_cannot_be_published(lead: User, article: Article) -> None:
    verbs.draft_version(item=article, actor=lead, body="没人看过")
    page = text(browser(lead).post(f"/articles/{article.pk}/versions/2/publish/"), 409)
    assert "不能发布" in page


def test_articles_are_filtered(agent: User, lead: User, supervisor: User, article: Article) -> None:
    other = create_article(actor=lead, key="KB-2", title="发票", category="发票", audience="public")
    publish(other, lead, supervisor, "三十天内可重开。")
    page = browser(agent)
    for query, key in (("category=发票", "KB-2"), ("product=CUP", "KB-1"), ("collection=政策", "KB-1")):
        assert keys(page.get(f"/articles/?{query}")) == [key]
    assert keys(page.get("/articles/?audience=public")) == ["KB-2"]


def test_a_vote_counts_once_a_person(agent: User, auditor: User, article: Article) -> None:
    url = f"/articles/{article.pk}/vote/"
    for is_helpful in ("true", "false"):
        assert browser(agent).post(url, {"is_helpful": is_helpful}).status_code == 302
    assert [vote.is_helpful for vote in HelpfulVote.objects.all()] == [False]
    assert "没帮助 1" in text(browser(agent).get(f"/articles/{article.pk}/"))
    text(browser(auditor).post(url, {"is_helpful": "true"}), 403)


def test_the_number_of_queries_does_not_grow(lead: User, supervisor: User, script: ScriptTemplate) -> None:
    page = browser(lead)

    def count(address: str) -> int:
        page.get(address)
        with CaptureQueriesContext(connection) as queries:
            text(page.get(address))
        return len(queries)

    before = count("/scripts/"), count(f"/scripts/{script.pk}/")
    for number in range(5):
        more = create_script(actor=lead, key=f"S-{number}", title="话术", kind="basic")
        publish(more, lead, supervisor, "正文")
        verbs.draft_version(item=script, actor=lead, body="又一版")
    assert (count("/scripts/"), count(f"/scripts/{script.pk}/")) == before
