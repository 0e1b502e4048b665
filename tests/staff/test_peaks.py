"""大促模式: switched by the clock and back (B19)."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.timers import fire_due
from crm.staff.models import PeakPlan, ShiftTemplate, TemplateShift, User
from crm.staff.services import peaks, shifts
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tests.workbench.conftest import browser, text
from tickets import peak
from tickets.models import Ticket

__all__ = ["desk", "frozen", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B19")]
Make = Callable[..., Ticket]
HOUR = timedelta(hours=1)


def schedule(start: float = 1, end: float = 3, **values: Any) -> PeakPlan:
    """A plan from `start` to `end` hours from now."""
    given = {
        "name": "双十一",
        "starts_at": clock.now() + start * HOUR,
        "ends_at": clock.now() + end * HOUR,
        "greeting": "大促咨询量大，请稍候。",
        "limit_percent": 150,
        "sla_note": "大促期间首次回复约需 10 分钟。",
    }
    return peaks.save_peak(plan=None, actor=values.pop("actor", None), values=given | values)


def limit_of(user: User) -> int:
    return User.objects.with_limit().get(pk=user.pk).limit  # type: ignore[no-any-return]


def switchings() -> list[tuple[bool, str]]:
    rows = Event.objects.filter(kind="peak.switched").order_by("pk")
    return [(event.payload["on"], event.payload["by"]) for event in rows]


def go_on(frozen: Any, seconds: int) -> None:
    frozen.shift(seconds)
    fire_due(now=clock.now())


def test_words_limits_and_log_switch_at_the_second_and_back(agent: User, frozen: Any) -> None:
    User.objects.filter(pk=agent.pk).update(concurrency_limit=5)
    schedule()
    go_on(frozen, 3599)
    assert (limit_of(agent), peak.greeting("您好"), peak.sla_note(), switchings()) == (5, "您好", "", [])
    go_on(frozen, 1)
    assert limit_of(agent) == 8, "seven and a half, rounded up"
    assert peak.greeting("您好") == "大促咨询量大，请稍候。"
    assert peak.sla_note() == "大促期间首次回复约需 10 分钟。"
    assert switchings() == [(True, "clock")]
    go_on(frozen, 7199)
    assert limit_of(agent) == 8
    go_on(frozen, 1)
    assert (limit_of(agent), peak.greeting("您好"), peak.sla_note()) == (5, "您好", "")
    assert switchings() == [(True, "clock"), (False, "clock")]


def test_it_is_over_in_time_even_if_every_worker_is_dead(agent: User, frozen: Any) -> None:
    """Nothing was overwritten, so nothing has to be put back; the log is made up when a worker is there again."""
    schedule()
    frozen.shift(3600)
    assert (limit_of(agent), peak.sla_note()) == (12, "大促期间首次回复约需 10 分钟。")
    frozen.shift(7200)
    assert (limit_of(agent), peak.sla_note()) == (8, "")
    agent.refresh_from_db()
    assert agent.concurrency_limit == 8
    fire_due(now=clock.now())
    assert Counter(switchings()) == {(True, "clock"): 1, (False, "clock"): 1}


def test_more_or_less_work_is_given_during_it(agent: User, make_ticket: Make, frozen: Any) -> None:
    User.objects.filter(pk=agent.pk).update(concurrency_limit=2)
    schedule(limit_percent=50)
    frozen.shift(3600)
    assert [make_ticket().assignee_id for _ in range(2)] == [agent.pk, None]


def test_a_stop_by_hand_is_at_once_and_logged_once(agent: User, supervisor: User, frozen: Any) -> None:
    plan = schedule()
    go_on(frozen, 3600)
    go_on(frozen, 60)
    peaks.stop_peak(plan=plan, actor=supervisor)
    assert (limit_of(agent), peak.greeting("您好")) == (8, "您好")
    go_on(frozen, 7200)
    assert switchings() == [(True, "clock"), (False, "hand")]
    with pytest.raises(Conflict):
        peaks.stop_peak(plan=plan, actor=supervisor)


def test_a_plan_taken_back_never_begins(agent: User, supervisor: User, frozen: Any) -> None:
    peaks.stop_peak(plan=schedule(), actor=supervisor)
    go_on(frozen, 3600)
    assert (limit_of(agent), switchings()) == (8, [])
    schedule(0.1, 1)


def test_overlaps_the_past_and_wrong_values_are_refused(agent: User, frozen: Any) -> None:
    schedule(2, 4)
    for start, end in ((1, 3), (3, 5), (2.5, 3), (1, 9)):
        with pytest.raises(Conflict) as overlap:
            schedule(start, end)
        assert overlap.value.code == "overlap"
    schedule(4, 5)
    schedule(1, 2)
    for values, field in (
        ({"start": -1}, "starts_at"),
        ({"start": 7, "end": 7}, "ends_at"),
        ({"start": 7, "end": 8, "limit_percent": 0}, "limit_percent"),
        ({"start": 7, "end": 8, "name": " "}, "name"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            schedule(**values)  # type: ignore[arg-type]
        assert list(refusal.value.fields) == [field]
    with pytest.raises(NotAllowed):
        schedule(10, 11, actor=agent)


def test_a_plan_that_has_begun_is_not_changed(frozen: Any) -> None:
    plan = schedule()
    peaks.save_peak(plan=plan, actor=None, values={"limit_percent": 200})
    frozen.shift(3600)
    with pytest.raises(Conflict) as refusal:
        peaks.save_peak(plan=plan, actor=None, values={"limit_percent": 300})
    assert refusal.value.code == "begun"


def test_the_staffing_plan_counts_during_it_and_the_usual_shifts_before_and_after(
    agent: User, agent2: User, desk: Desk, frozen: Any
) -> None:
    now = clock.now()
    shifts.create_shift(user=agent, starts_at=now, ends_at=now + 8 * HOUR, actor=None)
    template = ShiftTemplate.objects.create(name="大促班")
    for weekday in range(7):
        TemplateShift.objects.create(
            template=template, user=agent2, weekday=weekday, opens_minute=0, closes_minute=1440
        )

    def on_shift() -> set[str]:
        return {user.username for user in User.objects.dispatch_candidates(desk.queue.pk)}

    plan = schedule(template=template)
    assert [(shift.starts_at, shift.ends_at) for shift in plan.shifts.all()] == [(plan.starts_at, plan.ends_at)]
    assert on_shift() == {"agent", "agent2"}, "agent2 is not planned outside of the peak"
    frozen.shift(3600)
    assert on_shift() == {"agent2"}
    frozen.shift(7200)
    assert on_shift() == {"agent", "agent2"}


def test_stopped_early_the_usual_shifts_count_again(
    agent: User, agent2: User, supervisor: User, desk: Desk, frozen: Any
) -> None:
    now = clock.now()
    shifts.create_shift(user=agent, starts_at=now, ends_at=now + 8 * HOUR, actor=None)
    template = ShiftTemplate.objects.create(name="大促班")
    TemplateShift.objects.create(template=template, user=agent2, weekday=0, opens_minute=0, closes_minute=1440)
    plan = schedule(template=template)
    frozen.shift(3601)
    peaks.stop_peak(plan=plan, actor=supervisor)
    assert agent in User.objects.dispatch_candidates(desk.queue.pk)


def test_customers_and_colleagues_read_the_note(agent: User, desk: Desk, frozen: Any) -> None:
    schedule()
    note = "大促期间首次回复约需 10 分钟。"
    for address in ("/complain/", "/track/"):
        assert note not in text(browser(agent).get(address))
    frozen.shift(3600)
    for address in ("/complain/", "/track/", "/desk/"):
        assert note in text(browser(agent).get(address)), address
    frozen.shift(7200)
    assert note not in text(browser(agent).get("/complain/"))


@pytest.mark.django_db(transaction=True)
def test_two_plans_at_once_make_one() -> None:
    start, results = threading.Barrier(3), []
    begin = clock.now() + HOUR

    def worker() -> None:
        start.wait()
        try:
            schedule(starts_at=begin, ends_at=begin + HOUR)
            results.append("made")
        except Conflict:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(results) == {"made": 1, "refused": 2}
