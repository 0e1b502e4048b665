"""Negotiation ladders are written in percent, rung by rung, and published by somebody else."""

import re
from typing import Any

import pytest
from django.test import Client

from crm.staff.models import User
from tests.workbench.conftest import browser, text
from tickets.models import Ladder
from tickets.negotiation.ladders import BUILT_IN, ladder_for

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C29")]
NEW = {"key": "late", "title": "发货慢", "category": "物流配送问题", "walk_away": "第三次拒绝后停止"}
RUNGS = {"share_0": "40", "words_0": "先为您申请", "share_1": "100", "extra_1": "2.5"}


@pytest.fixture
def general(db: None) -> Ladder:
    return ladder_for("").item


def faults(client: Client, data: dict[str, str]) -> dict[str, Any]:
    answer = client.post("/ladders/new/", data)
    assert answer.status_code == 422, text(answer, answer.status_code)[:500]
    return {**answer.context["form"].errors, **answer.context["draft_form"].errors}


def test_a_ladder_is_written_published_by_somebody_else_and_used(general: Ladder, lead: User, supervisor: User) -> None:
    answer = browser(lead).post("/ladders/new/", {**NEW, **RUNGS})
    assert answer.status_code == 302, text(answer, 422)
    ladder = Ladder.objects.get(key="late")
    page = text(browser(lead).get(answer.url))
    for words in ("下限到应付合计的 40%", "先为您申请", "下限到应付合计的 100%，另加实付的 2.5%", "第三次拒绝后停止"):
        assert words in page
    assert ladder_for("物流配送问题").item == general
    browser(lead).post(f"/ladders/{ladder.pk}/versions/1/submit/")
    assert browser(lead).post(f"/ladders/{ladder.pk}/versions/1/approve/").status_code == 403
    for verb in ("approve", "publish"):
        assert browser(supervisor).post(f"/ladders/{ladder.pk}/versions/1/{verb}/").status_code == 302
    live = ladder_for("物流配送问题")
    assert live.rungs == [
        {"share": "0.4", "extra": "0", "words": "先为您申请"},
        {"share": "1", "extra": "0.025", "words": ""},
    ]


def test_the_ladder_of_the_start_survives_the_form_and_a_comparison_shows_what_changed(
    general: Ladder, lead: User
) -> None:
    client = browser(lead)
    form = client.get(f"/ladders/{general.pk}/draft/").context["draft_form"]
    shown = {name: form[name].value() for name in form.fields}
    assert (shown["share_0"], shown["share_2"], shown["extra_2"], shown["share_3"]) == ("40", "100", "5", None)
    data = {name: value for name, value in shown.items() if value is not None}
    assert client.post(f"/ladders/{general.pk}/draft/", data | {"share_1": "75"}).status_code == 302
    version = general.versions.get(number=2)
    assert [rung["share"] for rung in version.rungs] == ["0.4", "0.75", "1"]
    assert [rung["words"] for rung in version.rungs] == [rung["words"] for rung in BUILT_IN]
    assert version.walk_away == general.live_version.walk_away
    page = text(client.get(f"/ladders/{general.pk}/?version=2&against=1"))
    assert re.findall("<(?:ins|del)>(.*?)</", page) == ["0", "5"]  # 70 % → 75 %


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"share_1": "39.99"}, "share_1", "第 2 级不能低于前一级"),
        ({"share_1": "", "share_2": "39"}, "share_1", "请填写这一级的比例"),
        ({"share_1": "100.01"}, "share_1", "100"),
        ({"share_1": "-1"}, "share_1", "0"),
        ({"share_1": "40.001"}, "share_1", "小数"),
        ({"extra_0": "三"}, "extra_0", "数字"),
        ({"extra_0": "3"}, "share_1", "第 2 级不能低于前一级"),
        ({"share_1": "", "extra_1": ""}, "share_0", "阶梯须有 2 到 10 级"),
        ({"words_0": "长" * 301}, "words_0", "300"),
        ({"key": ""}, "key", "必填"),
        ({"category": ""}, "category", "这个分类已有协商阶梯"),
    ],
)
def test_what_is_wrong_stands_at_its_rung_and_nothing_is_written(
    general: Ladder, lead: User, change: dict[str, str], field: str, sentence: str
) -> None:
    found = faults(browser(lead), {**NEW, **RUNGS, **change})
    assert sentence in " ".join(found[field])
    assert Ladder.objects.count() == 1


def test_ladders_stand_beside_the_procedures(general: Ladder, lead: User, agent: User) -> None:
    assert 'href="/ladders/"' in text(browser(lead).get("/procedures/"))
    page = text(browser(agent).get("/ladders/"))
    assert general.title in page
    assert "/ladders/new/" not in page
