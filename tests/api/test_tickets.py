"""Tickets over HTTP, as another system sees them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core import clock
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.models import Ticket
from tickets.services import conversation, transitions

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
URL = "/api/v1/tickets/"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


def statements(queries: CaptureQueriesContext) -> list[str]:
    return [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]


@pytest.mark.capability("C02", "B03")
def test_a_complaint_is_created_once_by_channel_and_external_id(
    desk: Desk, api: Api, agent: User, complaint: dict[str, Any]
) -> None:
    client = api(agent)
    first = client.post(URL, complaint, format="json")
    assert first.status_code == 201, first.content
    body = first.json()
    assert body["type"] == "complaint"
    assert body["customer"]["phone"] == "138****8000"
    assert body["channel"] == "taobao"
    assert body["assignee"] == agent.pk
    assert 0 <= body["complaint"] <= 1
    assert body["first_response_due_at"] < body["resolution_due_at"]
    again = client.post(URL, complaint, format="json")
    assert again.status_code == 200
    assert again.json()["id"] == body["id"]


def test_every_field_of_the_contract_is_there(desk: Desk, api: Api, agent: User, complaint: dict[str, Any]) -> None:
    body = api(agent).post(URL, complaint, format="json").json()
    contract = [
        "id",
        "number",
        "type",
        "status",
        "priority",
        "channel",
        "shop",
        "product",
        "batch",
        "subject",
        "category",
        "category_confidence",
        "complaint",
        "urgent",
        "negative",
        "severity",
        "customer",
        "queue",
        "assignee",
        "sla_policy",
        "first_response_due_at",
        "next_response_due_at",
        "resolution_due_at",
        "first_responded_at",
        "solved_at",
        "breaches",
        "created_at",
        "occurred_at",
        "updated_at",
    ]
    assert set(contract) <= set(body)


def test_a_ticket_is_found_by_id_and_by_number(desk: Desk, api: Api, agent: User, make_ticket: Any) -> None:
    ticket = make_ticket()
    client = api(agent)
    assert client.get(f"{URL}{ticket.pk}/").json()["number"] == ticket.number
    assert client.get(f"{URL}{ticket.number}/").json()["id"] == ticket.pk


@pytest.mark.capability("J20")
def test_another_teams_ticket_does_not_exist(
    desk: Desk, api: Api, agent: User, other_agent: User, make_ticket: Any
) -> None:
    ticket = make_ticket()
    client = api(other_agent)
    for path in ("", "messages/", "events/", "suggestions/", "contact-attempts/"):
        assert client.get(f"{URL}{ticket.pk}/{path}").status_code == 404, path
    for path, body in (
        ("messages/", {"kind": "note", "body": "x"}),
        ("transitions/", {"action": "solve"}),
        ("merge/", {"into": "1"}),
    ):
        assert client.post(f"{URL}{ticket.pk}/{path}", body, format="json").status_code == 404, path
    assert client.get(URL).json()["results"] == []
    assert client.get(URL, {"search": "怎么用"}).json()["results"] == []


def test_the_auditor_reads_and_changes_nothing(desk: Desk, api: Api, auditor: User, make_ticket: Any) -> None:
    ticket = make_ticket("请打 13912345678")
    client = api(auditor)
    messages = client.get(f"{URL}{ticket.pk}/messages/").json()["results"]
    assert "13912345678" not in json.dumps(messages)
    assert client.post(f"{URL}{ticket.pk}/messages/", {"kind": "note", "body": "x"}, format="json").status_code == 403
    assert client.post(f"{URL}{ticket.pk}/transitions/", {"action": "solve"}, format="json").status_code == 403
    assert client.patch(f"{URL}{ticket.pk}/", {"priority": "high"}, format="json").status_code == 403


@pytest.mark.capability("B01")
def test_an_illegal_move_answers_409_with_what_is_allowed(desk: Desk, api: Api, agent: User, make_ticket: Any) -> None:
    ticket = make_ticket()
    answer = api(agent).post(f"{URL}{ticket.pk}/transitions/", {"action": "reopen"}, format="json")
    assert answer.status_code == 409
    assert "solve" in answer.json()["allowed"]
    assert answer.json()["code"] == "illegal_transition"
    assert "处理中" in answer.json()["message"]


def test_the_whole_path_over_http(desk: Desk, api: Api, agent: User, agent2: User, complaint: dict[str, Any]) -> None:
    client = api(agent)
    ticket = client.post(URL, complaint, format="json").json()
    base = f"{URL}{ticket['id']}/"

    def move(action: str, **extra: Any) -> dict[str, Any]:
        answer = client.post(f"{base}transitions/", {"action": action, **extra}, format="json")
        assert answer.status_code == 200, answer.content
        return answer.json()  # type: ignore[no-any-return]

    assert move("assign", assignee=agent2.pk)["assignee"] == agent2.pk
    sent = client.post(f"{base}messages/", {"kind": "reply", "body": "您好，马上为您补发。"}, format="json")
    assert sent.status_code == 201
    assert client.get(base).json()["first_responded_at"] is not None
    assert move("wait", reason="等照片")["status"] == "pending"
    client.post(f"{base}messages/", {"kind": "customer", "body": "照片发了，什么时候补？"}, format="json")
    assert client.get(base).json()["status"] == "open"
    assert move("escalate")["priority"] in {"high", "urgent"}
    assert move("solve")["status"] == "solved"
    closed = move("close", reason="客户已确认")
    assert closed["status"] == "closed"
    kinds = [event["kind"] for event in client.get(f"{base}events/").json()["results"]]
    assert kinds[0] == "ticket.created"
    assert {"message.created", "ticket.solved", "ticket.closed"} <= set(kinds)


def test_editing_keeps_to_the_documented_fields(desk: Desk, api: Api, agent: User, make_ticket: Any) -> None:
    ticket = make_ticket()
    client = api(agent)
    changed = client.patch(
        f"{URL}{ticket.pk}/", {"priority": "urgent", "tags": ["破损"], "product": "CUP-1"}, format="json"
    )
    assert changed.status_code == 200, changed.content
    assert (changed.json()["priority"], changed.json()["tags"]) == ("urgent", ["破损"])
    refused = client.patch(f"{URL}{ticket.pk}/", {"status": "closed"}, format="json")
    assert refused.status_code == 400
    assert "status" in refused.json()["fields"]


def test_a_list_of_tickets_takes_four_statements_however_many(
    desk: Desk, api: Api, agent: User, make_ticket: Any
) -> None:
    client = api(agent)
    for number in range(3):
        make_ticket(f"第{number}个问题")
    client.get(URL)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for number in range(20):
        make_ticket(f"又{number}个问题")
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(URL).json()["results"]) == 23
    assert len(statements(few)) == len(statements(many)) <= 4, "\n".join(statements(many))


def test_a_ticket_and_its_twenty_messages_take_six_statements(
    desk: Desk, api: Api, agent: User, make_ticket: Any
) -> None:
    ticket = make_ticket()
    for number in range(20):
        conversation.add_note(ticket=ticket, actor=agent, body=f"备注{number}")
    client = api(agent)
    client.get(URL)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{URL}{ticket.pk}/")
    assert len(statements(queries)) <= 6
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get(f"{URL}{ticket.pk}/messages/", {"page_size": 50}).json()["results"]) == 21
    assert len(statements(queries)) <= 6, "\n".join(statements(queries))


def test_filters_order_and_search(desk: Desk, api: Api, admin: User, make_ticket: Any, frozen: Any) -> None:
    refund = make_ticket("我要退款，一直没到账", order_no="A100")
    frozen.shift(10)
    parcel = make_ticket("快递单号是多少", priority="urgent")
    client = api(admin)

    def found(**query: Any) -> list[int]:
        answer = client.get(URL, query)
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["results"]]

    assert found() == [parcel.pk, refund.pk]
    assert found(search="退款") == [refund.pk]
    assert found(search="A100") == [refund.pk]
    assert found(search=refund.number) == [refund.pk]
    assert found(priority="urgent") == [parcel.pk]
    assert found(ordering="sla") == [parcel.pk, refund.pk]
    assert found(queue="desk", status="new") == [parcel.pk, refund.pk]
    assert found(overdue="true") == []
    frozen.shift(1800)
    assert found(overdue="true") == []
    frozen.shift(1)
    assert found(overdue="true") == [parcel.pk]
    for bad in ({"status": "done"}, {"queue": "nowhere"}, {"colour": "red"}, {"overdue": "yes"}, {"cursor": "x"}):
        answer = client.get(URL, bad)
        assert answer.status_code == 400, bad
        assert set(answer.json()["fields"]) == set(bad)


def test_pages_follow_each_other_without_gaps(desk: Desk, api: Api, admin: User, make_ticket: Any) -> None:
    made = [make_ticket(f"问题{n}").pk for n in range(7)]
    client = api(admin)
    seen: list[int] = []
    url: str | None = f"{URL}?page_size=3"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == made[::-1]


@pytest.mark.capability("B03")
@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("照片.png", PNG, 201),
        ("照片.jpg", PNG, 400),
        ("run.exe", b"MZ" + b"\0" * 100, 400),
        ("page.html", b"<script>alert(1)</script>", 400),
        ("说明.txt", "说明文字".encode(), 201),
        ("说明.txt", b"\0\1\2", 400),
        ("空.png", b"", 400),
    ],
)
def test_attachments_are_told_by_their_content(
    desk: Desk, api: Api, agent: User, name: str, content: bytes, status: int, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    answer = api(agent).post("/api/v1/attachments/", {"file": SimpleUploadedFile(name, content)}, format="multipart")
    assert answer.status_code == status, answer.content
    if status == 400:
        assert "file" in answer.json()["fields"]


def test_an_attachment_travels_with_its_message_and_is_served_only_to_who_may_see_it(
    desk: Desk, api: Api, agent: User, other_agent: User, make_ticket: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    ticket = make_ticket()
    client = api(agent)
    stored = client.post("/api/v1/attachments/", {"file": SimpleUploadedFile("图.png", PNG)}, format="multipart").json()
    sent = client.post(
        f"{URL}{ticket.pk}/messages/", {"kind": "reply", "body": "请看图", "attachments": [stored["id"]]}, format="json"
    )
    assert sent.status_code == 201, sent.content
    assert sent.json()["attachments"][0]["name"] == "图.png"
    download = client.get(f"/api/v1/attachments/{stored['id']}/download/")
    assert b"".join(download.streaming_content) == PNG
    assert download["Content-Disposition"].startswith("attachment")
    assert api(other_agent).get(f"/api/v1/attachments/{stored['id']}/download/").status_code == 404
    again = client.post(
        f"{URL}{ticket.pk}/messages/", {"kind": "reply", "body": "再发", "attachments": [stored["id"]]}, format="json"
    )
    assert again.status_code == 400


def test_a_script_placeholder_left_open_is_never_sent(desk: Desk, api: Api, agent: User, make_ticket: Any) -> None:
    ticket = make_ticket()
    answer = api(agent).post(
        f"{URL}{ticket.pk}/messages/", {"kind": "reply", "body": "您的退款 {{amount}} 元已到账"}, format="json"
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "placeholder_unfilled"
    assert Ticket.objects.get(pk=ticket.pk).first_responded_at is None


def test_merge_and_unmerge_over_http(desk: Desk, api: Api, agent: User, make_ticket: Any) -> None:
    target, source = make_ticket("杯子碎了"), make_ticket("杯子碎了，在吗")
    client = api(agent)
    merged = client.post(f"{URL}{source.pk}/merge/", {"into": target.number}, format="json")
    assert merged.status_code == 200, merged.content
    assert client.get(f"{URL}{source.pk}/").json()["merged_into"] == target.pk
    back = client.post(f"{URL}{source.pk}/unmerge/", merged.json(), format="json")
    assert back.status_code == 200, back.content
    assert back.json()["merged_into"] is None


def test_breaches_are_shown(desk: Desk, api: Api, agent: User, make_ticket: Any, frozen: Any) -> None:
    ticket = make_ticket()
    frozen.shift(3601)
    conversation.reply(ticket=ticket, actor=agent, body="抱歉久等。")
    transitions.solve(ticket=ticket, actor=agent)
    [breach] = api(agent).get(f"{URL}{ticket.pk}/").json()["breaches"]
    assert breach["metric"] == "first_response"
    assert clock.now() is not None
