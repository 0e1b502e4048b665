"""A message from outside becomes a ticket, once, and nothing that fails later loses it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import InvalidInput
from core.events import Event
from core.timers import Timer
from crm.staff.choices import Availability
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.choices import TicketStatus
from tickets.models import InboundMessage, Queue, RoutingRule, Ticket, TicketMessage
from tickets.services import intake, routing

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


@pytest.mark.capability("C02")
def test_the_same_external_id_gives_the_same_ticket(desk: Desk) -> None:
    request = intake.Request(channel="taobao", external_id="a1", body="快递丢了")
    first = intake.receive(request=request, actor=None)
    second = intake.receive(request=request, actor=None)
    assert (first.created, second.created) == (True, False)
    assert first.ticket.pk == second.ticket.pk
    assert TicketMessage.objects.count() == 1


@pytest.mark.capability("C02")
def test_a_message_survives_a_failing_triage_and_the_sweep_takes_it_up(desk: Desk, frozen: Any) -> None:
    request = intake.Request(channel="taobao", external_id="a2", body="少发了一件")
    with (
        patch("tickets.services.intake.judge", side_effect=RuntimeError("the worker died")),
        pytest.raises(RuntimeError),
    ):
        intake.receive(request=request, actor=None)
    raw = InboundMessage.objects.get(external_id="a2")
    assert not Ticket.objects.exists()
    frozen.shift(59)
    assert intake.sweep() == 0
    frozen.shift(2)
    assert intake.sweep() == 1
    raw.refresh_from_db()
    assert raw.state == "processed"
    assert raw.ticket.messages.get().body == "少发了一件"
    assert intake.sweep() == 0


@pytest.mark.capability("B03")
def test_an_unknown_channel_is_kept_as_other_with_the_given_word(make_ticket: Make) -> None:
    ticket = make_ticket(channel="小红书私信")
    assert ticket.channel.key == "other"
    assert ticket.channel_given == "小红书私信"


def test_an_unknown_shop_is_kept_as_given(make_ticket: Make) -> None:
    ticket = make_ticket(shop="没开过的店")
    assert ticket.shop is None
    assert ticket.shop_given == "没开过的店"


@pytest.mark.capability("C04")
@pytest.mark.parametrize(
    ("offset", "reason", "accepted"),
    [
        (timedelta(minutes=2), "", True),
        (timedelta(minutes=2, seconds=1), "", False),
        (-intake.OLDEST, "", True),
        (-intake.OLDEST - timedelta(seconds=1), "", False),
        (-intake.OLDEST - timedelta(seconds=1), "客户翻出旧订单", True),
    ],
)
def test_the_moment_of_a_complaint_is_not_in_the_future_nor_older_than_three_years(
    desk: Desk, frozen: Any, offset: timedelta, reason: str, accepted: bool
) -> None:
    request = intake.Request(channel="taobao", body="投诉", occurred_at=clock.now() + offset, late_reason=reason)
    if accepted:
        assert intake.receive(request=request, actor=None).created
    else:
        with pytest.raises(InvalidInput) as refusal:
            intake.receive(request=request, actor=None)
        assert "occurred_at" in refusal.value.fields


@pytest.mark.capability("C01")
def test_the_same_customer_order_and_text_within_a_day_is_a_possible_duplicate(make_ticket: Make, frozen: Any) -> None:
    first = make_ticket("杯子碎了，要退款", order_no="A1")
    again = make_ticket("杯子碎了， 要退款", order_no="A1")
    assert again.possible_duplicate_of_id == first.pk
    assert make_ticket("杯子碎了，要退款", order_no="A2").possible_duplicate_of_id is None
    frozen.shift(24 * 3600)
    assert make_ticket("杯子碎了，要退款", order_no="A1").possible_duplicate_of_id is None


@pytest.mark.capability("B05")
def test_the_first_matching_rule_decides_the_queue(desk: Desk, make_ticket: Make) -> None:
    RoutingRule.objects.create(
        name="发票", position=1, queue=desk.other_queue, condition={"field": "body", "op": "contains", "value": "发票"}
    )
    RoutingRule.objects.create(name="其余", position=2, queue=desk.queue, condition={})
    ticket = make_ticket("请给我开发票")
    assert ticket.queue == desk.other_queue
    assert make_ticket("什么时候发货").queue == desk.queue
    assert [(row["rule"], row["matches"], row["decides"]) for row in routing.explain(ticket, body="请给我开发票")] == [
        ("发票", True, True),
        ("其余", True, False),
    ]


@pytest.mark.capability("B05")
def test_a_ticket_no_rule_claims_goes_to_the_default_queue_with_an_alarm(desk: Desk, make_ticket: Make) -> None:
    ticket = make_ticket("啊啊啊")
    assert ticket.queue == desk.queue
    assert Event.objects.filter(subject_id=ticket.pk, kind="ticket.unrouted").exists()


def test_a_judged_queue_is_used_when_no_rule_matches(desk: Desk, make_ticket: Make) -> None:
    logistics = Queue.objects.create(key="logistics", name="物流")
    ticket = make_ticket("我的快递到哪里了，物流三天没更新")
    assert ticket.queue == logistics
    assert not Event.objects.filter(subject_id=ticket.pk, kind="ticket.unrouted").exists()


def test_given_type_and_category_win_over_triage(make_ticket: Make) -> None:
    ticket = make_ticket("快递丢了我要投诉你们", type="praise", category="表扬客服")
    assert (ticket.type, ticket.category, ticket.category_confidence) == ("praise", "表扬客服", 1.0)


def test_agents_get_tickets_up_to_their_limit_the_least_loaded_first(
    desk: Desk, make_ticket: Make, agent: User, agent2: User, other_agent: User
) -> None:
    User.objects.filter(pk__in=[agent.pk, agent2.pk]).update(concurrency_limit=2)
    owners = [make_ticket(f"问题{n}").assignee_id for n in range(5)]
    assert sorted(owner for owner in owners if owner) == sorted([agent.pk, agent.pk, agent2.pk, agent2.pk])
    assert owners[4] is None
    assert owners[0] != owners[1]
    assert other_agent.pk not in owners


def test_nobody_on_duty_leaves_the_ticket_waiting_until_somebody_is(desk: Desk, make_ticket: Make, agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(availability=Availability.BREAK)
    ticket = make_ticket()
    assert (ticket.status, ticket.assignee_id) == (TicketStatus.NEW, None)
    assert routing.dispatch_waiting() == 0
    User.objects.filter(pk=agent.pk).update(availability=Availability.ONLINE)
    assert routing.dispatch_waiting() == 1
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee_id) == (TicketStatus.OPEN, agent.pk)


def test_personal_data_does_not_stay_readable_in_titles_previews_or_the_message_table(make_ticket: Make) -> None:
    ticket = make_ticket("打我电话 13912345678 谢谢", subject="联系13912345678")
    assert "13912345678" not in ticket.subject + ticket.last_message_preview
    assert ticket.messages.get().body == "打我电话 13912345678 谢谢"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body::text || (SELECT search::text FROM tickets_ticket LIMIT 1) FROM tickets_ticketmessage"
        )
        assert "13912345678" not in cursor.fetchone()[0]


def test_clocks_start_at_the_moment_of_receipt_with_their_timers(desk: Desk, make_ticket: Make, frozen: Any) -> None:
    ticket = make_ticket()
    assert ticket.first_response_due_at == clock.now() + timedelta(hours=1)
    assert ticket.resolution_due_at == clock.now() + timedelta(days=1)
    assert ticket.next_due_at == ticket.first_response_due_at
    assert Timer.objects.filter(subject_type="ticket", subject_id=ticket.pk, state="armed").count() == 6


def test_a_new_ticket_of_a_known_customer_takes_at_most_twelve_statements(
    desk: Desk, make_ticket: Make, agent: User
) -> None:
    make_ticket("第一次")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        make_ticket("第二次问快递")
    statements = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 12, "\n".join(statements)


def test_a_blank_body_is_refused_by_name(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refusal:
        intake.receive(request=intake.Request(channel="taobao", body="  \n "), actor=None)
    assert "body" in refusal.value.fields
