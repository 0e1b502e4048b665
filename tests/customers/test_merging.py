"""Two records, one person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from core.errors import Conflict, InvalidInput
from core.events import Event
from customers.models import Customer, CustomerMerge, Shop, Tag
from customers.services import (
    add_identity,
    add_tag,
    create_customer,
    merge_customers,
    preview_merge,
    resolve_customer,
    unmerge_customers,
    update_customer,
    upsert_order,
    verify_phone,
)

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A03")]
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHONE = "13800138000"


@pytest.fixture
def source(agent: Any) -> Customer:
    changes = {"name": "李娜", "phone": PHONE, "notes": "爱喝茶"}
    customer = create_customer(actor=agent, changes=changes, external_ids={"taobao": "tb_1"})  # type: ignore[arg-type]
    shop = Shop.objects.create(key="s1", name="一店")
    upsert_order(actor=agent, shop=shop, order_no="A1", customer=customer, values={}, items=[])
    return verify_phone(customer=customer, actor=agent)


@pytest.fixture
def target(source: Customer, agent: Any) -> Customer:
    """A record with the same verified phone, from another platform."""
    customer = create_customer(actor=agent, changes={"phone": PHONE}, external_ids={"jd": "jd_1"}, allow_duplicate=True)
    return verify_phone(customer=customer, actor=agent)


def test_two_records_with_the_same_verified_phone_become_one(
    source: Customer, target: Customer, lead: Any, agent: Any
) -> None:
    tag = Tag.objects.create(name="大促敏感")
    add_tag(customer=source, tag=tag, actor=agent)
    merge_customers(source=source, target=target, actor=lead)
    target.refresh_from_db()
    source.refresh_from_db()
    assert source.merged_into == target
    assert (target.name, target.notes) == ("李娜", "爱喝茶")
    assert sorted(target.identities.values_list("platform", flat=True)) == ["jd", "taobao"]
    assert target.orders.count() == 1
    assert list(target.active_tags()) == [tag]
    assert list(Customer.objects.standing()) == [target]
    assert Event.objects.filter(kind="customer.merged", actor=lead).count() == 2
    assert resolve_customer(external_ids={"taobao": "tb_1"}) == target


def test_the_preview_tells_field_by_field_and_hides_personal_data(source: Customer, target: Customer) -> None:
    lines = {line.field: line for line in preview_merge(source=source, target=target)}
    assert (lines["name"].source, lines["name"].target, lines["name"].keeps) == ("李娜", "", "source")
    assert lines["phone"].source == "138****8000"
    assert not lines["phone"].differs
    assert CustomerMerge.objects.count() == 0
    chosen = preview_merge(source=source, target=target, choices={"name": "target"})
    assert next(line for line in chosen if line.field == "name").keeps == "target"


def test_undoing_gives_everything_back(source: Customer, target: Customer, lead: Any, agent: Any) -> None:
    tag = Tag.objects.create(name="大促敏感")
    for record in (source, target):
        add_tag(customer=record, tag=tag, actor=agent)
    merge = merge_customers(source=source, target=target, actor=lead)
    assert target.active_tags().count() == 1
    unmerge_customers(merge=merge, actor=lead)
    source.refresh_from_db()
    target.refresh_from_db()
    assert source.merged_into is None
    assert (source.name, source.notes, source.phone) == ("李娜", "爱喝茶", PHONE)
    assert (target.name, target.notes, target.phone) == ("", "", PHONE)
    assert list(source.identities.values_list("platform", flat=True)) == ["taobao"]
    assert list(target.identities.values_list("platform", flat=True)) == ["jd"]
    assert (source.orders.count(), target.orders.count()) == (1, 0)
    assert list(source.active_tags()) == list(target.active_tags()) == [tag]


def test_what_was_changed_after_the_merge_survives_its_undoing(
    source: Customer, target: Customer, lead: Any, agent: Any
) -> None:
    merge = merge_customers(source=source, target=target, actor=lead)
    update_customer(customer=target, actor=agent, changes={"name": "李娜女士"})
    unmerge_customers(merge=merge, actor=lead)
    target.refresh_from_db()
    assert (target.name, target.notes) == ("李娜女士", "")


@pytest.mark.parametrize(("late", "undone"), [(timedelta(seconds=-1), True), (timedelta(0), False)])
def test_undoing_is_possible_until_thirty_days_are_over(
    source: Customer, target: Customer, lead: Any, late: timedelta, undone: bool
) -> None:
    with time_machine.travel(NOON, tick=False):
        merge = merge_customers(source=source, target=target, actor=lead)
    with time_machine.travel(NOON + timedelta(days=30) + late, tick=False):
        if undone:
            unmerge_customers(merge=merge, actor=lead)
        else:
            with pytest.raises(Conflict) as refusal:
                unmerge_customers(merge=merge, actor=lead)
            assert refusal.value.code == "undo_expired"
    source.refresh_from_db()
    assert (source.merged_into is None) is undone


def test_a_record_does_not_merge_with_itself(source: Customer, lead: Any) -> None:
    with pytest.raises(InvalidInput):
        merge_customers(source=source, target=source, actor=lead)


def test_conflicting_verified_signs_are_refused(source: Customer, lead: Any, agent: Any) -> None:
    other = verify_phone(customer=resolve_customer(phone="13900139000"), actor=agent)
    with pytest.raises(Conflict) as refusal:
        merge_customers(source=source, target=other, actor=lead)
    assert refusal.value.code == "verified_conflict"
    assert "手机号" in refusal.value.message


def test_different_verified_accounts_of_one_platform_are_refused(source: Customer, lead: Any, agent: Any) -> None:
    other = resolve_customer(name="王芳")
    add_identity(customer=source, platform="wechat", external_id="wx_1", actor=agent, verified=True)
    add_identity(customer=other, platform="wechat", external_id="wx_2", actor=agent, verified=True)
    with pytest.raises(Conflict):
        preview_merge(source=source, target=other)


def test_a_merged_record_is_neither_merged_nor_changed_again(
    source: Customer, target: Customer, lead: Any, agent: Any
) -> None:
    merge = merge_customers(source=source, target=target, actor=lead)
    for call in (
        lambda: merge_customers(source=source, target=resolve_customer(name="王芳"), actor=lead),
        lambda: update_customer(customer=source, actor=agent, changes={"name": "新"}),
    ):
        with pytest.raises(Conflict):
            call()
    unmerge_customers(merge=merge, actor=lead)
    with pytest.raises(Conflict) as refusal:
        unmerge_customers(merge=merge, actor=lead)
    assert refusal.value.code == "already_undone"


def test_merges_are_undone_in_the_order_they_were_made_upon_each_other(
    source: Customer, target: Customer, lead: Any
) -> None:
    third = resolve_customer(name="王芳")
    first = merge_customers(source=source, target=target, actor=lead)
    second = merge_customers(source=target, target=third, actor=lead)
    with pytest.raises(Conflict) as refusal:
        unmerge_customers(merge=first, actor=lead)
    assert refusal.value.code == "merged_on"
    assert resolve_customer(external_ids={"taobao": "tb_1"}) == third
    unmerge_customers(merge=second, actor=lead)
    unmerge_customers(merge=first, actor=lead)
    assert resolve_customer(external_ids={"taobao": "tb_1"}) == source


def test_tickets_go_along_and_come_back(source: Customer, target: Customer, lead: Any) -> None:
    from tickets.services import intake

    ticket = intake.receive(
        request=intake.Request(
            channel="web", body="杯子碎了", customer=intake.CustomerGiven(external_ids={"taobao": "tb_1"})
        ),
        actor=None,
    ).ticket
    assert ticket.customer == source
    merge = merge_customers(source=source, target=target, actor=lead)
    ticket.refresh_from_db()
    assert ticket.customer == target
    unmerge_customers(merge=merge, actor=lead)
    ticket.refresh_from_db()
    assert ticket.customer == source
