"""Levels of complaints and what raises them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.approvals.services import decide
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event, run_consumers
from core.timers import fire_due
from crm.staff.models import Team, User
from tests.followups.conftest import client_of
from tickets.grading import escalation, levels
from tickets.models import ComplaintGrade, ComplaintLevel, Escalation, EscalationTrigger, Notice, Queue, Ticket
from tickets.services import compensations, conversation, editing, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C10")]

MakeTicket = Callable[..., Ticket]


@pytest.fixture
def complain(make_ticket: MakeTicket, agent: User, frozen: Any) -> MakeTicket:
    """A complaint in the agent's hands, after the news of it was read."""

    def make(body: str = "杯子碎了，我要投诉", **values: Any) -> Ticket:
        made = make_ticket(body, type="complaint", **values)
        if made.assignee_id is None:
            transitions.assign(ticket=made, actor=agent)
        run_consumers()
        return Ticket.objects.get(pk=made.pk)

    return make


def level_of(ticket: Ticket) -> str:
    return ComplaintGrade.objects.get(ticket=ticket).level.key


def raised(ticket: Ticket) -> set[str]:
    return set(Escalation.objects.filter(ticket=ticket).values_list("trigger__kind", flat=True))


@pytest.mark.capability("C05")
@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("有点不满意，颜色和图片不太一样", "doubt"),
        ("收到就是坏的，质量太差，我要投诉", "ordinary"),
        ("再不退款我就打12315，找律师", "major"),
        ("孩子被烫伤住院了，我要起诉曝光你们", "crisis"),
    ],
)
def test_the_gravest_level_whose_rule_holds_is_given(complain: MakeTicket, body: str, wanted: str) -> None:
    assert level_of(complain(body, priority="normal")) == wanted


def test_the_level_decides_the_queue(complain: MakeTicket, team: Team, supervisor: User) -> None:
    special = Queue.objects.create(key="special", name="投诉专席")
    team.queues.add(special)
    levels.ensure_levels()
    major = ComplaintLevel.objects.get(key="major")
    levels.save_level(level=major, actor=supervisor, values={"queue": special})
    assert complain("再不退款我就打12315").queue == special
    assert complain("收到就是坏的，我要投诉").queue.key == "desk"


def test_a_frontline_agent_cannot_end_a_major_complaint(
    complain: MakeTicket, agent: User, lead: User, team: Team, supervisor: User
) -> None:
    ticket = complain("再不退款我就打12315，找律师")
    conversation.reply(ticket=ticket, actor=agent, body="您好，已为您处理。")
    with pytest.raises(NotAllowed, match="“重大投诉”须由专人结案") as refused:
        transitions.solve(ticket=ticket, actor=agent)
    assert refused.value.code == "specialists_only"
    transitions.solve(ticket=ticket, actor=lead)
    with pytest.raises(NotAllowed):
        transitions.close(ticket=ticket, actor=agent)
    transitions.close(ticket=ticket, actor=lead)
    minor = complain("有点不满意", external_id="minor")
    conversation.reply(ticket=minor, actor=agent, body="您好，已为您处理。")
    assert transitions.solve(ticket=minor, actor=agent).status == "solved"


def test_who_serves_the_levels_queue_is_a_specialist(
    complain: MakeTicket, agent: User, team: Team, supervisor: User
) -> None:
    levels.ensure_levels()
    special = Queue.objects.create(key="special", name="投诉专席")
    team.queues.add(special)
    values = {"queue": special}
    levels.save_level(level=ComplaintLevel.objects.get(key="major"), actor=supervisor, values=values)
    ticket = complain("再不退款我就打12315")
    assert transitions.solve(ticket=ticket, actor=User.objects.get(pk=agent.pk)).status == "solved"


def test_level_rules_are_checked_and_one_without_condition_remains(agent: User, supervisor: User) -> None:
    levels.ensure_levels()
    doubt, major = (ComplaintLevel.objects.get(key=key) for key in ("doubt", "major"))
    with pytest.raises(InvalidInput, match="没有条件的级别"):
        levels.save_level(level=doubt, actor=supervisor, values={"is_active": False})
    with pytest.raises(InvalidInput) as refused:
        levels.save_level(
            level=ComplaintLevel.objects.get(key="major"),
            actor=supervisor,
            values={"condition": {"field": "mood", "op": "eq", "value": 1}},
        )
    assert "condition" in refused.value.fields
    with pytest.raises(InvalidInput, match="已被占用"):
        levels.save_level(level=major, actor=supervisor, values={"rank": 10})
    with pytest.raises(NotAllowed):
        levels.save_level(level=major, actor=agent, values={"name": "大事"})


def test_a_level_rises_by_hand_and_never_falls_in_silence(complain: MakeTicket, agent: User) -> None:
    ticket = complain("有点不满意")
    api = client_of(agent)
    address = f"/api/v1/complaints/{ticket.number}/level/"
    good = api.post(address, {"level": "major", "reason": "客户情绪激动"}, format="json")
    assert good.json()["level"] == "major"
    down = api.post(address, {"level": "doubt", "reason": "没事了"}, format="json")
    assert (down.status_code, down.json()["code"]) == (409, "needs_approval")
    assert api.post(address, {"level": "major", "reason": " "}, format="json").status_code == 400
    run_consumers()
    assert level_of(ticket) == "major"


# What raises a ticket ----------------------------------------------------------------------


@pytest.mark.capability("C09")
def test_words_of_injury_and_law_raise_with_role_time_and_notice(complain: MakeTicket, supervisor: User) -> None:
    ticket = complain("孩子被烫伤了，我找律师")
    assert raised(ticket) == {"safety", "legal"}
    made = Escalation.objects.get(ticket=ticket, trigger__kind="safety")
    assert (made.target_role, made.due_at) == ("supervisor", clock.now() + timedelta(minutes=15))
    assert "烫伤" in made.detail
    assert Notice.objects.filter(user=supervisor, kind="escalated", ticket=ticket).exists()
    assert ticket.priority == "urgent"
    run_consumers()
    assert Escalation.objects.filter(ticket=ticket).count() == 2


@pytest.mark.capability("C09")
def test_a_later_message_raises_too_and_a_note_of_staff_does_not(complain: MakeTicket, agent: User) -> None:
    ticket = complain("有点不满意")
    conversation.add_note(ticket=ticket, actor=agent, body="客户说要找律师")
    run_consumers()
    assert raised(ticket) == set()
    conversation.customer_message(ticket=ticket, actor=None, body="再不处理我就投诉到12315")
    run_consumers()
    assert raised(ticket) == {"legal"}


@pytest.mark.capability("C09")
def test_breach_amount_importance_reopening_and_staff_raise(
    complain: MakeTicket, agent: User, lead: User, frozen: Any
) -> None:
    ticket = complain("有点不满意")
    goodwill = {"P": "5000", "severity": "0.2", "responsibility": "1"}
    for amount in ("500.00", "500.01"):
        compensations.grant(ticket=ticket, actor=agent, case="C-22", inputs=goodwill, amount=Decimal(amount))
        run_consumers()
        assert ("amount" in raised(ticket)) == (amount == "500.01")
    transitions.escalate(ticket=ticket, actor=agent, reason="客户催促")
    run_consumers()
    assert "staff" in raised(ticket)
    for wanted in (False, True):
        transitions.solve(ticket=ticket, actor=lead)
        transitions.reopen(ticket=ticket, actor=agent, reason="没好")
        run_consumers()
        assert ("reopened" in raised(ticket)) == wanted
    late = complain("杯子不太好", external_id="late")
    frozen.shift(timedelta(hours=1, seconds=1))
    fire_due(now=clock.now())
    run_consumers()
    assert "sla_breach" in raised(late)


@pytest.mark.capability("C09")
def test_important_customers_and_the_fifth_alike_raise(complain: MakeTicket) -> None:
    made = [complain(f"杯子{n}", category="商品质量问题", product="CUP", external_id=f"s{n}") for n in range(5)]
    assert ["similar" in raised(ticket) for ticket in made] == [False] * 4 + [True]
    other = complain("壶", category="商品质量问题", product="POT", external_id="pot")
    assert "similar" not in raised(other)
    customer = made[0].customer
    customer.important = True
    customer.save(update_fields=["important"])
    assert "important" in raised(complain("又碎了", external_id="vip"))


@pytest.mark.capability("C09")
def test_nobody_taking_it_up_in_time_is_told_one_role_above(
    complain: MakeTicket, admin: User, supervisor: User, agent: User, frozen: Any
) -> None:
    ticket = complain("我找律师")
    made = Escalation.objects.get(ticket=ticket, trigger__kind="legal")
    frozen.shift(timedelta(minutes=29, seconds=59))
    fire_due(now=clock.now())
    assert not Notice.objects.filter(kind="escalation_late").exists()
    frozen.shift(timedelta(seconds=1))
    fire_due(now=clock.now())
    assert Notice.objects.filter(kind="escalation_late", user=admin).exists()
    with pytest.raises(NotAllowed, match="须由主管接手"):
        escalation.take(escalation=made, actor=agent)
    assert escalation.take(escalation=made, actor=supervisor).taken_by == supervisor
    with pytest.raises(Conflict, match="已有人接手"):
        escalation.take(escalation=made, actor=supervisor)


@pytest.mark.capability("C09")
def test_lowering_needs_a_reason_and_somebody_else(complain: MakeTicket, agent: User, supervisor: User) -> None:
    ticket = complain("我找律师", priority="normal")
    made = Escalation.objects.get(ticket=ticket)
    assert level_of(ticket) == "major"
    with pytest.raises(Conflict, match="须申请降级"):
        editing.edit(ticket=ticket, actor=agent, changes={"priority": "low"})
    with pytest.raises(InvalidInput, match="请填写降级原因"):
        escalation.ask_end(escalation=made, actor=supervisor, reason=" ")
    asked = escalation.ask_end(escalation=made, actor=supervisor, reason="客户已谅解")
    assert asked.approval is not None
    with pytest.raises(NotAllowed, match="不能审批自己"):
        decide(request=asked.approval, actor=supervisor, approve=True)
    assert Escalation.objects.get(pk=made.pk).is_active
    with pytest.raises(Conflict, match="正在审批"):
        escalation.ask_end(escalation=made, actor=agent, reason="再来")


@pytest.mark.capability("C09")
def test_an_approved_lowering_restores_priority_and_stays_in_the_history(
    complain: MakeTicket, agent: User, supervisor: User
) -> None:
    ticket = complain("有点不满意", priority="normal")
    transitions.escalate(ticket=ticket, actor=agent, reason="客户催促")
    run_consumers()
    made = Escalation.objects.get(ticket=ticket)
    assert made.was_priority == "normal"
    refused = escalation.ask_end(escalation=made, actor=agent, reason="弄错了")
    assert refused.approval is not None
    decide(request=refused.approval, actor=supervisor, approve=False, note="先联系客户")
    assert Escalation.objects.get(pk=made.pk).is_active
    asked = escalation.ask_end(escalation=Escalation.objects.get(pk=made.pk), actor=agent, reason="客户已谅解")
    assert asked.approval is not None
    decide(request=asked.approval, actor=supervisor, approve=True)
    ticket.refresh_from_db()
    made.refresh_from_db()
    assert (ticket.priority, made.ended_by, made.reason) == ("normal", supervisor, "客户已谅解")
    assert Event.objects.filter(kind="escalation.ended", subject_id=ticket.pk).exists()


@pytest.mark.capability("C09")
def test_triggers_are_the_shops_to_change(complain: MakeTicket, supervisor: User, agent: User) -> None:
    escalation.ensure_triggers()
    legal = EscalationTrigger.objects.get(kind="legal")
    with pytest.raises(NotAllowed):
        escalation.save_trigger(trigger=legal, actor=agent, values={"is_active": False})
    similar = EscalationTrigger.objects.get(kind="similar")
    with pytest.raises(InvalidInput, match="须填写此项"):
        escalation.save_trigger(trigger=similar, actor=supervisor, values={"threshold": None})
    escalation.save_trigger(trigger=legal, actor=supervisor, values={"is_active": False})
    assert raised(complain("我找律师")) == set()
