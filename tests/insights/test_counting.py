"""What happens is counted once, on the right day, for the right queue, and can be counted anew."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

from core import clock
from core.events import Event, EventCursor, record_event, run_consumers
from core.questionnaires.services import token_of
from core.timers import fire_due
from crm.followups.models import SurveyInvitation
from crm.followups.services import answer_survey, complete_visit, plan_visit
from crm.insights.models import DayCount, PersonDayCount
from crm.insights.services import CONSUMER, rebuild_day_counts
from crm.staff.models import User
from tests.insights.conftest import Desk, everything
from tickets.models import Ticket
from tickets.services import conversation, merging, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]
Counts = Callable[..., dict[str, int]]
HOUR = 3600
DAY = 86400


def answer(ticket: Ticket, score: int) -> None:
    survey = SurveyInvitation.objects.filter(ticket=ticket).latest("id")
    answer_survey(token=token_of(survey.invitation), raw={"score": score})


@pytest.fixture(autouse=True)
def _nobody_is_dispatched_to(desk: Desk, agent: User) -> None:
    User.objects.update(availability="offline")


def test_tickets_are_counted_by_type_queue_and_channel(make_ticket: Make, counts: Counts, desk: Desk) -> None:
    make_ticket(type="complaint")
    make_ticket(type="complaint", external_id="x")
    make_ticket(type="praise")
    assert counts() == {"received.complaint": 2, "received.praise": 1}
    row = DayCount.objects.get(metric="received.complaint")
    assert (row.queue_id, row.channel_id) == (desk.queue.pk, desk.channel.pk)


@pytest.mark.parametrize(("shift", "day"), [(15 * HOUR - 1, 16), (15 * HOUR, 17)])
def test_a_day_ends_at_midnight_in_shanghai(
    make_ticket: Make, counts: Counts, frozen: Any, shift: int, day: int
) -> None:
    frozen.shift(shift)
    make_ticket(type="other")
    assert counts(day=date(2026, 11, day)) == {"received.other": 1}


@pytest.mark.parametrize(("seconds", "fast"), [(179, 1), (180, 1), (181, None)])
def test_only_the_first_reply_is_a_first_response(
    make_ticket: Make, counts: Counts, agent: User, frozen: Any, seconds: int, fast: int | None
) -> None:
    ticket = make_ticket()
    frozen.shift(seconds)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    frozen.shift(30)
    conversation.reply(ticket=ticket, actor=agent, body="已为您催促")
    conversation.add_note(ticket=ticket, actor=agent, body="等仓库")
    found = counts()
    assert (found["replies"], found["first_response.count"], found["first_response.seconds"]) == (2, 1, seconds)
    assert found.get("first_response.fast") == fast
    assert PersonDayCount.objects.get(person=agent, metric="replies").value == 2


def test_a_late_first_response_counts_for_the_day_of_receipt(
    make_ticket: Make, counts: Counts, agent: User, frozen: Any
) -> None:
    ticket = make_ticket(type="other")
    frozen.shift(DAY)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    assert counts(day=date(2026, 11, 16))["first_response.count"] == 1
    assert counts(day=date(2026, 11, 17)) == {"replies": 1}


@pytest.mark.parametrize(("seconds", "verdict"), [(3600, "met"), (3601, "breached")])
def test_a_response_on_the_moment_is_met_and_a_second_later_breached(
    make_ticket: Make, counts: Counts, agent: User, frozen: Any, seconds: int, verdict: str
) -> None:
    ticket = make_ticket()
    frozen.shift(seconds)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    found = {key: value for key, value in counts().items() if key.startswith("sla.")}
    assert found == {f"sla.first_response.{verdict}": 1}


@pytest.mark.capability("C11")
def test_a_breach_told_by_the_timer_is_not_counted_again_by_the_answer(
    make_ticket: Make, counts: Counts, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    frozen.shift(3601)
    fire_due(now=clock.now())
    assert counts()["sla.first_response.breached"] == 1
    frozen.shift(600)
    conversation.reply(ticket=ticket, actor=agent, body="抱歉久等")
    found = counts()
    assert found["sla.first_response.breached"] == 1
    assert "sla.first_response.met" not in found


def test_every_next_response_is_judged_once(make_ticket: Make, counts: Counts, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    for gap in (60, 1800, 1801):
        conversation.reply(ticket=ticket, actor=agent, body="您好")
        frozen.shift(60)
        conversation.customer_message(ticket=ticket, body="那什么时候能到呢？", actor=None)
        frozen.shift(gap)
    conversation.reply(ticket=ticket, actor=agent, body="明天")
    frozen.shift(10)
    transitions.solve(ticket=ticket, actor=agent)
    found = counts()
    assert (found["sla.next_response.met"], found["sla.next_response.breached"]) == (2, 1)
    assert (found["sla.resolution.met"], found["solved"]) == (1, 1)


def test_a_resolution_met_then_reopened_then_late(make_ticket: Make, counts: Counts, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    frozen.shift(HOUR)
    transitions.solve(ticket=ticket, actor=agent)
    transitions.reopen(ticket=ticket, actor=agent)
    # The consumer comes late: the clock runs again by then.
    assert counts()["sla.resolution.met"] == 1
    frozen.shift(2 * DAY)
    transitions.solve(ticket=ticket, actor=agent)
    transitions.reopen(ticket=ticket, actor=agent)
    transitions.solve(ticket=ticket, actor=agent)
    found = counts()
    assert (found["sla.resolution.met"], found["sla.resolution.breached"]) == (1, 1)
    assert (found["solved"], found["solved.first"], found["reopened"], found["solved.reopened"]) == (3, 1, 2, 1)


@pytest.mark.parametrize(("days", "counted"), [(7, 1), (8, None)])
def test_the_resolution_rate_looks_seven_days_ahead(
    make_ticket: Make, counts: Counts, agent: User, frozen: Any, days: int, counted: int | None
) -> None:
    ticket = make_ticket()
    frozen.shift(days * DAY)
    transitions.solve(ticket=ticket, actor=agent)
    assert counts(day=date(2026, 11, 16)).get("resolved.cohort") == counted


def test_closing_cancelling_and_merging_differ(make_ticket: Make, counts: Counts, end: Any, supervisor: User) -> None:
    end(make_ticket(external_id="1"))
    transitions.cancel(ticket=make_ticket(external_id="2"), actor=supervisor, reason="买家撤回")
    merging.merge(source=make_ticket(external_id="3"), target=make_ticket(external_id="4"), actor=supervisor)
    found = counts()
    assert (found["closed"], found["cancelled"], found["solved"]) == (1, 1, 1)


@pytest.mark.parametrize(("score", "satisfied"), [(3, None), (4, 1), (5, 1)])
def test_an_answer_of_four_is_satisfied(
    make_ticket: Make, counts: Counts, solve: Any, agent: User, desk: Desk, score: int, satisfied: int | None
) -> None:
    ticket = solve(make_ticket())
    answer(ticket, score)
    found = counts(queue=desk.queue, channel=desk.channel)
    assert (found["survey.invited"], found["survey.count"], found["survey.sum"]) == (1, 1, score)
    assert found.get("survey.satisfied") == satisfied
    assert PersonDayCount.objects.get(person=agent, metric="survey.count").value == 1


def test_a_visit_counts_for_the_queue_of_its_ticket(
    make_ticket: Make, counts: Counts, end: Any, agent: User, desk: Desk
) -> None:
    ticket = end(make_ticket())
    visit = plan_visit(actor=agent, customer=ticket.customer, due_at=clock.now(), ticket=ticket, assignee=agent)
    complete_visit(visit=visit, actor=agent, outcome="satisfied")
    assert counts(queue=desk.queue, channel=desk.channel)["visit.satisfied"] == 1
    free = plan_visit(actor=agent, customer=ticket.customer, due_at=clock.now(), assignee=agent)
    complete_visit(visit=free, actor=agent, outcome="satisfied")
    assert counts(queue=None)["visit.satisfied"] == 1


def test_nothing_is_counted_twice(make_ticket: Make, counts: Counts) -> None:
    make_ticket(type="other")
    assert counts() == counts() == {"received.other": 1}


@pytest.fixture
def busy_days(
    make_ticket: Make, agent: User, other_agent: User, supervisor: User, desk: Desk, frozen: Any, committed: Any
) -> None:
    """A bit of everything over three days, read by the consumer in between."""
    for number in range(6):
        ticket = make_ticket(type=["other", "complaint"][number % 2])
        frozen.shift(90)
        if number:
            conversation.reply(ticket=ticket, actor=agent, body="您好")
            conversation.customer_message(ticket=ticket, body="还没有收到，怎么回事？", actor=None)
        frozen.shift(HOUR * number)
        fire_due(now=clock.now())
        run_consumers()
        if number > 1:
            with committed():
                transitions.solve(ticket=ticket, actor=agent)
        if number > 2:
            answer(ticket, number)
        if number > 3:
            transitions.move(ticket=transitions.reopen(ticket=ticket, actor=agent), actor=agent, queue=desk.other_queue)
            run_consumers()
            transitions.solve(ticket=ticket, actor=supervisor)
        frozen.shift(8 * HOUR)
    fire_due(now=clock.now())
    run_consumers()


@pytest.mark.parametrize("batch", [1, 7, 2000])
def test_counting_anew_gives_the_same_numbers(busy_days: None, batch: int) -> None:
    live = everything()
    assert len(live) > 40
    DayCount.objects.filter(metric="solved").update(value=99)
    counted = rebuild_day_counts(batch=batch)
    assert everything() == live
    assert 0 < counted <= Event.objects.count()
    assert EventCursor.objects.get(name=CONSUMER).last_id == Event.objects.latest("id").pk
    run_consumers()
    assert everything() == live


def test_the_command_says_what_it_counted(busy_days: None, capsys: Any) -> None:
    live = everything()
    DayCount.objects.all().delete()
    call_command("rebuild_day_counts")
    assert "events counted." in capsys.readouterr().out
    assert everything() == live


def test_an_event_of_an_unknown_ticket_is_counted_without_its_times(counts: Counts) -> None:
    payload = {"ticket": 99, "kind": "reply", "queue": 5, "channel": 6, "type": "other", "metric": "resolution"}
    for kind in ("message.created", "ticket.solved", "ticket.reopened", "sla.breached"):
        record_event(kind=kind, subject_type="ticket", subject_id=99, actor=None, payload=payload)
    found = counts()
    assert (found["replies"], found["solved"], found["reopened"], found["sla.resolution.breached"]) == (1, 1, 1, 1)
    assert "first_response.count" not in found
