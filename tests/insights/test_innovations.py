"""An innovation is tried, measured and then kept, rolled out or stopped; no decision without a result (D16, I13)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import Event
from core.timers import fire_due
from crm.insights.innovations.services import change_innovation, create_innovation, move_innovation
from crm.insights.models import Innovation
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.workbench.conftest import browser, text

pytestmark = [pytest.mark.django_db, pytest.mark.capability("D16"), pytest.mark.capability("I13")]
PLAN = {"pilot": "天猫店聊天入口先开两周", "metric": "自助解决率（%）", "review_on": date(2026, 11, 30)}
RESULT = {"result": Decimal("46.5"), "result_n": 318, "cost": Decimal("2650")}


def piloted(lead: User) -> Innovation:
    item = create_innovation(actor=lead, values={"title": "退款进度自助查询", "owner": lead, **PLAN})
    return move_innovation(record=item, actor=lead, state="pilot")


def test_a_pilot_needs_plan_metric_owner_and_review(lead: User) -> None:
    item = create_innovation(actor=lead, values={"title": "退款进度自助查询"})
    with pytest.raises(InvalidInput) as refused:
        move_innovation(record=item, actor=lead, state="pilot")
    assert set(refused.value.fields) == {"owner", "review_on", "metric", "pilot"}


def test_a_decision_needs_a_result_its_sample_the_cost_and_a_reason(lead: User) -> None:
    item = move_innovation(record=piloted(lead), actor=lead, state="review")
    with pytest.raises(InvalidInput) as without_reason:
        move_innovation(record=item, actor=lead, state="scaled")
    assert set(without_reason.value.fields) == {"reason"}
    with pytest.raises(InvalidInput) as refused:
        move_innovation(record=item, actor=lead, state="scaled", reason="好用")
    assert set(refused.value.fields) == {"result", "result_n", "cost"}
    item = change_innovation(record=item, actor=lead, changes={**RESULT, "result_n": 0})
    with pytest.raises(InvalidInput) as no_sample:
        move_innovation(record=item, actor=lead, state="scaled", reason="好用")
    assert set(no_sample.value.fields) == {"result_n"}
    item = change_innovation(record=item, actor=lead, changes=RESULT)
    item = move_innovation(record=item, actor=lead, state="scaled", reason="超过目标")
    assert (item.decided_by, item.decision_reason, item.is_closed) == (lead, "超过目标", False)
    with pytest.raises(InvalidInput, match="没有结果"):
        change_innovation(record=item, actor=lead, changes={"result": None})
    with pytest.raises(Conflict) as jumped:
        move_innovation(record=item, actor=lead, state="pilot")
    assert jumped.value.extra["allowed"] == ["review", "stopped"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cost": Decimal(-1)}, "cost"),
        ({"budget": Decimal("NaN")}, "budget"),
        ({"result": Decimal("1E+20")}, "result"),
        ({"result_n": -1}, "result_n"),
        ({"pilot_first": date(2026, 11, 2), "pilot_last": date(2026, 11, 1)}, "pilot_last"),
        ({"pilot_first": date(1, 1, 1)}, "pilot_first"),
    ],
)
def test_what_cannot_be_is_refused_by_name(lead: User, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_innovation(actor=lead, values={"title": "想法", **wrong})
    assert set(refused.value.fields) == {field}


def test_the_owner_hears_on_the_day_of_the_review_unless_it_moved(lead: User) -> None:
    nine = datetime.fromisoformat("2026-11-30T09:00:00+08:00")
    with clock.at(datetime.fromisoformat("2026-11-20T09:00:00+08:00")):
        item = piloted(lead)
        moved = piloted(lead)
        change_innovation(record=moved, actor=lead, changes={"review_on": date(2026, 12, 15)})
    with clock.at(nine):
        fire_due(now=nine)
    told = Event.objects.get(kind="innovation.review_due")
    assert (told.subject_id, told.audience) == (item.pk, [f"user:{lead.pk}"])


def test_a_person_and_another_system_keep_innovations(lead: User, agent: User) -> None:
    person = browser(lead)
    typed = {"title": "直播答疑", "kind": "mode", "cost": "-3"}
    assert "直播答疑" in text(person.post("/innovations/new/", typed), 422)
    assert "直播答疑" in text(person.post("/innovations/new/", typed | {"cost": "0"}, follow=True))
    item = Innovation.objects.get()
    page = person.post(f"/innovations/{item.pk}/", {"step": "move", "state": "pilot"})
    assert "请先写明试点方案" in text(page, 409)
    edited = {"title": "直播答疑", "kind": "mode", "seen_at": "2020-01-01T00:00:00+08:00", "metric": "满意度"}
    assert "刚被别人改过" in text(person.post(f"/innovations/{item.pk}/edit/", edited), 422)
    assert "直播答疑" in text(browser(agent).get("/innovations/"))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=lead, name='t', actor=lead)[1]}")
    made = client.post("/api/v1/innovations/", {"title": "换箱", "kind": "content"}, format="json").json()
    assert (made["state"], made["decided_by"]) == ("idea", None)
    bad = client.post("/api/v1/innovations/", {"title": "换箱", "kind": "moon", "cost": "x"}, format="json")
    assert (bad.status_code, set(bad.json()["fields"])) == (400, {"kind", "cost"})
    stop = client.post(f"/api/v1/innovations/{made['id']}/transitions/", {"state": "stopped"}, format="json")
    assert (stop.status_code, stop.json()["allowed"]) == (409, ["pilot", "dropped"])
