"""The customer pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.clock import now
from core.events import Event
from customers import profile
from customers.models import Customer, CustomerMerge, Shop, Tag
from customers.services import add_tag, create_customer, merge_customers, resolve_customer, upsert_order

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


@pytest.fixture
def customer(agent: Any) -> Customer:
    return create_customer(
        actor=agent,
        changes={"name": "李娜", "phone": PHONE, "notes": "爱喝茶", "preferences": {"称呼": "李女士"}},
        external_ids={"taobao": "tb_88"},
    )


def address(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.pk])


def test_the_list_says_what_to_do_when_it_is_empty(agent: Any) -> None:
    page = text(browser(agent).get("/customers/"))
    assert "还没有客户" in page
    assert "新建客户" in page


def test_the_list_finds_and_hides(agent: Any, customer: Customer) -> None:
    resolve_customer(name="王芳", phone="13900139999")
    page = text(browser(agent).get("/customers/", {"search": "8000"}))
    assert "李娜" in page
    assert "王芳" not in page
    assert "138****8000" in page
    assert PHONE not in page
    assert "没有符合条件的客户" in text(browser(agent).get("/customers/", {"search": "nobody"}))


def test_the_list_is_filtered_by_a_label(agent: Any, customer: Customer) -> None:
    tag = Tag.objects.create(name="大促敏感")
    add_tag(customer=customer, tag=tag, actor=agent)
    resolve_customer(name="王芳")
    page = text(browser(agent).get("/customers/", {"tag": "大促敏感"}))
    assert "李娜" in page
    assert "王芳" not in page


def test_a_search_answers_with_rows_only_to_htmx(agent: Any, customer: Customer) -> None:
    page = text(browser(agent).get("/customers/", {"search": "ln"}, headers={"HX-Request": "true"}))
    assert "李娜" in page
    assert "<html" not in page


def test_long_lists_are_paged(agent: Any) -> None:
    Customer.objects.bulk_create(Customer(name=f"客{i}") for i in range(55))
    first = browser(agent).get("/customers/")
    assert "下一页" in text(first)
    cursor = first.context["page"].next
    second = text(browser(agent).get("/customers/", {"cursor": cursor}))
    assert "上一页" in second
    assert "客54" not in second
    text(browser(agent).get("/customers/", {"cursor": "rubbish"}), 404)


@pytest.mark.capability("A01")
def test_one_page_tells_the_whole_story(agent: Any, customer: Customer) -> None:
    shop = Shop.objects.create(key="s1", name="旗舰店")
    upsert_order(
        actor=agent,
        shop=shop,
        order_no="TB1001",
        customer=customer,
        values={},
        items=[{"sku": "CUP", "name": "玻璃杯", "quantity": 2}],
    )
    page = text(browser(agent).get(address(customer)))
    for part in ("李娜", "138****8000", "tb_88", "TB1001", "玻璃杯", "李女士", "爱喝茶", "建档", "联系意愿"):
        assert part in page, part
    assert PHONE not in page


@pytest.mark.capability("A01")
def test_a_customer_without_any_data_shows_empty_panels(agent: Any) -> None:
    customer = resolve_customer()
    page = text(browser(agent).get(address(customer)))
    for panel in profile.panels():
        assert f'id="panel-{panel.name}"' in page
    assert "还没有订单" in page
    assert "匿名客户" in page


@pytest.mark.capability("A24")
def test_the_page_leads_to_the_customers_wish_for_contact(agent: Any, customer: Customer) -> None:
    page = browser(agent)
    edit = reverse("customers:edit", args=[customer.pk])
    answer = page.post(
        edit, {"name": "李娜", "do_not_contact": "on", "do_not_contact_reason": "来电要求", "revision": "1"}
    )
    assert answer.status_code == 302
    shown = text(page.get(address(customer)))
    assert "免打扰" in shown
    assert "来电要求" in shown


@pytest.mark.capability("J09")
def test_revealing_asks_for_a_reason_first(agent: Any, auditor: Any, customer: Customer) -> None:
    url = reverse("customers:reveal", args=[customer.pk])
    assert "查看原因" in text(browser(agent).get(url, {"field": "phone"}))
    assert PHONE not in text(browser(agent).post(url, {"field": "phone", "reason": ""}))
    assert not Event.objects.filter(kind="personal_data.revealed").exists()
    answer = browser(agent).post(url, {"field": "phone", "reason": "核对收件电话"})
    assert PHONE in text(answer)
    assert answer["Cache-Control"] == "no-store"
    assert Event.objects.filter(kind="personal_data.revealed", actor=agent).count() == 1
    text(browser(auditor).post(url, {"field": "phone", "reason": "核对收件电话"}), 403)


@pytest.mark.capability("J09")
def test_an_auditor_reads_masked_and_changes_nothing(auditor: Any, customer: Customer) -> None:
    page = text(browser(auditor).get(address(customer)))
    assert "李娜" not in page
    assert "爱喝茶" not in page
    assert "编辑" not in page
    assert "李娜" not in text(browser(auditor).get("/customers/"))
    text(browser(auditor).get(reverse("customers:edit", args=[customer.pk])), 403)
    text(browser(auditor).get(reverse("customers:create")), 403)


@pytest.mark.capability("A01")
def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(agent: Any) -> None:
    page = text(browser(agent).post("/customers/new/", {"name": "陈静", "phone": "010-88886666"}), 422)
    assert "座机" in page
    assert 'value="陈静"' in page
    assert 'value="010-88886666"' in page


@pytest.mark.capability("A01")
def test_a_duplicate_offers_to_open_or_to_merge(agent: Any, lead: Any, customer: Customer) -> None:
    page = text(browser(agent).post("/customers/new/", {"name": "李", "phone": PHONE}), 422)
    assert "打开已有客户" in page
    assert address(customer) in page
    other = resolve_customer(name="李女士")
    edit = reverse("customers:edit", args=[other.pk])
    page = text(browser(lead).post(edit, {"name": "李女士", "phone": PHONE, "revision": "1"}), 422)
    assert f"{reverse('customers:merge', args=[other.pk])}?into={customer.pk}" in page
    answer = browser(agent).post("/customers/new/", {"name": "李", "phone": PHONE, "allow_duplicate": "on"})
    assert answer.status_code == 302


def test_the_edit_form_does_not_show_and_does_not_erase_the_phone(agent: Any, customer: Customer) -> None:
    edit = reverse("customers:edit", args=[customer.pk])
    page = text(browser(agent).get(edit))
    assert PHONE not in page
    assert "138****8000" in page
    assert "称呼：李女士" in page
    answer = browser(agent).post(edit, {"name": "李娜娜", "phone": "", "preferences": "称呼:李总", "revision": "1"})
    assert answer.status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.preferences) == ("李娜娜", PHONE, {"称呼": "李总"})


def test_the_second_editor_sees_the_difference_and_may_save_again(agent: Any, agent2: Any, customer: Customer) -> None:
    edit = reverse("customers:edit", args=[customer.pk])
    assert browser(agent).post(edit, {"name": "李娜娜", "revision": "1"}).status_code == 302
    answer = browser(agent2).post(edit, {"name": "李纳", "revision": "1"})
    page = text(answer, 422)
    assert "李娜娜" in page
    assert "李纳" in page
    assert 'name="revision" value="2"' in page
    assert browser(agent2).post(edit, {"name": "李纳", "revision": "2"}).status_code == 302


@pytest.mark.capability("A02")
def test_labels_are_given_and_taken_on_the_page(agent: Any, customer: Customer) -> None:
    tag = Tag.objects.create(name="大促敏感")
    url = reverse("customers:add_tag", args=[customer.pk])
    until = (now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    assert "大促敏感" in text(browser(agent).post(url, {"tag": tag.pk, "expires_at": until}))
    assert "晚于现在" in text(browser(agent).post(url, {"tag": tag.pk, "expires_at": "2020-01-01T00:00"}))
    gone = reverse("customers:remove_tag", args=[customer.pk, tag.pk])
    assert "还没有标签" in text(browser(agent).post(gone))
    assert "没有标签" in text(browser(agent).post(gone))


@pytest.mark.capability("A03")
def test_merging_is_previewed_done_and_undone_on_pages(agent: Any, lead: Any, customer: Customer) -> None:
    other = resolve_customer(name="李女士", external_ids={"jd": "jd_1"})
    url = reverse("customers:merge", args=[other.pk])
    assert "李娜" in text(browser(lead).get(url, {"search": "8000"}))
    page = text(browser(lead).get(url, {"into": customer.pk}))
    assert "138****8000" in page
    assert CustomerMerge.objects.count() == 0
    text(browser(agent).get(url), 403)
    text(browser(lead).get(url, {"into": other.pk}), 409)
    answer = browser(lead).post(url, {"into": customer.pk, "keep-name": "source"})
    assert answer["Location"] == address(customer)
    customer.refresh_from_db()
    assert customer.name == "李女士"
    assert browser(lead).get(address(other))["Location"] == address(customer)
    page = text(browser(lead).get(address(customer)))
    assert "撤销合并" in page
    undo = reverse("customers:undo_merge", args=[CustomerMerge.objects.get().pk])
    text(browser(agent).post(undo), 403)
    assert browser(lead).post(undo)["Location"] == address(other)
    customer.refresh_from_db()
    assert customer.name == "李娜"


def test_the_list_is_exported_masked_and_written_down(supervisor: Any, agent: Any, customer: Customer) -> None:
    answer = browser(supervisor).get("/customers/export/", {"format": "csv", "search": "8000"})
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content).decode()
    assert content.startswith("\ufeff")
    assert "138****8000" in content
    assert PHONE not in content
    assert Event.objects.get(kind="export.made").payload["count"] == 1
    assert browser(agent).get("/customers/export/").status_code == 302
    assert Event.objects.filter(kind="export.made").count() == 1


def test_strangers_see_nothing(other_agent: Any, team: Any, other_team: Any) -> None:
    from tickets.models import Queue
    from tickets.services import intake

    team.queues.add(Queue.objects.create(key="desk", name="售后", is_default=True))
    given = intake.CustomerGiven(name="李娜", phone=PHONE)
    ticket = intake.receive(request=intake.Request(channel="web", body="杯子碎了", customer=given), actor=None).ticket
    page = browser(other_agent)
    assert "李娜" not in text(page.get("/customers/"))
    for name in ("detail", "edit", "reveal"):
        text(page.get(reverse(f"customers:{name}", args=[ticket.customer_id])), 404)


def test_a_merged_record_is_hidden_with_the_one_that_stands(lead: Any, agent: Any, other_agent: Any, team: Any) -> None:
    """A record whose tickets were moved away has none of its own; that must not open it to everybody."""
    from tickets.models import Queue
    from tickets.services import intake

    team.queues.add(Queue.objects.create(key="desk", name="售后", is_default=True))
    writer = intake.CustomerGiven(name="李娜", phone=PHONE)
    source = intake.receive(
        request=intake.Request(channel="web", body="碎了", customer=writer), actor=None
    ).ticket.customer
    target = resolve_customer(name="李女士")
    merge_customers(source=source, target=target, actor=lead)
    assert browser(agent).get(address(source)).status_code == 302
    text(browser(other_agent).get(address(source)), 404)


def test_pages_ask_for_a_login() -> None:
    assert Client().get("/customers/").status_code == 302
