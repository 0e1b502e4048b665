"""Every move of a ticket is guarded by one table and leaves its trace."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import Event
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.choices import MOVES, Action, Confirmation, Metric, Stage, TicketStatus
from tickets.models import SLAClock, Ticket
from tickets.services import contact, conversation, editing, merging, sla, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def clock_of(ticket: Ticket, metric: str) -> SLAClock:
    return ticket.clocks.filter(metric=metric).latest("cycle")


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


@pytest.mark.capability("B01")
def test_a_ticket_passes_the_five_stages_with_a_moment_each(make_ticket: Make, agent: User, frozen: Any) -> None:
    User.objects.update(availability="offline")
    ticket = make_ticket()
    assert ticket.stage == Stage.SUBMITTED
    transitions.assign(ticket=ticket, actor=agent)
    assert fresh(ticket).stage == Stage.ACCEPTED
    transitions.solve(ticket=ticket, actor=agent)
    assert fresh(ticket).stage == Stage.HANDLED
    conversation.reply(ticket=ticket, actor=agent, body="已为您补发，单号稍后给您。")
    assert fresh(ticket).stage == Stage.FEEDBACK
    done = transitions.close(ticket=ticket, actor=agent)
    assert all([done.created_at, done.accepted_at, done.solved_at, done.feedback_at, done.closed_at])


@pytest.mark.capability("B01", "B12")
def test_closing_without_feedback_is_refused_with_what_is_allowed(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    transitions.solve(ticket=ticket, actor=agent)
    with pytest.raises(Conflict) as refusal:
        transitions.close(ticket=ticket, actor=agent)
    assert refusal.value.code == "feedback_required"
    assert refusal.value.extra["allowed"] == ["close", "reopen"]


@pytest.mark.capability("B12", "C22")
def test_three_failed_contacts_allow_closing_two_do_not(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    transitions.solve(ticket=ticket, actor=agent)
    for _attempt in range(2):
        contact.record_attempt(ticket=ticket, actor=agent, outcome="unreachable")
    with pytest.raises(Conflict):
        transitions.close(ticket=ticket, actor=agent, confirmation=Confirmation.UNREACHABLE)
    contact.record_attempt(ticket=ticket, actor=agent, outcome="unreachable")
    closed = transitions.close(ticket=ticket, actor=agent, confirmation=Confirmation.UNREACHABLE)
    assert closed.confirmation == Confirmation.UNREACHABLE


@pytest.mark.capability("C22")
def test_closing_by_time_out_waits_seven_days_to_the_second(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="已退款。")
    transitions.solve(ticket=ticket, actor=agent)
    frozen.shift(7 * 86400 - 1)
    with pytest.raises(Conflict) as refusal:
        transitions.close(ticket=ticket, actor=agent, confirmation=Confirmation.TIMEOUT)
    assert refusal.value.code == "objection_period"
    frozen.shift(1)
    assert transitions.close(ticket=ticket, actor=agent, confirmation=Confirmation.TIMEOUT).status == "closed"


@pytest.mark.capability("C22")
def test_what_nobody_objected_to_closes_by_itself_after_seven_days(make_ticket: Make, agent: User, frozen: Any) -> None:
    told, untold = make_ticket("碎了"), make_ticket("没收到")
    conversation.reply(ticket=told, actor=agent, body="已退款。")
    for ticket in (told, untold):
        transitions.solve(ticket=ticket, actor=agent)
    frozen.shift(7 * 86400 - 1)
    assert transitions.close_unopposed() == 0
    frozen.shift(1)
    assert transitions.close_unopposed() == 1
    assert (fresh(told).status, fresh(told).confirmation) == ("closed", Confirmation.TIMEOUT)
    assert fresh(untold).status == "solved"


def test_cancelling_needs_a_reason(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    with pytest.raises(InvalidInput):
        transitions.cancel(ticket=ticket, actor=agent, reason=" ")
    assert transitions.cancel(ticket=ticket, actor=agent, reason="客户撤回").stage == Stage.CANCELLED
    assert not SLAClock.objects.filter(ticket=ticket, met_at=None, cancelled_at=None).exists()


VERBS: dict[str, Any] = {
    Action.RELEASE: transitions.release,
    Action.WAIT: transitions.wait,
    Action.HOLD: transitions.hold,
    Action.RESUME: transitions.resume,
    Action.SOLVE: transitions.solve,
    Action.REOPEN: transitions.reopen,
    Action.ESCALATE: transitions.escalate,
    Action.CLOSE: transitions.close,
}


@pytest.mark.parametrize("status", TicketStatus.values)
@pytest.mark.parametrize("verb", list(VERBS))
def test_every_move_outside_the_table_is_refused(make_ticket: Make, agent: User, status: str, verb: str) -> None:
    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="好的。")
    Ticket.objects.filter(pk=ticket.pk).update(
        status=status, solved_at=clock.now(), closed_at=clock.now(), feedback_at=clock.now()
    )
    if verb in MOVES[status]:
        moved = VERBS[verb](ticket=ticket, actor=agent, reason="试一试")
        assert moved.status == (MOVES[status][verb] or status)
        event = Event.objects.filter(subject_id=ticket.pk).latest("id")
        assert (event.actor_id, event.payload["old_status"]) == (agent.pk, status)
    else:
        with pytest.raises(Conflict) as refusal:
            VERBS[verb](ticket=ticket, actor=agent, reason="试一试")
        assert refusal.value.extra["allowed"] == [str(action) for action in MOVES[status]]


@pytest.mark.capability("B07")
def test_waiting_pauses_resolution_and_never_first_response(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    started = clock.now()
    frozen.shift(600)
    waiting = transitions.wait(ticket=ticket, actor=agent)
    assert waiting.resolution_due_at is None
    assert (waiting.first_response_due_at - started).total_seconds() == 3600
    frozen.shift(7200)
    resumed = transitions.resume(ticket=ticket, actor=agent)
    assert (resumed.resolution_due_at - started).total_seconds() == 86400 + 7200


@pytest.mark.capability("B07", "C11")
def test_warnings_and_the_breach_come_to_the_second_and_once(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()

    def heard() -> list[tuple[str, Any]]:
        rows = Event.objects.filter(subject_id=ticket.pk, kind__startswith="sla.").order_by("id")
        return [(e.kind, e.payload.get("threshold")) for e in rows if e.payload["metric"] == "first_response"]

    fire_due(now=clock.now())
    frozen.shift(1799)
    fire_due(now=clock.now())
    assert heard() == []
    frozen.shift(1)
    fire_due(now=clock.now())
    fire_due(now=clock.now())
    assert heard() == [("sla.warned", 0.5)]
    frozen.shift(1080)
    fire_due(now=clock.now())
    assert heard()[1:] == [("sla.warned", 0.8)]
    frozen.shift(719)
    fire_due(now=clock.now())
    assert clock_of(ticket, Metric.FIRST_RESPONSE).breached_at is None
    frozen.shift(1)
    fire_due(now=clock.now())
    fire_due(now=clock.now())
    assert heard()[2:] == [("sla.breached", None)]
    row = clock_of(ticket, Metric.FIRST_RESPONSE)
    assert row.breached_at == row.due_at


@pytest.mark.capability("B07")
@pytest.mark.parametrize(("after", "breached"), [(3600, False), (3601, True)])
def test_an_answer_at_the_deadline_keeps_the_promise_one_second_later_breaks_it(
    make_ticket: Make, agent: User, frozen: Any, after: int, breached: bool
) -> None:
    ticket = make_ticket()
    frozen.shift(after)
    conversation.reply(ticket=ticket, actor=agent, body="您好，正在为您查询。")
    row = clock_of(ticket, Metric.FIRST_RESPONSE)
    assert row.met_at is not None
    assert (row.breached_at is not None) is breached


@pytest.mark.capability("B06")
def test_a_note_and_an_automatic_answer_never_count_as_a_response(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    conversation.add_note(ticket=ticket, actor=agent, body="先查库存")
    assert fresh(ticket).first_responded_at is None
    assert clock_of(ticket, Metric.FIRST_RESPONSE).met_at is None


def test_a_customers_question_starts_the_next_response_clock_and_thanks_do_not(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="您好。")
    conversation.customer_message(ticket=ticket, body="好的，谢谢", actor=None)
    assert not ticket.clocks.filter(metric=Metric.NEXT_RESPONSE).exists()
    frozen.shift(60)
    conversation.customer_message(ticket=ticket, body="那什么时候发货？", actor=None)
    conversation.customer_message(ticket=ticket, body="在吗", actor=None)
    row = ticket.clocks.get(metric=Metric.NEXT_RESPONSE)
    assert (row.due_at - clock.now()).total_seconds() == 1800
    conversation.reply(ticket=ticket, actor=agent, body="明天发货。")
    conversation.customer_message(ticket=ticket, body="能今天吗", actor=None)
    assert list(ticket.clocks.filter(metric=Metric.NEXT_RESPONSE).values_list("cycle", flat=True)) == [1, 2]


def test_a_customers_message_resumes_a_paused_ticket_and_reopens_a_solved_one(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="请发照片。")
    transitions.wait(ticket=ticket, actor=agent)
    conversation.customer_message(ticket=ticket, body="照片发了", actor=None)
    assert fresh(ticket).status == TicketStatus.OPEN
    transitions.solve(ticket=ticket, actor=agent)
    conversation.customer_message(ticket=ticket, body="谢谢", actor=None)
    assert fresh(ticket).status == TicketStatus.SOLVED
    conversation.customer_message(ticket=ticket, body="还是坏的！", actor=None)
    again = fresh(ticket)
    assert (again.status, again.reopen_count, again.solved_at) == (TicketStatus.OPEN, 1, None)


@pytest.mark.capability("B07")
def test_time_spent_solved_does_not_count_after_reopening(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    started = clock.now()
    conversation.reply(ticket=ticket, actor=agent, body="好了。")
    frozen.shift(3600)
    transitions.solve(ticket=ticket, actor=agent)
    frozen.shift(50_000)
    reopened = transitions.reopen(ticket=ticket, actor=agent)
    assert (reopened.resolution_due_at - started).total_seconds() == 86400 + 50_000


@pytest.mark.capability("B07")
def test_a_higher_priority_shortens_the_promise_without_losing_the_pause(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket(priority="normal")
    started = clock.now()
    transitions.wait(ticket=ticket, actor=agent)
    frozen.shift(5000)
    transitions.resume(ticket=ticket, actor=agent)
    edited = editing.edit(ticket=ticket, actor=agent, changes={"priority": "urgent"})
    assert (edited.resolution_due_at - started).total_seconds() == 43200 + 5000
    assert (edited.first_response_due_at - started).total_seconds() == 1800


@pytest.mark.capability("B07")
def test_ended_clocks_do_not_follow_a_later_change_of_the_policy(
    desk: Desk, make_ticket: Make, agent: User, admin: User, frozen: Any
) -> None:
    from tickets.services import rules

    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="您好。")
    met_due = clock_of(ticket, Metric.FIRST_RESPONSE).due_at
    targets = [
        {"priority": "normal", "metric": "first_response", "seconds": 60},
        {"priority": "normal", "metric": "resolution", "seconds": 7200},
    ]
    frozen.shift(1)
    rules.save_policy(policy=desk.policy, actor=admin, values={"targets": targets})
    from tickets.configuration import forget

    forget()
    fire_due(now=clock.now())
    assert clock_of(ticket, Metric.FIRST_RESPONSE).due_at == met_due
    assert (fresh(ticket).resolution_due_at - ticket.occurred_at).total_seconds() == 7200


def test_moving_hands_over_and_counts(desk: Desk, make_ticket: Make, agent: User, other_agent: User) -> None:
    ticket = make_ticket()
    moved = transitions.move(ticket=ticket, actor=agent, queue=desk.other_queue, reason="属于售前")
    assert (moved.queue, moved.status, moved.assignee, moved.move_count) == (desk.other_queue, "new", None, 1)
    with pytest.raises(Conflict):
        transitions.move(ticket=ticket, actor=agent, queue=desk.other_queue)


def test_two_editors_the_second_is_told_the_difference(
    make_ticket: Make, agent: User, agent2: User, frozen: Any
) -> None:
    ticket = make_ticket()
    seen = ticket.updated_at
    frozen.shift(5)
    editing.edit(ticket=ticket, actor=agent, changes={"subject": "杯子碎裂"}, seen_at=seen)
    with pytest.raises(Conflict) as refusal:
        editing.edit(ticket=ticket, actor=agent2, changes={"subject": "杯子破损"}, seen_at=seen)
    assert refusal.value.code == "stale"
    assert "杯子碎裂" in refusal.value.fields["subject"][0]
    assert fresh(ticket).subject == "杯子碎裂"


def test_a_merge_moves_the_conversation_and_can_be_undone(make_ticket: Make, agent: User, frozen: Any) -> None:
    first, second = make_ticket("杯子碎了"), make_ticket("杯子碎了，在吗")
    record = merging.merge(source=second, target=first, actor=agent)
    assert first.messages.count() == 2
    assert fresh(second).merged_into_id == first.pk
    with pytest.raises(Conflict) as refusal:
        transitions.solve(ticket=second, actor=agent)
    assert first.number in str(refusal.value)
    frozen.shift(60)
    merging.unmerge(merge=record, actor=agent)
    back = fresh(second)
    assert (back.messages.count(), first.messages.count()) == (1, 1)
    assert back.status == TicketStatus.OPEN
    assert back.next_due_at == second.next_due_at
    with pytest.raises(Conflict):
        merging.unmerge(merge=record, actor=agent)


def test_merging_into_itself_or_across_customers_is_refused(make_ticket: Make, agent: User) -> None:
    from tickets.services.intake import CustomerGiven

    ticket = make_ticket()
    with pytest.raises(Conflict):
        merging.merge(source=ticket, target=ticket, actor=agent)
    stranger = make_ticket(customer=CustomerGiven(phone="13900139000"))
    with pytest.raises(Conflict) as refusal:
        merging.merge(source=ticket, target=stranger, actor=agent)
    assert refusal.value.code == "different_customers"


def test_an_agent_who_disappears_gives_their_tickets_back(make_ticket: Make, agent: User, supervisor: User) -> None:
    from tickets.services import routing

    ticket = make_ticket()
    assert ticket.assignee_id == agent.pk
    assert routing.release_agent(agent=agent, actor=supervisor) == 1
    assert (fresh(ticket).status, fresh(ticket).assignee) == (TicketStatus.NEW, None)


def test_refreshing_twice_changes_nothing(make_ticket: Make) -> None:
    ticket = make_ticket()
    before = (ticket.first_response_due_at, ticket.resolution_due_at, ticket.next_due_at)
    sla.refresh(ticket)
    sla.refresh(ticket)
    assert (ticket.first_response_due_at, ticket.resolution_due_at, ticket.next_due_at) == before


@pytest.mark.capability("B07")
def test_a_changed_calendar_moves_open_clocks_and_leaves_ended_ones(
    desk: Desk, make_ticket: Make, agent: User, admin: User, frozen: Any
) -> None:
    from core.calendars.models import OpeningHours
    from core.events import record_event
    from tickets.consumers import follow_calendars

    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="您好。")
    met_due = clock_of(ticket, Metric.FIRST_RESPONSE).due_at
    OpeningHours.objects.filter(calendar=desk.calendar).update(opens_minute=540, closes_minute=1080)
    desk.calendar.version += 1
    desk.calendar.save()
    told = record_event(
        kind="calendar.changed", subject_type="business_calendar", subject_id=desk.calendar.pk, actor=admin
    )
    follow_calendars([told])
    fire_due(now=clock.now())
    assert clock_of(ticket, Metric.FIRST_RESPONSE).due_at == met_due
    # Nine hours a day from Monday 09:00: the 24th hour ends on Wednesday at 15:00.
    assert (fresh(ticket).resolution_due_at - ticket.occurred_at).total_seconds() == 2 * 86400 + 6 * 3600


@pytest.mark.capability("B07")
def test_a_promise_beyond_the_kept_calendar_takes_the_ticket_in_and_raises_an_alarm(
    desk: Desk, make_ticket: Make, frozen: Any
) -> None:
    from datetime import UTC, datetime

    desk.calendar.holidays = "CN"
    desk.calendar.save()
    frozen.move_to(datetime(2026, 12, 31, 10, tzinfo=UTC))
    ticket = make_ticket()
    assert ticket.resolution_due_at is None
    assert ticket.first_response_due_at is not None
    [alarm] = Event.objects.filter(subject_id=ticket.pk, kind="sla.calendar_missing")
    assert "日历未维护" in alarm.payload["reason"]


@pytest.mark.capability("B07")
def test_a_pause_after_the_deadline_does_not_hide_that_it_is_overdue(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    frozen.shift(86401)
    waiting = transitions.wait(ticket=ticket, actor=agent)
    assert waiting.resolution_due_at == ticket.resolution_due_at
    fire_due(now=clock.now())
    assert clock_of(ticket, Metric.RESOLUTION).breached_at is not None


@pytest.mark.parametrize(
    ("body", "thanks"),
    [
        ("收到，谢谢", True),
        ("嗯嗯，好的", True),
        ("好的亲～谢谢啦！", True),
        ("OK", True),
        ("好的谢谢", True),
        ("收到谢谢亲", True),
        ("嗯" * 20_000 + "？退", False),
        ("谢谢你们的垃圾服务", False),
        ("谢谢，那什么时候发货", False),
        ("好的，还是坏的", False),
        ("？？", False),
        ("", False),
    ],
)
def test_what_counts_as_thanks(body: str, thanks: bool) -> None:
    assert conversation.is_thanks(body) is thanks
