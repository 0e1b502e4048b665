"""Labels: by hand, exclusive, expiring, by rule."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from core.conditions import ConditionError
from core.errors import Conflict, InvalidInput, NotFound
from core.events import Event
from core.timers import Timer, fire_due
from customers.choices import OrderStatus, TagKind
from customers.models import Customer, CustomerTag, Order, Shop, Tag, TagGroup
from customers.services import (
    add_tag,
    apply_all_rule_tags,
    apply_rule_tag,
    preview_rule,
    remove_tag,
    resolve_customer,
    save_tag,
    save_tag_group,
)
from tests.tickets.conftest import desk, make_ticket
from tests.workbench.conftest import browser
from tickets.services.intake import CustomerGiven

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("A02")]
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def customer() -> Customer:
    return resolve_customer(name="李娜", phone="13800138000")


@pytest.fixture
def kinds(admin: Any) -> TagGroup:
    return save_tag_group(group=None, actor=admin, name="客户类型", is_exclusive=True)


def tag(name: str, actor: Any, **changes: Any) -> Tag:
    return save_tag(tag=None, actor=actor, changes={"name": name, **changes})  # type: ignore[typeddict-item]


def bought(customer: Customer, amount: int, number: str = "1", **values: Any) -> Order:
    shop, _made = Shop.objects.get_or_create(key="s1", defaults={"name": "一店"})
    defaults = {"status": OrderStatus.PAID, "ordered_at": NOON, "total": amount, "paid": amount}
    return Order.objects.create(shop=shop, order_no=number, customer=customer, **{**defaults, **values})


def names(customer: Customer) -> list[str]:
    return sorted(customer.active_tags().values_list("name", flat=True))


@pytest.mark.parametrize(("colour", "chip"), [("red", 'k-chip" data-tone="bad"'), ("grey", 'k-chip"')])
def test_a_label_has_one_of_the_known_colours_at_the_desk(
    customer: Customer, admin: Any, make_ticket: Any, colour: str, chip: str
) -> None:
    label = tag("易碎品买家", admin, colour=colour)
    add_tag(customer=customer, tag=label, actor=admin)
    ticket = make_ticket(customer=CustomerGiven(name=customer.name, phone="13800138000"))
    page = browser(admin).get(f"/desk/{ticket.number}/").content.decode()
    assert f'<span class="{chip}>易碎品买家</span>' in page
    with pytest.raises(InvalidInput, match="没有这种颜色"):
        tag("羊绒", admin, colour="beige")
    answer = browser(admin).post("/admin/customers/tag/add/", {"name": "羊绒", "kind": "manual", "colour": "beige"})
    assert "colour" in answer.context["adminform"].form.errors


def test_a_second_label_of_an_exclusive_group_replaces_the_first_and_logs_it(
    customer: Customer, kinds: TagGroup, admin: Any, agent: Any
) -> None:
    add_tag(customer=customer, tag=tag("新用户", admin, group=kinds), actor=agent)
    add_tag(customer=customer, tag=tag("高价值", admin, group=kinds), actor=agent)
    assert names(customer) == ["高价值"]
    event = Event.objects.get(kind="customer.tag_replaced")
    assert event.payload == {"old": "新用户", "new": "高价值"}
    assert event.actor_id == agent.pk


def test_labels_of_an_open_group_stand_together(customer: Customer, admin: Any, agent: Any) -> None:
    group = save_tag_group(group=None, actor=admin, name="偏好", is_exclusive=False)
    for name in ("爱喝茶", "爱咖啡"):
        add_tag(customer=customer, tag=tag(name, admin, group=group), actor=agent)
    assert names(customer) == ["爱咖啡", "爱喝茶"]


def test_a_label_vanishes_from_filters_at_the_moment_it_expires(customer: Customer, admin: Any, agent: Any) -> None:
    label = tag("大促敏感", admin)
    with time_machine.travel(NOON - timedelta(days=1), tick=False):
        add_tag(customer=customer, tag=label, actor=agent, expires_at=NOON)
    with time_machine.travel(NOON - timedelta(seconds=1), tick=False):
        assert names(customer) == ["大促敏感"]
        assert Customer.objects.tagged("大促敏感").exists()
        assert preview_rule(condition={"field": "customer.tags", "op": "contains", "value": "大促敏感"}).count == 1
    with time_machine.travel(NOON, tick=False):
        assert names(customer) == []
        assert not Customer.objects.tagged("大促敏感").exists()
        assert preview_rule(condition={"field": "customer.tags", "op": "contains", "value": "大促敏感"}).count == 0


def test_the_timer_closes_an_expired_label_and_says_so(customer: Customer, admin: Any, agent: Any) -> None:
    with time_machine.travel(NOON - timedelta(days=1), tick=False):
        spell = add_tag(customer=customer, tag=tag("大促敏感", admin), actor=agent, expires_at=NOON)
    assert fire_due(now=NOON - timedelta(seconds=1)) == 0
    assert fire_due(now=NOON) == 1
    spell.refresh_from_db()
    assert spell.removed_at == NOON
    assert Event.objects.get(kind="customer.tag_expired").payload == {"tag": "大促敏感"}


def test_an_expired_label_can_be_given_again_before_the_timer_came(customer: Customer, admin: Any, agent: Any) -> None:
    label = tag("大促敏感", admin)
    with time_machine.travel(NOON - timedelta(days=1), tick=False):
        add_tag(customer=customer, tag=label, actor=agent, expires_at=NOON)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        add_tag(customer=customer, tag=label, actor=agent)
        assert names(customer) == ["大促敏感"]
    fire_due(now=NOON + timedelta(hours=2))
    assert CustomerTag.objects.filter(removed_at__isnull=True).count() == 1


def test_giving_a_label_again_moves_its_expiry(customer: Customer, admin: Any, agent: Any) -> None:
    label = tag("大促敏感", admin)
    with time_machine.travel(NOON, tick=False):
        add_tag(customer=customer, tag=label, actor=agent, expires_at=NOON + timedelta(days=1))
        add_tag(customer=customer, tag=label, actor=agent, expires_at=NOON + timedelta(days=9))
    assert CustomerTag.objects.count() == 1
    assert Timer.objects.get(kind="customer_tag.expiry").due_at == NOON + timedelta(days=9)


def test_an_expiry_in_the_past_and_a_label_not_carried_are_refused(customer: Customer, admin: Any, agent: Any) -> None:
    label = tag("大促敏感", admin)
    with pytest.raises(InvalidInput):
        add_tag(customer=customer, tag=label, actor=agent, expires_at=NOON - timedelta(days=9000))
    with pytest.raises(NotFound):
        remove_tag(customer=customer, tag=label, actor=agent)


def test_a_rule_tells_how_many_match_before_it_is_saved_and_who_would_move(admin: Any) -> None:
    rich, poor = resolve_customer(name="甲", phone="13800138001"), resolve_customer(name="乙", phone="13800138002")
    bought(rich, 3000)
    bought(poor, 10, "2")
    rule = {"field": "paid_total", "op": "gte", "value": 2000}
    found = preview_rule(condition=rule)
    assert (found.count, found.joining, found.leaving) == (1, 1, 0)
    label = tag("高额", admin, kind=TagKind.RULE, condition=rule)
    apply_rule_tag(tag=label, actor=admin)
    found = preview_rule(condition={"field": "paid_total", "op": "lt", "value": 2000}, tag=label)
    assert (found.count, found.joining, found.leaving) == (1, 1, 1)


def test_a_rule_gives_and_takes_in_batches_and_twice_is_once(admin: Any) -> None:
    customers = [resolve_customer(name=f"客{i}", phone=f"1380013{i:04d}") for i in range(7)]
    for i, customer in enumerate(customers):
        bought(customer, 1000 * i, str(i))
    label = tag("高额", admin, kind=TagKind.RULE, condition={"field": "paid_total", "op": "gte", "value": 2000})
    applied = apply_rule_tag(tag=label, batch=2)
    assert (applied.added, applied.removed) == (5, 0)
    applied = apply_rule_tag(tag=label, batch=2)
    assert (applied.added, applied.removed) == (0, 0)
    Order.objects.filter(customer=customers[6]).update(paid=Decimal(0))
    applied = apply_rule_tag(tag=label, batch=2)
    assert (applied.added, applied.removed) == (0, 1)
    assert names(customers[6]) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"field": "salary", "op": "gte", "value": 1},
        {"field": "paid_total", "op": "gte", "value": "many"},
        {"field": "paid_total", "op": "contains", "value": 3},
        [],
    ],
)
def test_a_wrong_rule_is_refused(admin: Any, rule: Any) -> None:
    with pytest.raises(ConditionError):
        preview_rule(condition=rule)
    with pytest.raises(ConditionError):
        tag("错", admin, kind=TagKind.RULE, condition=rule)
    assert not Tag.objects.exists()


def test_a_rule_that_refers_to_itself_is_refused_also_through_others(admin: Any) -> None:
    def carries(name: str) -> dict[str, Any]:
        return {"field": "customer.tags", "op": "contains", "value": name}

    with pytest.raises(InvalidInput) as refusal:
        tag("甲", admin, kind=TagKind.RULE, condition={"not": carries("甲")})
    assert refusal.value.code == "rule_cycle"
    first = tag("甲", admin, kind=TagKind.RULE, condition={"field": "paid_total", "op": "gt", "value": 0})
    tag("乙", admin, kind=TagKind.RULE, condition={"all": [carries("甲")]})
    tag("丙", admin, kind=TagKind.RULE, condition=carries("乙"))
    with pytest.raises(InvalidInput) as refusal:
        save_tag(tag=first, actor=admin, changes={"condition": carries("丙")})
    assert "甲 → 丙 → 乙 → 甲" in refusal.value.message


def test_rules_that_build_on_each_other_run_in_order(admin: Any, customer: Customer) -> None:
    bought(customer, 3000)
    carries = {"field": "customer.tags", "op": "contains", "value": "高额"}
    tag("a 重点关注", admin, kind=TagKind.RULE, condition=carries)
    tag("高额", admin, kind=TagKind.RULE, condition={"field": "paid_total", "op": "gte", "value": 2000})
    apply_all_rule_tags()
    assert names(customer) == ["a 重点关注", "高额"]


def test_a_rule_label_is_not_given_by_hand(customer: Customer, admin: Any, agent: Any) -> None:
    label = tag("高额", admin, kind=TagKind.RULE, condition={"field": "paid_total", "op": "gt", "value": 1})
    with pytest.raises(InvalidInput):
        add_tag(customer=customer, tag=label, actor=agent)
    with pytest.raises(InvalidInput):
        remove_tag(customer=customer, tag=label, actor=agent)


def test_two_rules_of_an_exclusive_group_do_not_push_each_other_out(
    customer: Customer, kinds: TagGroup, admin: Any
) -> None:
    bought(customer, 3000)
    for name in ("高价值", "新用户"):
        rule = {"field": "paid_total", "op": "gt", "value": 0}
        tag(name, admin, group=kinds, kind=TagKind.RULE, condition=rule)
    apply_all_rule_tags()
    first = names(customer)
    apply_all_rule_tags()
    assert names(customer) == first
    assert len(first) == 1


def test_a_group_with_double_holders_cannot_become_exclusive(customer: Customer, admin: Any, agent: Any) -> None:
    group = save_tag_group(group=None, actor=admin, name="偏好", is_exclusive=False)
    for name in ("爱喝茶", "爱咖啡"):
        add_tag(customer=customer, tag=tag(name, admin, group=group), actor=agent)
    with pytest.raises(Conflict):
        save_tag_group(group=group, actor=admin, is_exclusive=True)
