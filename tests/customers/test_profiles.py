"""Making, changing and showing a customer's record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from customers.models import Customer, Order, Shop
from customers.services import (
    add_identity,
    create_customer,
    resolve_customer,
    reveal_customer,
    update_customer,
    upsert_order,
    verify_phone,
)

pytestmark = pytest.mark.django_db
PHONE, EMAIL, ADDRESS = "13800138000", "li.na@example.com", "北京市朝阳区建国路 88 号 1203 室"


@pytest.mark.capability("J03")
def test_no_personal_value_stands_in_the_tables_in_the_clear(agent: Any) -> None:
    customer = create_customer(
        actor=agent, changes={"name": "李娜", "phone": PHONE, "email": EMAIL, "address": ADDRESS}
    )
    shop = Shop.objects.create(key="s1", name="一店")
    upsert_order(
        actor=agent,
        shop=shop,
        order_no="A1",
        customer=customer,
        values={"receiver_name": "李娜", "receiver_phone": PHONE, "receiver_address": ADDRESS},
        items=[],
    )
    update_customer(customer=customer, actor=agent, changes={"phone": "13900139000"})
    with connection.cursor() as cursor:
        for table in ("customers_customer", "customers_order", "core_event", "customers_customermerge"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")  # noqa: S608
            dump = cursor.fetchone()[0]
            for secret in (PHONE, "13900139000", EMAIL, ADDRESS):
                assert secret not in dump
                assert secret.encode().hex() not in dump
    assert Customer.objects.get(pk=customer.pk).phone == "13900139000"
    assert Order.objects.get().receiver_address == ADDRESS


@pytest.mark.capability("J03")
def test_search_by_phone_works_without_reading_phones(agent: Any) -> None:
    customer = create_customer(actor=agent, changes={"name": "李娜", "phone": PHONE})
    create_customer(actor=agent, changes={"name": "王芳", "phone": "13900139000"})
    assert list(Customer.objects.search("138 0013 8000")) == [customer]
    assert list(Customer.objects.search("8000")) == [customer]
    assert not Customer.objects.search("1380013")


def test_search_finds_names_initials_accounts_and_orders(agent: Any) -> None:
    customer = create_customer(actor=agent, changes={"name": "欧阳小明"}, external_ids={"taobao": "tb_88"})
    other = create_customer(actor=agent, changes={"name": "Zhang San"})
    shop = Shop.objects.create(key="s1", name="一店")
    upsert_order(actor=agent, shop=shop, order_no="TB1001", customer=customer, values={}, items=[])
    for text in ("欧阳小明", "小明", "明", "oyxm", "OY", "tb_88", "TB1001"):
        assert list(Customer.objects.search(text)) == [customer], text
    assert list(Customer.objects.search("zhang")) == [other]
    assert list(Customer.objects.search("张三")) == []


@pytest.mark.capability("A01")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "李娜", "phone": "12345"}, "phone"),
        ({"name": "李娜", "phone": "010-88886666"}, "phone"),
        ({"name": "李娜", "email": "not an address"}, "email"),
        ({"name": "李" * 101}, "name"),
        ({}, "name"),
        ({"name": "李娜", "important": True, "important_until": datetime(2020, 1, 1, tzinfo=UTC)}, "important_until"),
        ({"name": "李娜", "preferences": {"a": {"b": 1}}}, "preferences"),
    ],
)
def test_wrong_input_is_refused_naming_the_field(agent: Any, changes: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create_customer(actor=agent, changes=changes)
    assert list(refusal.value.fields) == [field]
    assert not Customer.objects.exists()


@pytest.mark.capability("A01")
def test_a_duplicate_names_the_existing_customer(agent: Any) -> None:
    existing = create_customer(actor=agent, changes={"name": "李娜", "phone": PHONE}, external_ids={"taobao": "tb_1"})
    for changes, accounts in (({"phone": PHONE}, {}), ({"name": "别人"}, {"taobao": "tb_1"})):
        with pytest.raises(Conflict) as refusal:
            create_customer(actor=agent, changes=changes, external_ids=accounts)  # type: ignore[arg-type]
        assert refusal.value.code == "duplicate_customer"
        assert refusal.value.extra == {"existing": existing.pk}
    other = create_customer(actor=agent, changes={"name": "王芳"})
    with pytest.raises(Conflict):
        update_customer(customer=other, actor=agent, changes={"phone": PHONE})
    with pytest.raises(Conflict):
        add_identity(customer=other, platform="taobao", external_id="tb_1", actor=agent)


def test_a_household_may_share_a_phone_when_a_person_says_so(agent: Any) -> None:
    create_customer(actor=agent, changes={"name": "李娜", "phone": PHONE})
    second = create_customer(actor=agent, changes={"name": "王刚", "phone": PHONE}, allow_duplicate=True)
    assert second.phone == PHONE


def test_a_changed_phone_is_unverified_again(agent: Any) -> None:
    customer = create_customer(actor=agent, changes={"name": "李娜", "phone": PHONE})
    verify_phone(customer=customer, actor=agent)
    changed = update_customer(customer=customer, actor=agent, changes={"phone": "13900139000"})
    assert changed.phone_verified_at is None
    event = Event.objects.filter(kind="customer.updated").latest("id")
    assert event.payload["changes"]["phone"] == {"from": "138****8000", "to": "139****9000"}


def test_the_second_of_two_editors_is_told_what_differs(agent: Any, agent2: Any) -> None:
    customer = create_customer(actor=agent, changes={"name": "李娜"})
    update_customer(customer=customer, actor=agent, changes={"name": "李娜娜"}, revision=1)
    with pytest.raises(Conflict) as refusal:
        update_customer(customer=customer, actor=agent2, changes={"name": "李纳"}, revision=1)
    assert refusal.value.code == "edit_conflict"
    assert refusal.value.extra["current"] == {"name": "李娜娜"}
    assert refusal.value.extra["yours"] == {"name": "李纳"}
    customer.refresh_from_db()
    assert customer.name == "李娜娜"


def test_saving_nothing_new_writes_nothing(agent: Any) -> None:
    customer = create_customer(actor=agent, changes={"name": "李娜", "phone": PHONE})
    update_customer(customer=customer, actor=agent, changes={"name": "李娜", "phone": "138 0013 8000"})
    assert not Event.objects.filter(kind="customer.updated").exists()


def test_the_mark_important_ends_at_its_moment(agent: Any) -> None:
    until = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with time_machine.travel(until - timedelta(days=1), tick=False):
        customer = create_customer(actor=agent, changes={"name": "李娜", "important": True, "important_until": until})
    with time_machine.travel(until - timedelta(seconds=1), tick=False):
        assert customer.is_important_now()
        assert Customer.objects.important().exists()
    with time_machine.travel(until, tick=False):
        assert not customer.is_important_now()
        assert not Customer.objects.important().exists()
        assert Customer.objects.not_important().exists()


@pytest.mark.capability("J09")
def test_revealing_needs_right_and_reason_and_is_written_down(agent: Any, auditor: Any) -> None:
    customer = resolve_customer(name="李娜", phone=PHONE)
    assert reveal_customer(customer=customer, field="phone", reason="核对收件电话", actor=agent) == PHONE
    event = Event.objects.get(kind="personal_data.revealed")
    assert (event.actor_id, event.subject_id) == (agent.pk, customer.pk)
    assert event.payload == {"field": "phone", "reason": "核对收件电话"}
    with pytest.raises(NotAllowed):
        reveal_customer(customer=customer, field="phone", reason="核对收件电话", actor=auditor)
    with pytest.raises(InvalidInput):
        reveal_customer(customer=customer, field="phone", reason=" ", actor=agent)
    with pytest.raises(InvalidInput):
        reveal_customer(customer=customer, field="row_key", reason="好奇", actor=agent)
    assert Event.objects.filter(kind="personal_data.revealed").count() == 1


def test_an_order_is_one_row_per_shop_and_number(agent: Any) -> None:
    customer = resolve_customer(name="李娜", phone=PHONE)
    first, second = (Shop.objects.create(key=key, name=key) for key in ("s1", "s2"))
    item = {"sku": "CUP", "quantity": 2}
    for shop in (first, second, first):
        upsert_order(actor=agent, shop=shop, order_no="1", customer=customer, values={}, items=[item])
    assert Order.objects.count() == 2
    assert Order.objects.get(shop=first).items.count() == 1


def test_an_order_goes_forward_in_time(agent: Any) -> None:
    customer = resolve_customer(name="李娜", phone=PHONE)
    shop = Shop.objects.create(key="s1", name="一店")
    paid = datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(InvalidInput) as refusal:
        upsert_order(
            actor=agent,
            shop=shop,
            order_no="1",
            customer=customer,
            values={"ordered_at": paid - timedelta(days=1), "paid_at": paid, "signed_at": paid - timedelta(hours=1)},
        )
    assert list(refusal.value.fields) == ["signed_at"]
