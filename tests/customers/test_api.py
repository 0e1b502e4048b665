"""Customers, labels, orders and shops over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.events import Event
from customers.models import Customer, Order, Shop, Tag
from customers.services import create_customer, resolve_customer

pytestmark = pytest.mark.django_db
PHONE = "13800138000"
CUSTOMERS = "/api/v1/customers/"


def client(user: Any) -> APIClient:
    api = APIClient()
    api.force_authenticate(user)
    return api


def body(answer: Any, status: int) -> Any:
    assert answer.status_code == status, answer.content.decode()
    return answer.json() if answer.content else None


def make(user: Any, **values: Any) -> Any:
    return body(client(user).post(CUSTOMERS, values, format="json"), 201)


@pytest.mark.capability("A01")
def test_a_customer_is_made_and_shown_masked(agent: Any) -> None:
    shown = make(
        agent, name="李娜", phone="+86 138 0013 8000", email="li.na@example.com", external_ids={"taobao": "tb_88"}
    )
    assert shown["phone"] == "138****8000"
    assert "li.na" not in shown["email"]
    assert shown["external_ids"] == {"taobao": "tb_88"}
    again = body(client(agent).get(f"{CUSTOMERS}{shown['id']}/"), 200)
    assert again == shown
    assert PHONE not in str(body(client(agent).get(CUSTOMERS), 200))


@pytest.mark.capability("A01")
def test_a_duplicate_is_answered_with_the_existing_customer(agent: Any) -> None:
    first = make(agent, name="李娜", phone=PHONE)
    answer = body(client(agent).post(CUSTOMERS, {"name": "李", "phone": "138 0013 8000"}, format="json"), 409)
    assert answer["code"] == "duplicate_customer"
    assert answer["existing"] == first["id"]
    assert "phone" in answer["fields"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "李娜", "phone": "021-88886666"}, "phone"),
        ({"name": "李娜", "email": "x"}, "email"),
        ({"name": "x" * 101}, "name"),
        ({"name": "李娜", "nickname": "小李"}, "nickname"),
        ({"name": "李娜", "phone_verified": True}, "phone_verified"),
        ({"name": "李\u0000娜"}, "name"),
        ({"name": "李娜", "revision": 1}, "revision"),
    ],
)
def test_wrong_input_is_refused_by_name(agent: Any, values: Any, field: str) -> None:
    answer = body(client(agent).post(CUSTOMERS, values, format="json"), 400)
    assert list(answer["fields"]) == [field]


def test_a_customer_is_changed_and_the_second_editor_is_told(agent: Any) -> None:
    made = make(agent, name="李娜")
    url = f"{CUSTOMERS}{made['id']}/"
    changed = body(client(agent).patch(url, {"important": True, "revision": 1}, format="json"), 200)
    assert changed["important"] is True
    answer = body(client(agent).patch(url, {"name": "李", "revision": 1}, format="json"), 409)
    assert (answer["code"], answer["current"]) == ("edit_conflict", {"name": "李娜"})


@pytest.mark.parametrize(
    "query", [{"search": "8000"}, {"search": "ln"}, {"phone": PHONE}, {"phone_tail": "8000"}, {"search": "李"}]
)
def test_a_customer_is_found(agent: Any, query: dict[str, str]) -> None:
    made = make(agent, name="李娜", phone=PHONE)
    make(agent, name="王芳", phone="13900139999")
    found = body(client(agent).get(CUSTOMERS, query), 200)["results"]
    assert [row["id"] for row in found] == [made["id"]]


@pytest.mark.parametrize("query", [{"colour": "red"}, {"tag": "没有"}, {"important": "maybe"}, {"page_size": "1000"}])
def test_unknown_filters_are_refused(agent: Any, query: dict[str, str]) -> None:
    answer = body(client(agent).get(CUSTOMERS, query), 400)
    assert list(answer["fields"]) == list(query)


def test_the_list_costs_the_same_for_one_and_for_many(agent: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            body(client(agent).get(CUSTOMERS), 200)
        return len(queries)

    make(agent, name="客0", external_ids={"taobao": "0"})
    cost()
    one = cost()
    for i in range(1, 6):
        make(agent, name=f"客{i}", external_ids={"taobao": str(i)})
    assert cost() == one <= 5


@pytest.mark.capability("A02")
def test_labels_are_made_given_filtered_and_taken(agent: Any, lead: Any) -> None:
    group = body(
        client(lead).post("/api/v1/tag-groups/", {"name": "客户类型", "is_exclusive": True}, format="json"), 201
    )
    assert group["is_exclusive"] is True
    for name in ("新用户", "高价值"):
        body(client(lead).post("/api/v1/tags/", {"name": name, "group": "客户类型"}, format="json"), 201)
    made = make(agent, name="李娜")
    url = f"{CUSTOMERS}{made['id']}/tags/"
    body(client(agent).post(url, {"tag": "新用户"}, format="json"), 201)
    body(client(agent).post(url, {"tag": "高价值", "reason": "大单"}, format="json"), 201)
    assert [row["tag"] for row in body(client(agent).get(url), 200)] == ["高价值"]
    assert body(client(agent).get(CUSTOMERS, {"tag": "高价值"}), 200)["results"][0]["tags"] == ["高价值"]
    assert body(client(agent).get(CUSTOMERS, {"tag": "新用户"}), 200)["results"] == []
    body(client(agent).delete(f"{url}高价值/"), 204)
    body(client(agent).delete(f"{url}高价值/"), 404)
    body(client(agent).post("/api/v1/tags/", {"name": "x"}, format="json"), 403)


@pytest.mark.capability("A02")
def test_a_rule_is_previewed_saved_and_applied(agent: Any, lead: Any) -> None:
    make(agent, name="李娜", important=True)
    make(agent, name="王芳")
    rule = {"field": "customer.important", "op": "eq", "value": True}
    found = body(client(lead).post("/api/v1/tags/preview/", {"condition": rule}, format="json"), 200)
    assert (found["count"], found["joining"]) == (1, 1)
    tag = body(
        client(lead).post("/api/v1/tags/", {"name": "重点", "kind": "rule", "condition": rule}, format="json"), 201
    )
    body(client(lead).post(f"/api/v1/tags/{tag['id']}/apply/"), 200)
    assert len(body(client(agent).get(CUSTOMERS, {"tag": "重点"}), 200)["results"]) == 1
    wrong = {"name": "错", "kind": "rule", "condition": {"field": "salary", "op": "eq", "value": 1}}
    assert body(client(lead).post("/api/v1/tags/", wrong, format="json"), 400)["code"] == "invalid_condition"


@pytest.mark.capability("A03")
def test_merge_and_unmerge_are_a_pair(agent: Any, lead: Any) -> None:
    source, target = make(agent, name="李娜", phone=PHONE), make(agent, external_ids={"jd": "jd_1"})
    url = f"{CUSTOMERS}{source['id']}/"
    lines = body(client(lead).get(f"{url}merge-preview/", {"into": target["id"]}), 200)
    assert {line["field"]: line["keeps"] for line in lines}["phone"] == "source"
    body(client(agent).post(f"{url}merge/", {"into": target["id"]}, format="json"), 403)
    body(client(lead).post(f"{url}merge/", {"into": source["id"]}, format="json"), 400)
    merge = body(client(lead).post(f"{url}merge/", {"into": target["id"]}, format="json"), 200)
    assert list(merge) == ["merge"]
    assert body(client(lead).get(url), 200)["merged_into"] == target["id"]
    assert [row["id"] for row in body(client(lead).get(CUSTOMERS), 200)["results"]] == [target["id"]]
    assert body(client(lead).get(f"{CUSTOMERS}{target['id']}/"), 200)["phone"] == "138****8000"
    undone = body(client(lead).post(f"{url}unmerge/", merge, format="json"), 200)
    assert (undone["merged_into"], undone["phone"]) == (None, "138****8000")
    body(client(lead).post(f"{url}unmerge/", merge, format="json"), 409)


@pytest.mark.capability("J09")
def test_revealing_asks_for_a_reason_and_is_refused_to_auditors(agent: Any, auditor: Any) -> None:
    made = make(agent, name="李娜", phone=PHONE)
    url = f"{CUSTOMERS}{made['id']}/reveal/"
    body(client(agent).post(url, {"field": "phone"}, format="json"), 400)
    shown = body(client(agent).post(url, {"field": "phone", "reason": "核对收件电话"}, format="json"), 200)
    assert shown == {"field": "phone", "value": PHONE}
    body(client(auditor).post(url, {"field": "phone", "reason": "核对收件电话"}, format="json"), 403)
    assert Event.objects.filter(kind="personal_data.revealed").count() == 1
    assert body(client(auditor).get(f"{CUSTOMERS}{made['id']}/"), 200)["name"] != "李娜"


def test_an_order_reported_twice_is_one_order(agent: Any) -> None:
    Shop.objects.create(key="tmall", name="旗舰店")
    order = {
        "order_no": "TB1",
        "shop": "tmall",
        "customer": {"name": "李娜", "phone": PHONE},
        "status": "paid",
        "paid": "179.00",
        "receiver_phone": PHONE,
        "items": [{"sku": "CUP", "quantity": 2, "price": "99.50"}],
    }
    made = body(client(agent).post("/api/v1/orders/", order, format="json"), 201)
    assert (made["total"], made["paid"], made["receiver_phone"]) == ("199.00", "179.00", "138****8000")
    again = body(client(agent).post("/api/v1/orders/", {**order, "status": "signed"}, format="json"), 200)
    assert (again["id"], again["status"]) == (made["id"], "signed")
    assert Order.objects.count() == 1
    assert Customer.objects.count() == 1
    changed = body(client(agent).patch(f"/api/v1/orders/{made['id']}/", {"status": "refunded"}, format="json"), 200)
    assert changed["status"] == "refunded"
    found = body(client(agent).get("/api/v1/orders/", {"order_no": "TB1", "shop": "tmall"}), 200)["results"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"shop": "nowhere"}, "shop"),
        ({"customer": 999999}, "customer"),
        ({"customer": "李娜"}, "customer"),
        ({"customer": None}, "customer"),
        ({"paid": "-1"}, "paid"),
        ({"status": "lost"}, "status"),
        ({"items": [{"sku": "CUP", "quantity": 0, "price": "1"}]}, "items.0.quantity"),
        ({"receiver_phone": "123"}, "receiver_phone"),
    ],
)
def test_a_wrong_order_is_refused_by_name(agent: Any, values: Any, field: str) -> None:
    Shop.objects.create(key="tmall", name="旗舰店")
    order = {"order_no": "TB1", "shop": "tmall", "customer": {"name": "李娜"}, **values}
    answer = body(client(agent).post("/api/v1/orders/", order, format="json"), 400)
    assert list(answer["fields"]) == [field]


def test_shops_are_managed_by_admins_and_seen_by_all(agent: Any, admin: Any) -> None:
    shop = {"key": "tmall", "name": "旗舰店", "platform": "tmall"}
    body(client(agent).post("/api/v1/shops/", shop, format="json"), 403)
    made = body(client(admin).post("/api/v1/shops/", shop, format="json"), 201)
    answer = body(client(admin).post("/api/v1/shops/", shop, format="json"), 409)
    assert "key" in answer["fields"]
    body(client(admin).post("/api/v1/shops/", {**shop, "key": "两 店"}, format="json"), 400)
    assert body(client(agent).get("/api/v1/shops/"), 200)["results"][0] == made
    body(client(admin).patch(f"/api/v1/shops/{made['id']}/", {"is_active": False}, format="json"), 200)


def test_a_customer_of_strangers_does_not_exist(agent: Any, other_agent: Any, team: Any, other_team: Any) -> None:
    from tickets.models import Queue
    from tickets.services import intake

    team.queues.add(Queue.objects.create(key="desk", name="售后", is_default=True))
    other_team.queues.add(Queue.objects.create(key="presale", name="售前"))
    given = intake.CustomerGiven(name="李娜", phone=PHONE)
    ticket = intake.receive(request=intake.Request(channel="web", body="杯子碎了", customer=given), actor=None).ticket
    url = f"{CUSTOMERS}{ticket.customer_id}/"
    body(client(agent).get(url), 200)
    for answer in (
        client(other_agent).get(url),
        client(other_agent).patch(url, {"name": "x"}, format="json"),
        client(other_agent).post(f"{url}reveal/", {"field": "phone", "reason": "好奇"}, format="json"),
    ):
        body(answer, 404)
    assert body(client(other_agent).get(CUSTOMERS, {"search": PHONE}), 200)["results"] == []
    hidden = body(client(other_agent).post(CUSTOMERS, {"name": "李", "phone": PHONE}, format="json"), 409)
    assert hidden["existing"] is None
    lonely = resolve_customer(name="没有工单的人")
    body(client(other_agent).get(f"{CUSTOMERS}{lonely.pk}/"), 200)


def test_strangers_to_the_house_are_turned_away() -> None:
    body(APIClient().get(CUSTOMERS), 401)


def test_a_label_that_is_used_keeps_its_name(lead: Any) -> None:
    Tag.objects.create(name="甲")
    rule = {"field": "customer.tags", "op": "contains", "value": "甲"}
    body(client(lead).post("/api/v1/tags/", {"name": "乙", "kind": "rule", "condition": rule}, format="json"), 201)
    used = Tag.objects.get(name="甲")
    assert (
        body(client(lead).patch(f"/api/v1/tags/{used.pk}/", {"name": "丙"}, format="json"), 409)["code"] == "tag_in_use"
    )


def test_many_customers_are_paged(agent: Any) -> None:
    for i in range(5):
        create_customer(actor=agent, changes={"name": f"客{i}"})
    first = body(client(agent).get(CUSTOMERS, {"page_size": "2"}), 200)
    second = body(client(agent).get(first["next"]), 200)
    assert [row["name"] for row in first["results"] + second["results"]] == ["客4", "客3", "客2", "客1"]
