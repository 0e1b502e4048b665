"""C27, C30, C34, G14 over HTTP: what systems are answered, good input and bad."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.staff.models import User
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

POSTED = datetime(2026, 11, 15, 12, tzinfo=UTC)
GOODWILL = {"case": "C-22", "inputs": {"P": "400", "severity": "0.10", "responsibility": "1"}}


@pytest.fixture
def complaint(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("杯子颜色不对", type="complaint", category="商品质量问题", priority="normal")


@pytest.mark.capability("C34")
def test_over_http_posts_are_listed_by_reach_and_bad_input_is_named(
    api: Callable[[User | None], Any], complaint: Ticket, agent: User
) -> None:
    client = api(agent)
    given = {"platform": "weibo", "url": "https://weibo.com/u/1", "reach": 20_000, "posted_at": POSTED.isoformat()}
    made = client.post("/api/v1/public-posts/", given, format="json")
    assert made.status_code == 201
    client.post("/api/v1/public-posts/", {**given, "url": "https://weibo.com/u/2", "reach": 30_000}, format="json")
    assert [row["reach"] for row in client.get("/api/v1/public-posts/").json()["results"]] == [30_000, 20_000]
    address = f"/api/v1/public-posts/{made.json()['id']}"
    linked = client.post(f"{address}/links/", {"ticket": complaint.number}, format="json")
    assert (linked.status_code, linked.json()["ticket_priority"]) == (201, "high")
    assert [row["id"] for row in client.get(f"/api/v1/public-posts/?ticket={complaint.number}").json()["results"]] == [
        made.json()["id"]
    ]
    for body, field in (
        ({**given, "reach": -1}, "reach"),
        ({**given, "url": "ftp://x"}, "url"),
        ({**given, "posted_at": "gestern"}, "posted_at"),
        ({**given, "platform": "usenet"}, "platform"),
        ({**given, "likes": 3}, "likes"),
    ):
        answer = client.post("/api/v1/public-posts/", body, format="json")
        assert (answer.status_code, field in answer.json()["fields"]) == (400, True), body
    assert client.post("/api/v1/public-posts/", given, format="json").status_code == 409
    assert int(client.get("/api/v1/reach-thresholds/").json()["results"][0]["reach"]) == 10_000


@pytest.mark.capability("G14")
def test_over_http_the_way_from_opening_to_agreement(
    api: Callable[[User | None], Any], complaint: Ticket, agent: User
) -> None:
    client = api(agent)
    made = client.post("/api/v1/negotiations/", {"ticket": complaint.number, **GOODWILL}, format="json").json()
    assert (made["amounts"], made["next_amount"]) == (["16.00", "28.00", "60.00"], "16.00")
    address = f"/api/v1/negotiations/{made['id']}"
    low = client.post(f"{address}/offers/", {"amount": "0.00"}, format="json")
    assert (low.status_code, "amount" in low.json()["fields"]) == (400, True)
    assert client.post(f"{address}/offers/", {"amount": "60.01"}, format="json").status_code == 400
    assert (
        client.post(f"{address}/offers/", {"amount": "16.00"}, format="json").json()["offers"][0]["state"] == "offered"
    )
    assert client.post(f"{address}/offers/9/answer/", {"answer": "accepted"}, format="json").status_code == 404
    assert client.post(f"{address}/offers/1/answer/", {"answer": "maybe"}, format="json").status_code == 400
    done = client.post(f"{address}/offers/1/answer/", {"answer": "accepted"}, format="json").json()
    assert (done["state"], done["compensation"] is not None) == ("agreed", True)


@pytest.mark.capability("C30")
def test_demand_cost_load_and_legal_minimum_stand_side_by_side(
    api: Callable[[User | None], Any], complaint: Ticket, agent: User
) -> None:
    client = api(agent)
    asked = {"ticket": complaint.number, "amount": "200.00", "remedy": "refund", "words": "全额退"}
    assert client.post("/api/v1/demands/", asked, format="json").status_code == 201
    wrong = client.post("/api/v1/demands/", {"ticket": complaint.number}, format="json")
    assert (wrong.status_code, "amount" in wrong.json()["fields"]) == (400, True)
    answer = client.post("/api/v1/solutions/", {"ticket": complaint.number, "amount": "80.00"}, format="json").json()
    first = answer[0]
    assert (first["case"], first["cost"], first["demanded"], first["gap"]) == ("C-03", "80.00", "200.00", "120.00")
    assert (first["legal_minimum"]["amount"], first["is_lawful"]) == ("80.00", True)
    assert "消费者权益保护法" in first["legal_minimum"]["basis"][0]
    goodwill = next(one for one in answer if one["case"] == "C-22")
    assert (goodwill["cost"], goodwill["is_lawful"]) == ("8.00", False)
    assert {one["kind"] for one in first["load"]} == {"queue", "department"}


@pytest.mark.capability("C27")
def test_a_room_over_http_shows_a_member_the_matter_and_never_the_customer(
    api: Callable[[User | None], Any], complaint: Ticket, agent: User, other_agent: User
) -> None:
    client, member = api(agent), api(other_agent)
    given = {"ticket": complaint.number, "summary": "整批漏水", "members": [other_agent.pk]}
    room = client.post("/api/v1/rooms/", given, format="json").json()
    address = f"/api/v1/rooms/{room['id']}"
    seen = member.get(f"{address}/").json()
    assert (seen["number"], seen["category"], seen["summary"]) == (complaint.number, "商品质量问题", "整批漏水")
    assert "陈女士" not in str(seen)
    assert member.get(f"/api/v1/tickets/{complaint.pk}/").status_code == 404
    assert member.post(f"{address}/entries/", {"kind": "decision", "text": "补发"}, format="json").status_code == 201
    assert member.post(f"{address}/guests/", {"name": "顺丰"}, format="json").status_code == 403
    invited = client.post(f"{address}/guests/", {"name": "顺丰", "days": 3}, format="json").json()
    assert invited["url"] not in str(client.get(f"{address}/guests/").json())
    for body, field in (({"text": ""}, "text"), ({"text": "x", "kind": "answer"}, "kind"), ({"text": 7, "a": 1}, "a")):
        answer = client.post(f"{address}/entries/", body, format="json")
        assert (answer.status_code, field in answer.json()["fields"]) == (400, True)
    assert client.post(f"{address}/close/", {"decision": "已赔付"}, format="json").json()["closed_at"]
    assert member.post(f"{address}/entries/", {"text": "还有"}, format="json").status_code == 409
