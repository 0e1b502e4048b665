"""The customers in the admin."""

from typing import Any

import pytest
from django.test import Client

from core.events import Event
from customers.models import Customer, Shop, Tag
from customers.services import merge_customers, resolve_customer, upsert_order

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


@pytest.mark.capability("J09")
def test_every_page_opens_and_hides_personal_data(admin: Any, lead: Any) -> None:
    customer = resolve_customer(name="李娜", phone=PHONE, email="li.na@example.com", external_ids={"taobao": "tb_1"})
    shop = Shop.objects.create(key="s1", name="一店")
    values = {"receiver_phone": PHONE, "receiver_address": "北京市朝阳区建国路 88 号"}
    order, _made = upsert_order(actor=admin, shop=shop, order_no="A1", customer=customer, values=values, items=[])  # type: ignore[arg-type]
    merge = merge_customers(source=resolve_customer(name="李"), target=customer, actor=lead)
    tag = Tag.objects.create(name="大促敏感")
    pages = {"customer": customer, "order": order, "customermerge": merge, "tag": tag, "shop": shop}
    for name, row in pages.items():
        for url in (f"/admin/customers/{name}/", f"/admin/customers/{name}/{row.pk}/change/"):
            page = text(browser(admin).get(url))
            for secret in (PHONE, "li.na@example.com", "建国路 88"):
                assert secret not in page, url
    assert "李娜" in text(browser(admin).get("/admin/customers/customer/", {"q": "8000"}))
    assert "李娜" not in text(browser(admin).get("/admin/customers/customer/", {"q": "9999"}))


def test_saving_goes_through_the_services(admin: Any) -> None:
    customer = resolve_customer(name="李娜", phone=PHONE)
    page = browser(admin)
    form = {
        "name": "李娜娜",
        "level": "金卡",
        "notes": "",
        "preferences": "{}",
        "identities-TOTAL_FORMS": "0",
        "identities-INITIAL_FORMS": "0",
        "customer_tags-TOTAL_FORMS": "0",
        "customer_tags-INITIAL_FORMS": "0",
    }
    answer = page.post(f"/admin/customers/customer/{customer.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    customer.refresh_from_db()
    assert (customer.name, customer.level, customer.phone) == ("李娜娜", "金卡", PHONE)
    assert Event.objects.filter(kind="customer.updated", actor=admin).count() == 1
    assert Customer.objects.search("lnn").exists()


@pytest.mark.capability("A02")
def test_a_wrong_rule_is_told_beside_the_field(admin: Any) -> None:
    form = {"name": "高额", "kind": "rule", "condition": '{"field": "salary", "op": "eq", "value": 1}', "colour": "red"}
    page = text(browser(admin).post("/admin/customers/tag/add/", form))
    assert "未知的字段" in page
    form["condition"] = '{"field": "paid_total", "op": "gte", "value": 2000}'
    assert browser(admin).post("/admin/customers/tag/add/", {**form, "is_active": "on"}).status_code == 302
    tag = Tag.objects.get(name="高额")
    assert "符合 0 位客户" in text(browser(admin).get(f"/admin/customers/tag/{tag.pk}/change/"))
