"""Scripts and articles over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from core.ranking.counting import recount
from core.versions import services as versions
from crm.staff.models import User
from knowledge.search import ARTICLES
from scripts_library.suggestion import SCRIPTS
from tests.scripts_library.factories import make_article, make_script


def client(user: User) -> APIClient:
    browser = APIClient()
    browser.force_authenticate(user)
    return browser


@pytest.fixture(params=["scripts", "articles"])
def place(request: pytest.FixtureRequest) -> str:
    return f"/api/v1/{request.param}/"


@pytest.fixture
def created(place: str, lead: User) -> dict[str, Any]:
    answer = client(lead).post(place, {"key": "K-1.a", "title": "退款到账时间"}, format="json")
    assert answer.status_code == 201, answer.data
    made: dict[str, Any] = answer.json()
    return made


def draft(place: str, item: dict[str, Any], user: User, body: str = "三个工作日内退回") -> dict[str, Any]:
    answer = client(user).post(f"{place}{item['id']}/versions/", {"body": body, "note": "首版"}, format="json")
    assert answer.status_code == 201, answer.data
    made: dict[str, Any] = answer.json()
    return made


def verb(place: str, item: dict[str, Any], user: User, name: str, number: int = 1, **body: str) -> Any:
    return client(user).post(f"{place}{item['id']}/versions/{number}/{name}/", body, format="json")


@pytest.mark.capability("G22")
@pytest.mark.capability("B08")
def test_a_version_travels_from_draft_to_live(
    place: str, created: dict[str, Any], lead: User, supervisor: User, agent: User
) -> None:
    made = draft(place, created, lead)
    assert (made["number"], made["status"], made["allowed"]) == (1, "draft", ["submit"])
    assert made["author"] == {"id": lead.pk, "name": lead.name}
    assert client(agent).get(f"{place}{created['id']}/").status_code == 404
    refused = verb(place, created, supervisor, "publish")
    assert refused.status_code == 409
    assert refused.json()["allowed"] == ["submit"]
    assert verb(place, created, lead, "submit").json()["status"] == "in_review"
    own = verb(place, created, lead, "approve")
    assert (own.status_code, own.json()["code"]) == (403, "own_version")
    assert verb(place, created, agent, "approve").status_code in (403, 404)
    assert verb(place, created, supervisor, "approve").json()["status"] == "approved"
    assert verb(place, created, lead, "publish").json()["status"] == "published"
    shown = client(agent).get(f"{place}{created['id']}/").json()
    assert shown["live_version"]["body"] == "三个工作日内退回"
    assert client(agent).get(f"{place}K-1.a/").json() == shown


def test_rejection_needs_a_reason(place: str, created: dict[str, Any], lead: User, supervisor: User) -> None:
    draft(place, created, lead)
    verb(place, created, lead, "submit")
    without = verb(place, created, supervisor, "reject")
    assert (without.status_code, list(without.json()["fields"])) == (400, ["reason"])
    rejected = verb(place, created, supervisor, "reject", reason="时效不对")
    assert (rejected.json()["status"], rejected.json()["reject_reason"]) == ("rejected", "时效不对")


@pytest.mark.capability("G22")
def test_retired_versions_stay_readable_in_the_history(
    place: str, created: dict[str, Any], lead: User, supervisor: User, agent: User
) -> None:
    for number in (1, 2):
        draft(place, created, lead, body=f"第{number}版")
        for name, user in (("submit", lead), ("approve", supervisor), ("publish", supervisor)):
            assert verb(place, created, user, name, number).status_code == 200
    draft(place, created, lead, body="草稿")
    page = client(agent).get(f"{place}{created['id']}/versions/").json()
    assert [(row["number"], row["status"]) for row in page["results"]] == [(2, "published"), (1, "retired")]
    assert client(agent).get(f"{place}{created['id']}/versions/3/").status_code == 404
    assert client(agent).get(f"{place}{created['id']}/versions/1/").json()["body"] == "第1版"
    pieces = client(agent).get(f"{place}{created['id']}/versions/2/diff/").json()
    assert {"operation": "added", "text": "2"} in pieces


def test_a_draft_is_changed_by_its_author_only(place: str, created: dict[str, Any], lead: User, admin: User) -> None:
    draft(place, created, lead)
    address = f"{place}{created['id']}/versions/1/"
    assert client(lead).patch(address, {"body": "新词"}, format="json").json()["body"] == "新词"
    assert client(admin).patch(address, {"body": "别人"}, format="json").status_code == 403
    verb(place, created, lead, "submit")
    assert client(lead).patch(address, {"body": "晚了"}, format="json").status_code == 409


def test_the_identity_is_changed_and_found_by_filters(place: str, created: dict[str, Any], lead: User) -> None:
    name = "topic" if "scripts" in place else "category"
    answer = client(lead).patch(f"{place}{created['id']}/", {name: "退款"}, format="json")
    assert answer.json()[name] == "退款"
    found = client(lead).get(place, {name: "退款"}).json()["results"]
    assert [row["key"] for row in found] == ["K-1.a"]
    assert client(lead).get(place, {"colour": "red"}).status_code == 400


def test_bad_input_is_refused_by_name(place: str, created: dict[str, Any], lead: User, agent: User) -> None:
    again = client(lead).post(place, {"key": "K-1.a", "title": "x"}, format="json")
    assert (again.status_code, list(again.json()["fields"])) == (400, ["key"])
    unknown = client(lead).post(place, {"key": "K-2", "title": "x", "colour": "red"}, format="json")
    assert list(unknown.json()["fields"]) == ["colour"]
    assert client(agent).post(place, {"key": "K-2", "title": "x"}, format="json").status_code == 403
    long = client(lead).post(f"{place}{created['id']}/versions/", {"body": "字" * 20_001}, format="json")
    assert (long.status_code, list(long.json()["fields"])) == (400, ["body"])
    assert client(lead).get(f"{place}{10**30}/").status_code == 404
    assert client(lead).post(f"{place}{created['id']}/versions/9/submit/").status_code == 404
    assert client(lead).post(f"{place}{created['id']}/versions/1/frobnicate/").status_code == 404
    assert APIClient().get(place).status_code == 401


def test_a_body_given_at_once_becomes_the_first_draft(place: str, lead: User) -> None:
    item = client(lead).post(place, {"key": "K-3", "title": "甲", "body": "正文"}, format="json").json()
    page = client(lead).get(f"{place}{item['id']}/versions/").json()
    assert [row["body"] for row in page["results"]] == ["正文"]


@pytest.mark.capability("G03")
def test_an_unknown_placeholder_is_refused_over_http(lead: User) -> None:
    item = client(lead).post("/api/v1/scripts/", {"key": "K", "title": "甲"}, format="json").json()
    answer = client(lead).post(f"/api/v1/scripts/{item['id']}/versions/", {"body": "{{谁}}您好"}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["body"])


@pytest.mark.capability("G03")
def test_a_frame_of_steps_is_kept_with_its_version(lead: User) -> None:
    steps = [{"kind": "confirm", "text": "订单 {{order_no}} 对吗？"}, {"kind": "option", "text": "可退可换"}]
    item = client(lead).post("/api/v1/scripts/", {"key": "K", "title": "甲"}, format="json").json()
    address = f"/api/v1/scripts/{item['id']}/versions/"
    assert client(lead).post(address, {"body": "您好", "steps": steps}, format="json").json()["steps"] == steps
    wrong = client(lead).post(address, {"body": "您好", "steps": [{"kind": "x", "text": "y"}]}, format="json")
    assert wrong.status_code == 400


@pytest.mark.capability("B08")
def test_articles_are_searched_best_first_and_expire(lead: User, supervisor: User, agent: User) -> None:
    noon = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        for key, title, until in (("A", "大促退款规则", noon), ("B", "退款规则", None), ("C", "开票", None)):
            make_article(
                author=lead,
                reviewer=supervisor,
                key=key,
                title=title,
                body="说明",
                collection="帮助",
                valid_until=until,
            )
        recount(ARTICLES)
        search = {"search": "大促的退款规则", "collection": "帮助"}
        found = client(agent).get("/api/v1/articles/", search).json()
        assert [row["doc_id"] for row in found["results"]] == ["A", "B"]
        assert (found["next"], found["previous"]) == (None, None)
        clock.move_to(noon + timedelta(seconds=1))
        found = client(agent).get("/api/v1/articles/", search).json()
        assert [row["doc_id"] for row in found["results"]] == ["B"]
    other = client(agent).get("/api/v1/articles/", {"search": "退款", "collection": "别的"}).json()
    assert other["results"] == []


@pytest.mark.capability("G01")
def test_scripts_are_filtered_by_kind_and_searched_by_initials(lead: User, supervisor: User, agent: User) -> None:
    for kind in ("basic", "professional", "situational"):
        make_script(author=lead, reviewer=supervisor, key=f"K-{kind}", title="退款到账", body="您好", kind=kind)
    recount(SCRIPTS)
    rows = client(agent).get("/api/v1/scripts/", {"kind": "situational", "search": "tkdz"}).json()["results"]
    assert [row["key"] for row in rows] == ["K-situational"]
    assert client(agent).get("/api/v1/scripts/", {"kind": "funny"}).status_code == 400


def test_staff_rate_the_live_version(lead: User, supervisor: User, agent: User) -> None:
    version = make_article(author=lead, reviewer=supervisor, key="A")
    answer = client(agent).post(f"/api/v1/articles/{version.item_id}/rate/", {"is_helpful": True}, format="json")
    assert answer.json() == {"is_helpful": True}
    versions.retire(version=version, actor=supervisor)
    again = client(agent).post(f"/api/v1/articles/{version.item_id}/rate/", {"is_helpful": True}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "no_live_version")


def test_placeholders_are_documented(agent: User) -> None:
    rows = client(agent).get("/api/v1/scripts/placeholders/").json()
    assert {"name": "order_no", "label": "订单号"} in rows
