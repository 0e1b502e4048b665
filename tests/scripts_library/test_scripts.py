"""The script library: saving, finding, suggesting, using."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from core.errors import Conflict, InvalidInput, NotFound
from core.ranking.counting import recount
from core.ranking.models import ExampleSource
from core.versions import services as versions
from crm.staff.models import User
from scripts_library import rendering
from scripts_library.models import ScriptExample
from scripts_library.rendering import render_script
from scripts_library.services import create_script, learn_scripts, record_usage, update_script
from scripts_library.suggestion import SCRIPTS, search_scripts, suggest_scripts
from tests.scripts_library.factories import make_script

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def library(lead: User, supervisor: User) -> dict[str, Any]:
    texts = {
        "REFUND-01": ("退款到账时间", "{{customer_name}}您好，退款会在三个工作日内原路退回。", "professional"),
        "SHIP-01": ("催促发货", "您好，仓库会在今天为您安排发货，请放心。", "basic"),
        "ANGER-01": ("安抚情绪", "非常抱歉给您带来不好的体验，我马上为您处理。", "situational"),
    }
    return {
        key: make_script(author=lead, reviewer=supervisor, key=key, title=title, body=body, kind=kind)
        for key, (title, body, kind) in texts.items()
    }


def keys(hits: list[Any]) -> list[str]:
    return [hit.key for hit in hits]


@pytest.mark.capability("G03")
def test_an_unknown_placeholder_is_refused_when_the_draft_is_saved(lead: User) -> None:
    script = create_script(actor=lead, key="X-1", title="标题")
    with pytest.raises(InvalidInput) as refused:
        versions.draft_version(item=script, actor=lead, body="{{客户}}您好")
    assert "{{客户}}" in refused.value.message
    assert not script.versions.exists()


@pytest.mark.parametrize("query", ["退款", "到账时间", "退款什么时候能到账？", "tkdz", "TKDZSJ", "refund-01", "原路"])
def test_a_script_is_found_by_word_question_initials_and_code(query: str, library: dict[str, Any]) -> None:
    recount(SCRIPTS)
    assert keys(search_scripts(query))[0] == "REFUND-01"


@pytest.mark.capability("G01")
def test_the_library_is_filtered_by_kind_and_topic(library: dict[str, Any], lead: User) -> None:
    assert keys(search_scripts("", kind="situational")) == ["ANGER-01"]
    update_script(script=library["SHIP-01"].item, actor=lead, changes={"topic": "物流"})
    assert keys(search_scripts("", topic="物流")) == ["SHIP-01"]
    assert keys(search_scripts("wl")) == ["SHIP-01"]


def test_suggestions_leave_out_scripts_for_other_ticket_types(library: dict[str, Any], lead: User) -> None:
    update_script(script=library["REFUND-01"].item, actor=lead, changes={"ticket_types": ["after_sales"]})
    assert "REFUND-01" in keys(suggest_scripts("退款到账", ticket_type="after_sales"))
    assert "REFUND-01" not in keys(suggest_scripts("退款到账", ticket_type="praise"))


def test_drafts_and_retired_scripts_are_not_suggested(library: dict[str, Any], lead: User, admin: User) -> None:
    versions.retire(version=library["REFUND-01"], actor=admin)
    draft = create_script(actor=lead, key="REFUND-02", title="退款到账时间")
    versions.draft_version(item=draft, actor=lead, body="退款三天到账")
    assert keys(suggest_scripts("退款到账时间")) == []


def test_a_script_is_suggested_until_its_last_valid_second(lead: User, supervisor: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        last = NOON + timedelta(hours=1)
        make_script(author=lead, reviewer=supervisor, key="SALE", title="大促话术", body="大促满减", valid_until=last)
        clock.move_to(last)
        assert keys(suggest_scripts("大促满减")) == ["SALE"]
        clock.move_to(last + timedelta(seconds=1))
        assert keys(suggest_scripts("大促满减")) == []


def test_what_was_sent_before_beats_matching_words(library: dict[str, Any], agent: User) -> None:
    message = "你们也太慢了吧，等了一个星期都没动静"
    assert keys(suggest_scripts(message))[:1] != ["SHIP-01"]
    usage = record_usage(
        version=library["SHIP-01"],
        subject_id=1,
        actor=agent,
        sent_text="您好，仓库会在今天为您安排发货，请放心。",
        answered_text=message,
    )
    recount(SCRIPTS)
    assert keys(suggest_scripts("都一个星期了还没动静，太慢"))[0] == "SHIP-01"
    assert not usage.is_edited


def test_examples_hold_no_personal_data_and_each_message_once(library: dict[str, Any]) -> None:
    script = library["SHIP-01"].item
    pairs = [("我电话13812345678，快发货", script)] * 2
    learn_scripts(pairs=pairs, source=ExampleSource.SENT)
    example = ScriptExample.objects.get()
    assert "13812345678" not in example.search


def test_a_script_never_published_cannot_be_used(lead: User, agent: User) -> None:
    script = create_script(actor=lead, key="X-1", title="标题")
    draft = versions.draft_version(item=script, actor=lead, body="您好")
    with pytest.raises(Conflict):
        record_usage(version=draft, subject_id=1, actor=agent, sent_text="您好")


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> None:
    def provider(ticket: str, actor: Any) -> dict[str, str | None]:
        if ticket != "7":
            raise NotFound("没有这张工单。")
        return {"customer_name": "陈女士"}

    monkeypatch.setattr(rendering, "_providers", [provider])


@pytest.mark.usefixtures("values")
def test_rendering_uses_the_live_version_and_the_tickets_values(library: dict[str, Any], agent: User) -> None:
    script = library["REFUND-01"].item
    version, rendered = render_script(script=script, ticket="7", actor=agent)
    assert version == library["REFUND-01"]
    assert rendered.text.startswith("陈女士您好")
    assert rendered.missing == []
    with pytest.raises(NotFound):
        render_script(script=script, ticket="8", actor=agent)


@pytest.mark.usefixtures("values")
def test_a_script_without_a_live_version_is_not_rendered(lead: User, agent: User) -> None:
    script = create_script(actor=lead, key="X-1", title="标题")
    with pytest.raises(Conflict) as refused:
        render_script(script=script, ticket="7", actor=agent)
    assert refused.value.code == "no_live_version"


@pytest.mark.parametrize(
    "query", ["", " ", "。，！", "😀", "\x00", "\ud800", "'", "a & b | !c", "（" * 500, "退" * 20_000]
)
def test_no_query_breaks_the_search(query: str, library: dict[str, Any]) -> None:
    assert isinstance(search_scripts(query), list)
    assert isinstance(suggest_scripts(query), list)
