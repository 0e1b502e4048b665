"""Norms per stage: judged when a stage ends, together with the clocks that ran out."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.events import Event, run_consumers
from core.timers import fire_due
from crm.followups.models import SurveyInvitation
from crm.followups.services import invite_for_solved_ticket
from crm.staff.models import User
from tickets.choices import BreachKind, BreachSource, NormStage
from tickets.consumers import judge_norms
from tickets.models import NormBreach, StageNorm, Ticket
from tickets.services import conversation, transitions
from tickets.services.norms import breaches, configuring

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B02")]
Make = Callable[..., Ticket]
POLITE = {
    "all": [
        {"field": "reply.greets", "op": "eq", "value": True},
        {"field": "reply.commits", "op": "eq", "value": True},
        {"field": "insults", "op": "eq", "value": 0},
    ]
}
CLEAN_HANDLING = {
    "all": [
        {"field": "transfers", "op": "lte", "value": 2},
        {"field": "unanswered", "op": "eq", "value": 0},
    ]
}
RESULT_TOLD = {"field": "reply.states_result", "op": "eq", "value": True}
ASKED = {"field": "survey.sent", "op": "eq", "value": True}


@pytest.fixture(autouse=True)
def _nobody_is_dispatched(agent: User, frozen: Any) -> None:
    User.objects.filter(pk=agent.pk).update(availability="busy")


def norm(stage: str, requirement: dict[str, Any] | None = None, **values: Any) -> StageNorm:
    given = {"stage": stage, "name": f"{stage} 规范", "requirement": requirement or {}, **values}
    return configuring.save_norm(norm=None, actor=None, values=given)


def found() -> list[tuple[str, str]]:
    run_consumers()
    return list(NormBreach.objects.standing().order_by("id").values_list("stage", "kind"))


def taken(ticket: Ticket, agent: User) -> Ticket:
    transitions.assign(ticket=ticket, actor=agent)
    ticket.refresh_from_db()
    return ticket


def say(ticket: Ticket, agent: User, body: str) -> None:
    conversation.reply(ticket=ticket, actor=agent, body=body)


def test_a_first_reply_that_greets_and_names_a_time_meets_the_norm(agent: User, make_ticket: Make) -> None:
    norm(NormStage.ACCEPTED, POLITE)
    say(taken(make_ticket(), agent), agent, "您好，已为您登记，2小时内给您答复。")
    assert found() == []


def test_a_bare_first_reply_is_a_breach_that_says_what_was_missing(agent: User, make_ticket: Make) -> None:
    rule = norm(NormStage.ACCEPTED, POLITE)
    ticket = taken(make_ticket(), agent)
    say(ticket, agent, "知道了")
    assert found() == [("accepted", "quality")]
    breach = NormBreach.objects.get()
    assert (breach.norm, breach.assignee, breach.queue_id, breach.source) == (
        rule,
        agent,
        ticket.queue_id,
        BreachSource.CHECK,
    )
    assert "问候" in breach.reason
    assert "承诺" in breach.reason
    assert "不文明" not in breach.reason
    assert breach.at == Ticket.objects.get(pk=ticket.pk).first_responded_at


def test_an_insult_is_found_and_only_the_first_reply_is_the_first_reply(agent: User, make_ticket: Make) -> None:
    norm(NormStage.ACCEPTED, POLITE)
    ticket = taken(make_ticket(), agent)
    say(ticket, agent, "您好，马上处理。")
    say(ticket, agent, "嗯")
    assert found() == []
    other = taken(make_ticket(), agent)
    say(other, agent, "您好，马上处理，你这是无理取闹。")
    assert found() == [("accepted", "quality")]
    assert "不文明" in NormBreach.objects.get().reason


def test_handling_is_judged_at_the_solution(agent: User, frozen: Any, make_ticket: Make) -> None:
    norm(NormStage.HANDLED, CLEAN_HANDLING)
    ticket = taken(make_ticket(), agent)
    say(ticket, agent, "您好，已为您退款。")
    frozen.shift(60)
    conversation.customer_message(ticket=ticket, actor=None, body="钱还没到，什么时候到？")
    frozen.shift(60)
    transitions.solve(ticket=ticket, actor=agent)
    assert found() == [("handled", "quality")]
    assert "未回复" in NormBreach.objects.get().reason


def test_plain_thanks_after_the_last_reply_need_no_answer(agent: User, frozen: Any, make_ticket: Make) -> None:
    norm(NormStage.HANDLED, CLEAN_HANDLING)
    ticket = taken(make_ticket(), agent)
    say(ticket, agent, "您好，已为您退款。")
    frozen.shift(60)
    conversation.customer_message(ticket=ticket, actor=None, body="好的谢谢")
    transitions.solve(ticket=ticket, actor=agent)
    assert found() == []


def test_feedback_must_state_the_result(agent: User, make_ticket: Make) -> None:
    norm(NormStage.FEEDBACK, RESULT_TOLD)
    bad, good = taken(make_ticket(), agent), taken(make_ticket(), agent)
    say(bad, agent, "您好，稍等。")
    say(good, agent, "您好，已为您办理退款，款项原路退回。")
    for ticket in (bad, good):
        transitions.solve(ticket=ticket, actor=agent)
    assert found() == [("feedback", "quality")]
    assert NormBreach.objects.get().ticket == bad


def test_a_new_round_is_judged_anew_and_a_repeated_reading_finds_nothing_new(
    agent: User, frozen: Any, make_ticket: Make
) -> None:
    norm(NormStage.FEEDBACK, RESULT_TOLD)
    ticket = taken(make_ticket(), agent)
    say(ticket, agent, "您好，稍等。")
    transitions.solve(ticket=ticket, actor=agent)
    assert len(found()) == 1
    frozen.shift(60)
    transitions.reopen(ticket=ticket, actor=agent)
    transitions.solve(ticket=ticket, actor=agent)
    assert len(found()) == 2
    judge_norms(list(Event.objects.filter(kind="ticket.solved").order_by("pk")))
    assert len(found()) == 2


@pytest.mark.parametrize(("wait", "expected"), [(3600, []), (3601, [("feedback", "time")])])
def test_feedback_has_a_target_time_of_its_own(
    agent: User, frozen: Any, make_ticket: Make, wait: int, expected: list[tuple[str, str]]
) -> None:
    norm(NormStage.FEEDBACK, seconds=3600)
    ticket = taken(make_ticket(), agent)
    transitions.solve(ticket=ticket, actor=agent)
    run_consumers()
    frozen.shift(wait)
    say(ticket, agent, "您好，已为您退款。")
    fire_due(now=clock.now())
    assert [row for row in found() if row[0] == "feedback"] == expected


def test_evaluation_needs_an_invitation(agent: User, make_ticket: Make) -> None:
    norm(NormStage.EVALUATED, ASKED)
    asked, forgotten = taken(make_ticket(), agent), taken(make_ticket(), agent)
    for ticket in (asked, forgotten):
        say(ticket, agent, "您好，已为您退款。")
        transitions.solve(ticket=ticket, actor=agent)
        ticket.refresh_from_db()
    assert ticket.solved_at is not None
    invite_for_solved_ticket(ticket_id=asked.pk, solve_number=1, solved_at=ticket.solved_at)
    SurveyInvitation.objects.filter(ticket=forgotten).delete()
    for ticket in (asked, forgotten):
        transitions.close(ticket=ticket, actor=agent)
    judge_norms(list(Event.objects.filter(kind="ticket.closed").order_by("pk")))
    assert [row.ticket for row in NormBreach.objects.all()] == [forgotten]


def test_a_clock_that_ran_out_is_one_row_and_no_second_event(agent: User, frozen: Any, make_ticket: Make) -> None:
    ticket = taken(make_ticket(), agent)
    frozen.shift(3600)
    fire_due(now=clock.now())
    say(ticket, agent, "您好，马上处理。")
    assert found() == [("accepted", "time")]
    breach = NormBreach.objects.get()
    assert breach.sla_clock is not None
    assert (breach.at, breach.assignee, breach.kind) == (breach.sla_clock.breached_at, agent, BreachKind.TIME)
    assert Event.objects.filter(kind="sla.breached").count() == 1
    assert not Event.objects.filter(kind="norm.breached").exists()


def test_a_late_answer_before_its_timer_fired_is_a_breach_too(agent: User, frozen: Any, make_ticket: Make) -> None:
    ticket = taken(make_ticket(), agent)
    frozen.shift(3601)
    say(ticket, agent, "您好，马上处理。")
    fire_due(now=clock.now())
    assert found() == [("accepted", "time")]


def test_the_scope_leaves_other_tickets_alone(agent: User, make_ticket: Make) -> None:
    norm(NormStage.ACCEPTED, POLITE, scope={"field": "type", "op": "eq", "value": "complaint"})
    say(taken(make_ticket(), agent), agent, "知道了")
    say(taken(make_ticket(type="complaint"), agent), agent, "知道了")
    assert found() == [("accepted", "quality")]
    assert NormBreach.objects.get().ticket.type == "complaint"


def test_a_lead_marks_the_rep_objects_the_lead_withdraws(
    agent: User, agent2: User, lead: User, make_ticket: Make
) -> None:
    rule = norm(NormStage.ACCEPTED)
    ticket = taken(make_ticket(), agent)
    with pytest.raises(NotAllowed):
        breaches.mark(ticket=ticket, norm=rule, actor=agent2, reason="生硬")
    with pytest.raises(InvalidInput):
        breaches.mark(ticket=ticket, norm=rule, actor=lead, reason=" ")
    breach = breaches.mark(ticket=ticket, norm=rule, actor=lead, reason="语气生硬")
    with pytest.raises(Conflict):
        breaches.mark(ticket=ticket, norm=rule, actor=lead, reason="语气生硬")
    with pytest.raises(NotAllowed):
        breaches.object_to(breach=breach, actor=agent2, note="不是我")
    breaches.object_to(breach=breach, actor=agent, note="当时系统故障")
    with pytest.raises(DomainError):
        breaches.withdraw(breach=breach, actor=agent, reason="算了")
    assert len(found()) == 1
    breaches.withdraw(breach=breach, actor=lead, reason="异议成立")
    assert found() == []
    breach.refresh_from_db()
    assert (breach.objection, breach.withdrawal, breach.withdrawn_by) == ("当时系统故障", "异议成立", lead)
    with pytest.raises(Conflict):
        breaches.withdraw(breach=breach, actor=lead, reason="再撤一次")


def test_nobody_withdraws_their_own(lead: User, make_ticket: Make, supervisor: User) -> None:
    rule = norm(NormStage.ACCEPTED)
    breach = breaches.mark(ticket=taken(make_ticket(), lead), norm=rule, actor=supervisor, reason="生硬")
    with pytest.raises(NotAllowed):
        breaches.withdraw(breach=breach, actor=lead, reason="我觉得可以")


def test_who_sees_what(
    agent: User, agent2: User, other_agent: User, lead: User, auditor: User, make_ticket: Make, supervisor: User
) -> None:
    breach = breaches.mark(ticket=taken(make_ticket(), agent), norm=norm(NormStage.ACCEPTED), actor=lead, reason="生硬")
    for person, sees in (
        (agent, True),
        (agent2, False),
        (other_agent, False),
        (lead, True),
        (supervisor, True),
        (auditor, True),
    ):
        assert NormBreach.objects.visible_to(person).filter(pk=breach.pk).exists() is sees, person


def test_a_stage_with_a_clock_takes_its_time_from_the_policy_alone(desk: Any) -> None:
    with pytest.raises(InvalidInput) as fault:
        norm(NormStage.HANDLED, seconds=60)
    assert "seconds" in (fault.value.fields or {})
    shown = configuring.targets_of(NormStage.ACCEPTED)
    assert {"policy": "标准", "priority": "normal", "metric": "first_response", "seconds": 3600} in shown


def test_a_dry_run_tells_what_would_be_found(agent: User, make_ticket: Make) -> None:
    good, bad = taken(make_ticket(), agent), taken(make_ticket(), agent)
    say(good, agent, "您好，2小时内答复您。")
    say(bad, agent, "知道了")
    tried = configuring.preview(stage=NormStage.ACCEPTED, scope={}, requirement=POLITE, user=agent)
    assert (tried["looked_at"], tried["breaches"]) == (2, 1)
    assert tried["examples"][0]["number"] == bad.number
    assert not NormBreach.objects.exists()


def test_clocks_from_before_get_their_rows_once(agent: User, frozen: Any, make_ticket: Make) -> None:
    ticket = taken(make_ticket(), agent)
    frozen.shift(3600)
    fire_due(now=clock.now())
    NormBreach.objects.all().delete()
    transitions.release(ticket=ticket, actor=agent)
    fill = import_module("tickets.migrations.0003_norm_breaches_of_clocks").fill
    fill(apps, None)
    fill(apps, None)
    assert [(row.stage, row.assignee) for row in NormBreach.objects.all()] == [("accepted", agent)]
