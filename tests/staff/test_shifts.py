"""Shifts, skills and who is given work by them (H03, B05)."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core import clock
from core.calendars.models import BusinessCalendar, OpeningHours
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.timers import Timer, fire_due
from crm.staff.models import GroupHours, ShiftPlan, ShiftTemplate, SkillGroup, Team, TemplateShift, User
from crm.staff.services import coverage, shifts
from tests.api.conftest import api
from tests.factories import UserFactory
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tests.workbench.conftest import browser, text
from tickets.models import Ticket
from tickets.services import routing

__all__ = ["api", "desk", "frozen", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H03")]
Make = Callable[..., Ticket]
HOUR = timedelta(hours=1)


def plan(user: User, start: float, end: float, **more: Any) -> ShiftPlan:
    """A shift from `start` to `end` hours from now."""
    now = clock.now()
    return shifts.create_shift(
        user=user, starts_at=now + start * HOUR, ends_at=now + end * HOUR, actor=more.pop("actor", None), **more
    )


# Planning ---------------------------------------------------------------------------------


def test_overlapping_shifts_are_refused_touching_ones_are_not(agent: User, agent2: User, frozen: Any) -> None:
    plan(agent, 1, 5)
    for start, end in ((4, 6), (0, 2), (2, 3), (0, 9)):
        with pytest.raises(Conflict) as refusal:
            plan(agent, start, end)
        assert (refusal.value.code, list(refusal.value.fields)) == ("overlap", ["starts_at"])
    plan(agent, 5, 6)
    plan(agent2, 2, 3)


def test_the_past_and_wrong_ends_are_refused(agent: User, auditor: User, frozen: Any) -> None:
    for start, end, field in ((-1, 1, "starts_at"), (2, 2, "ends_at"), (2, 1, "ends_at"), (1, 25.01, "ends_at")):
        with pytest.raises(InvalidInput) as refusal:
            plan(agent, start, end)
        assert list(refusal.value.fields) == [field]
    plan(agent, 0, 24)
    with pytest.raises(InvalidInput):
        plan(auditor, 1, 2)


def test_only_queues_they_serve(agent: User, desk: Desk, frozen: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        plan(agent, 1, 2, queue=desk.other_queue)
    assert list(refusal.value.fields) == ["queue"]


def test_supervisors_plan_their_own_people_only(
    agent: User, other_agent: User, supervisor: User, lead: User, frozen: Any
) -> None:
    plan(agent, 1, 2, actor=supervisor)
    for person, actor in ((other_agent, supervisor), (agent, lead), (agent, agent)):
        with pytest.raises(NotAllowed):
            plan(person, 3, 4, actor=actor)


def test_a_running_shift_can_be_shortened_and_ended_a_past_one_not(agent: User, frozen: Any) -> None:
    shift = plan(agent, 0, 8)
    frozen.shift(3600)
    with pytest.raises(InvalidInput):
        shifts.change_shift(shift=shift, actor=None, starts_at=clock.now())
    shifts.change_shift(shift=shift, actor=None, ends_at=clock.now() + HOUR)
    shifts.cancel_shift(shift=shift, actor=None)
    shift.refresh_from_db()
    assert shift.ends_at == clock.now()
    with pytest.raises(Conflict):
        shifts.cancel_shift(shift=shift, actor=None)


@pytest.mark.django_db(transaction=True)
def test_two_plans_at_once_make_one_shift(agent: User) -> None:
    start, results = threading.Barrier(4), []
    begin = clock.now() + HOUR

    def worker() -> None:
        start.wait()
        try:
            shifts.create_shift(user=agent, starts_at=begin, ends_at=begin + HOUR, actor=None)
            results.append("made")
        except Conflict:
            results.append("refused")
        finally:
            connection.close()

    _run([threading.Thread(target=worker) for _ in range(4)])
    assert Counter(results) == {"made": 1, "refused": 3}


# Templates --------------------------------------------------------------------------------


@pytest.fixture
def template(agent: User) -> ShiftTemplate:
    """Nine to six from Monday to Friday, and a night from Friday to Saturday."""
    made = ShiftTemplate.objects.create(name="平日班")
    for weekday in range(5):
        TemplateShift.objects.create(template=made, user=agent, weekday=weekday, opens_minute=540, closes_minute=1080)
    TemplateShift.objects.create(template=made, user=agent, weekday=4, opens_minute=1320, closes_minute=360)
    return made


def workdays() -> BusinessCalendar:
    calendar = BusinessCalendar.objects.create(name="工作日", timezone="Asia/Shanghai", holidays="CN")
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, opens_minute=540, closes_minute=1080) for day in range(5)
    )
    return calendar


def test_a_week_is_copied_over_the_national_day_and_its_makeup_workday(template: ShiftTemplate, frozen: Any) -> None:
    frozen.move_to(datetime(2026, 9, 1, tzinfo=UTC))
    copied = shifts.copy_template(
        template=template, first=date(2026, 9, 28), last=date(2026, 10, 11), actor=None, calendar=workdays()
    )
    days = Counter(f"{timezone.localtime(shift.starts_at):%m-%d}" for shift in copied.made)
    assert not {f"10-0{n}" for n in range(1, 8)} & set(days), "1–7 October are off"
    assert days["10-10"] == 2, "Saturday the 10th is worked by Friday's plan, the night included"
    assert days["09-28"] == 1
    assert date(2026, 10, 1) in copied.holidays
    night = next(shift for shift in copied.made if shift.ends_at - shift.starts_at == 8 * HOUR)
    assert timezone.localtime(night.ends_at).hour == 6


def test_copying_twice_plans_nothing_twice(template: ShiftTemplate, frozen: Any) -> None:
    first = shifts.copy_template(template=template, first=date(2026, 11, 16), last=date(2026, 11, 22), actor=None)
    assert len(first.made) == 6
    again = shifts.copy_template(template=template, first=date(2026, 11, 16), last=date(2026, 11, 22), actor=None)
    assert (len(again.made), len(again.skipped)) == (0, 6)


def test_copying_into_the_past_is_refused(template: ShiftTemplate, frozen: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        shifts.copy_template(template=template, first=date(2026, 11, 1), last=date(2026, 11, 8), actor=None)
    assert list(refusal.value.fields) == ["last"]


# Routing ----------------------------------------------------------------------------------


def test_work_goes_to_who_is_on_shift(agent: User, agent2: User, make_ticket: Make, frozen: Any) -> None:
    plan(agent, 0, 1)
    plan(agent2, 1, 2)
    assert [make_ticket().assignee for _ in range(3)] == [agent] * 3
    frozen.shift(3599)
    assert make_ticket().assignee == agent
    frozen.shift(1)
    assert make_ticket().assignee == agent2
    frozen.shift(3600)
    assert make_ticket().assignee is None


def test_a_shift_for_a_queue_counts_for_that_queue_only(agent: User, team: Team, desk: Desk, frozen: Any) -> None:
    team.queues.add(desk.other_queue)
    plan(User.objects.get(pk=agent.pk), 0, 1, queue=desk.other_queue)
    assert list(User.objects.dispatch_candidates(desk.other_queue.pk)) == [agent]
    assert list(User.objects.dispatch_candidates(desk.queue.pk)) == []


def test_who_is_not_planned_by_shifts_works_by_their_state(agent: User, agent2: User, desk: Desk, frozen: Any) -> None:
    plan(agent2, 8 * 24, 8 * 24 + 1)
    assert set(User.objects.dispatch_candidates(desk.queue.pk)) == {agent, agent2}
    plan(agent2, 6 * 24, 6 * 24 + 1)
    assert set(User.objects.dispatch_candidates(desk.queue.pk)) == {agent}


@pytest.mark.capability("B05")
def test_work_goes_to_who_has_every_skill_the_group_asks_for(
    agent: User, agent2: User, desk: Desk, make_ticket: Make
) -> None:
    SkillGroup.objects.create(queue=desk.queue, skills=["数码", "英语"])
    User.objects.filter(pk=agent.pk).update(skills=["数码"])
    assert make_ticket().assignee is None
    User.objects.filter(pk=agent2.pk).update(skills=["英语", "数码", "家电"])
    assert make_ticket().assignee == agent2
    assert routing.dispatch_waiting() == 1


@pytest.mark.capability("B05")
def test_equals_are_served_in_turn(agent: User, agent2: User, lead: User, make_ticket: Make, frozen: Any) -> None:
    given = []
    for _ in range(9):
        ticket = make_ticket()
        given.append(ticket.assignee_id)
        Ticket.objects.filter(pk=ticket.pk).update(status="solved", solved_at=clock.now())
    assert Counter(given) == {agent.pk: 3, agent2.pk: 3, lead.pk: 3}
    assert given[:3] == given[3:6] == given[6:]


@pytest.mark.django_db(transaction=True)
@pytest.mark.capability("B05")
def test_many_at_once_are_spread_evenly_and_nobody_gets_too_many(team: Team, make_ticket: Make) -> None:
    people = [UserFactory(team=team, concurrency_limit=5) for _ in range(4)]
    for person in people:
        plan(person, 0.001, 8)
    ShiftPlan.objects.update(starts_at=clock.now() - HOUR)
    User.objects.filter(pk=people[3].pk).update(concurrency_limit=2)
    start = threading.Barrier(6)

    def worker() -> None:
        start.wait()
        try:
            for _ in range(4):
                make_ticket()
        finally:
            connection.close()

    _run([threading.Thread(target=worker) for _ in range(6)])
    loads = Counter(Ticket.objects.exclude(assignee=None).values_list("assignee", flat=True))
    assert [loads[person.pk] for person in people] == [5, 5, 5, 2]
    assert Ticket.objects.waiting().count() == 24 - 17


@pytest.mark.django_db(transaction=True)
@pytest.mark.capability("B05")
def test_many_workers_dispatch_evenly(agent: User, team: Team, make_ticket: Make) -> None:
    User.objects.update(availability="busy")
    for _ in range(12):
        make_ticket()
    people = [UserFactory(team=team) for _ in range(4)]
    start = threading.Barrier(4)

    def worker() -> None:
        start.wait()
        try:
            routing.dispatch_waiting()
        finally:
            connection.close()

    _run([threading.Thread(target=worker) for _ in range(4)])
    routing.dispatch_waiting()  # rows another worker held were left to the next round
    loads = Counter(Ticket.objects.values_list("assignee", flat=True))
    assert loads == {person.pk: 3 for person in people}


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# Nobody planned ----------------------------------------------------------------------------


@pytest.fixture
def group(desk: Desk, frozen: Any) -> SkillGroup:
    """Somebody must be there from eleven to six every day; it is nine."""
    made = SkillGroup.objects.create(queue=desk.queue, lead_minutes=30)
    for weekday in range(7):
        GroupHours.objects.create(group=made, weekday=weekday, opens_minute=660, closes_minute=1080)
    return made


def told() -> list[tuple[str, bool]]:
    rows = Event.objects.filter(kind="shift.uncovered").order_by("pk")
    return [(event.payload["when"], event.payload["planned"]) for event in rows]


def due(frozen: Any, seconds: int) -> None:
    frozen.shift(seconds)
    fire_due(now=clock.now())


def test_a_group_without_anybody_is_flagged_before_and_when_its_hours_begin(
    group: SkillGroup, agent: User, supervisor: User, frozen: Any
) -> None:
    User.objects.filter(pk=agent.pk).update(availability="offline")
    coverage.arm_watch()
    due(frozen, 90 * 60 - 1)
    assert told() == []
    assert "无人排班" not in text(browser(supervisor).get("/board/"))
    due(frozen, 1)
    assert told() == [("soon", False)]
    assert "无人排班" in text(browser(supervisor).get("/board/"))
    event = Event.objects.get(kind="shift.uncovered")
    assert event.audience == [f"queue:{group.queue_id}"]
    due(frozen, 30 * 60 - 1)
    assert told() == [("soon", False)]
    due(frozen, 1)
    assert told() == [("soon", False), ("now", False)]


def test_who_is_planned_meanwhile_spares_the_flag(group: SkillGroup, agent: User, frozen: Any) -> None:
    coverage.arm_watch()
    frozen.shift(600)
    plan(agent, 1, 10)
    due(frozen, 80 * 60)
    due(frozen, 30 * 60)
    assert told() == []


def test_a_shift_taken_back_flags_the_group(group: SkillGroup, agent: User, frozen: Any) -> None:
    shift = plan(agent, 1, 10)
    shifts.cancel_shift(shift=shift, actor=None)
    due(frozen, 90 * 60)
    assert told() == [("soon", False)]


def test_planned_but_not_there_is_flagged_when_it_happens(group: SkillGroup, agent: User, frozen: Any) -> None:
    plan(agent, 1, 10)
    User.objects.filter(pk=agent.pk).update(availability="offline")
    due(frozen, 2 * 3600)
    assert told() == [("now", True)]


def test_a_gap_in_the_middle_is_found(group: SkillGroup, agent: User, frozen: Any) -> None:
    plan(agent, 1, 4)
    plan(agent, 5, 10)
    found = coverage.gaps(start=clock.now(), end=clock.now() + 12 * HOUR)
    assert [(gap.starts_at - clock.now(), gap.ends_at - clock.now()) for gap in found] == [(4 * HOUR, 5 * HOUR)]
    due(frozen, int(3.5 * 3600))
    assert told() == [("soon", False)]


def test_a_member_without_the_skill_does_not_cover(group: SkillGroup, agent: User, frozen: Any) -> None:
    SkillGroup.objects.filter(pk=group.pk).update(skills=["英语"])
    plan(agent, 1, 10)
    assert len(coverage.gaps(start=clock.now(), end=clock.now() + 12 * HOUR)) == 1
    User.objects.filter(pk=agent.pk).update(skills=["英语"])
    assert coverage.gaps(start=clock.now(), end=clock.now() + 12 * HOUR) == []


def test_a_day_off_asks_for_nobody(group: SkillGroup, frozen: Any) -> None:
    SkillGroup.objects.filter(pk=group.pk).update(calendar=workdays())
    saturday = datetime(2026, 11, 21, tzinfo=UTC)
    assert coverage.gaps(start=saturday, end=saturday + 12 * HOUR) == []
    assert coverage.gaps(start=saturday + 48 * HOUR, end=saturday + 60 * HOUR) != []


def test_the_watch_is_armed_once(group: SkillGroup, frozen: Any) -> None:
    coverage.arm_watch()
    count = Timer.objects.filter(kind=coverage.TIMER_GAP).count()
    coverage.arm_watch()
    assert Timer.objects.filter(kind=coverage.TIMER_GAP).count() == count
