"""Due moments: each fires once, at its moment, whatever happens around it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from core import clock
from core.errors import NotAllowed
from core.events import Event, record_event
from core.timers import (
    PeriodicRun,
    Postpone,
    Timer,
    TimerFiring,
    TimerSpec,
    TimerState,
    arm,
    arm_many,
    arm_periodic,
    cancel,
    fire_due,
    replay,
)
from core.timers.registry import PeriodicJob, periodic_jobs, timer_handlers
from core.timers.slots import purge, slot_of
from crm.staff.models import User
from tests.core.concurrency import in_threads

DUE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Handlers = dict[str, Callable[[Timer], None]]


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Handlers:
    """Handlers that exist for one test."""
    known: Handlers = {}
    monkeypatch.setattr("core.timers.firing.timer_handlers", known)
    return known


@pytest.fixture
def fired(handlers: Handlers) -> list[str]:
    """The keys of timers of kind "note", in the order in which they fired."""
    keys: list[str] = []
    handlers["note"] = lambda timer: keys.append(timer.key)
    return keys


def spec(key: str = "a", *, kind: str = "note", due_at: datetime = DUE, subject_id: int | None = None) -> TimerSpec:
    return TimerSpec(
        key=key, kind=kind, due_at=due_at, subject_type="ticket" if subject_id else "", subject_id=subject_id
    )


def test_the_product_registers_its_handlers() -> None:
    assert "periodic" in timer_handlers
    assert "engine.purge" in periodic_jobs


@pytest.mark.django_db
class TestDue:
    def test_a_timer_does_not_fire_one_second_before_it_is_due(self, fired: list[str]) -> None:
        arm(spec())
        assert fire_due(now=DUE - timedelta(seconds=1)) == 0
        assert fired == []

    def test_a_timer_fires_at_its_moment_and_only_once(self, fired: list[str]) -> None:
        arm(spec())
        assert fire_due(now=DUE) == 1
        assert fire_due(now=DUE + timedelta(days=1)) == 0
        assert fired == ["a"]
        firing = TimerFiring.objects.get()
        assert (firing.timer_key, firing.due_at, firing.fired_at) == ("a", DUE, DUE)

    def test_the_clock_of_the_database_decides_when_none_is_given(self, fired: list[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        arm_many([spec("past", due_at=now - timedelta(milliseconds=1)), spec("later", due_at=now + timedelta(hours=1))])
        assert fire_due() == 1
        assert fired == ["past"]

    def test_a_pinned_clock_decides_when_time_is_told_as_a_story(self, fired: list[str]) -> None:
        arm(spec(due_at=DUE))
        with clock.at(DUE - timedelta(seconds=1)):
            assert fire_due() == 0
        with clock.at(DUE):
            assert fire_due() == 1

    def test_the_given_moment_is_the_clock_of_the_handler(self, handlers: Handlers) -> None:
        seen: list[datetime] = []
        handlers["note"] = lambda timer: seen.append(clock.now())
        arm(spec())
        fire_due(now=DUE + timedelta(seconds=3))
        assert seen == [DUE + timedelta(seconds=3)]

    def test_the_longest_overdue_fires_first(self, fired: list[str]) -> None:
        arm_many([spec("b", due_at=DUE), spec("c", due_at=DUE - timedelta(hours=2)), spec("a", due_at=DUE)])
        fire_due(now=DUE)
        assert fired[0] == "c"

    def test_hundred_timers_cost_a_handful_of_queries(
        self, fired: list[str], django_assert_max_num_queries: Callable
    ) -> None:
        arm_many([spec(f"k{number}", subject_id=number + 1) for number in range(100)])
        with django_assert_max_num_queries(16):
            assert fire_due(now=DUE) == 100
        assert len(set(fired)) == 100


@pytest.mark.django_db
class TestArming:
    def test_many_are_armed_with_one_statement(self, django_assert_num_queries: Callable) -> None:
        with django_assert_num_queries(1):
            arm_many([spec(f"k{number}") for number in range(500)])
        assert Timer.objects.filter(state=TimerState.ARMED).count() == 500

    def test_of_equal_keys_the_last_counts(self) -> None:
        arm_many([spec(due_at=DUE), spec(due_at=DUE + timedelta(hours=1))])
        assert Timer.objects.get().due_at == DUE + timedelta(hours=1)

    def test_arming_again_moves_the_moment(self, fired: list[str]) -> None:
        arm(spec())
        arm(spec(due_at=DUE + timedelta(hours=1)))
        assert fire_due(now=DUE) == 0
        assert fire_due(now=DUE + timedelta(hours=1)) == 1

    def test_arming_again_for_the_moment_that_fired_does_not_fire_twice(self, fired: list[str]) -> None:
        arm(spec())
        fire_due(now=DUE)
        arm(spec())
        assert fire_due(now=DUE + timedelta(days=1)) == 0
        assert fired == ["a"]

    def test_going_back_to_a_moment_that_fired_does_not_fire_twice(self, fired: list[str]) -> None:
        arm(spec())
        fire_due(now=DUE)
        arm(spec(due_at=DUE + timedelta(hours=1)))
        arm(spec())
        assert fire_due(now=DUE + timedelta(days=1)) == 0
        assert fired == ["a"]
        assert Timer.objects.get().state == TimerState.DONE

    def test_a_key_that_fired_fires_again_for_another_moment(self, fired: list[str]) -> None:
        arm(spec())
        fire_due(now=DUE)
        arm(spec(due_at=DUE + timedelta(hours=1)))
        assert fire_due(now=DUE + timedelta(hours=1)) == 1

    def test_arming_again_does_not_shorten_a_back_off(self, handlers: Handlers) -> None:
        handlers["note"] = _explode
        arm(spec())
        fire_due(now=DUE)
        waits_until = Timer.objects.get().next_at
        arm(spec())
        timer = Timer.objects.get()
        assert (timer.next_at, timer.attempt) == (waits_until, 1)

    def test_what_is_rolled_back_is_not_armed(self) -> None:
        with transaction.atomic():
            arm(spec())
            transaction.set_rollback(True)
        assert not Timer.objects.exists()

    def test_cancelled_timers_do_not_fire(self, fired: list[str]) -> None:
        arm_many([spec("a", subject_id=7), spec("b", subject_id=7, kind="other"), spec("c", subject_id=8)])
        assert cancel(subject_type="ticket", subject_id=7, kinds=["note"]) == 1
        assert cancel(subject_type="ticket", subject_id=7) == 1
        assert cancel(subject_type="ticket", subject_id=7) == 0
        assert fire_due(now=DUE) == 1
        assert fired == ["c"]

    def test_a_cancelled_timer_can_be_armed_again(self, fired: list[str]) -> None:
        arm(spec(subject_id=7))
        cancel(subject_type="ticket", subject_id=7)
        arm(spec(subject_id=7))
        assert fire_due(now=DUE) == 1


@pytest.mark.django_db
class TestHandlers:
    def test_a_handler_may_arm_its_own_timer_again(self, handlers: Handlers) -> None:
        handlers["note"] = lambda timer: arm(spec(due_at=timer.due_at + timedelta(hours=1)))
        arm(spec())
        assert fire_due(now=DUE) == 1
        timer = Timer.objects.get()
        assert (timer.state, timer.due_at) == (TimerState.ARMED, DUE + timedelta(hours=1))

    def test_a_handler_may_undo_the_other_timers_of_its_subject(self, handlers: Handlers) -> None:
        ran: list[str] = []

        def close(timer: Timer) -> None:
            ran.append(timer.key)
            cancel(subject_type="ticket", subject_id=7)

        handlers["note"] = close
        arm_many([spec("a", subject_id=7), spec("b", subject_id=7, due_at=DUE + timedelta(seconds=1))])
        assert fire_due(now=DUE + timedelta(minutes=1)) == 1
        assert ran == ["a"]

    def test_a_handler_may_ask_to_be_asked_later(self, handlers: Handlers) -> None:
        def not_yet(timer: Timer) -> None:
            if clock.now() < DUE + timedelta(minutes=30):
                raise Postpone(DUE + timedelta(minutes=30))

        handlers["note"] = not_yet
        arm(spec())
        assert fire_due(now=DUE) == 0
        timer = Timer.objects.get()
        assert (timer.state, timer.attempt, timer.due_at) == (TimerState.ARMED, 0, DUE)
        assert fire_due(now=DUE + timedelta(minutes=30, seconds=-1)) == 0
        assert fire_due(now=DUE + timedelta(minutes=30)) == 1

    def test_what_a_failing_handler_wrote_is_undone(self, handlers: Handlers) -> None:
        def half(timer: Timer) -> None:
            record_event(kind="half", subject_type="ticket", subject_id=1, actor=None)
            raise ValueError("broken")

        handlers["note"] = half
        arm(spec())
        assert fire_due(now=DUE) == 0
        assert not Event.objects.exists()
        assert not TimerFiring.objects.exists()

    def test_a_kind_without_handler_waits_instead_of_being_lost(self, handlers: Handlers) -> None:
        arm(spec(kind="of a newer release"))
        assert fire_due(now=DUE) == 0
        assert "No handler" in Timer.objects.get().last_error


def _explode(_timer: Timer) -> None:
    raise ZeroDivisionError


def _fire_until_dead(moment: datetime) -> int:
    """Let days pass until no timer is armed; returns how many times something was due."""
    tries = 0
    while Timer.objects.filter(state=TimerState.ARMED).exists():
        moment = max(moment, Timer.objects.filter(state=TimerState.ARMED).latest("next_at").next_at)
        fire_due(now=moment)
        tries += 1
        assert tries < 20
    return tries


@pytest.mark.django_db
class TestFailure:
    def test_one_poisonous_timer_does_not_hold_up_the_others(self, fired: list[str], handlers: Handlers) -> None:
        handlers["poison"] = _explode
        arm_many([spec(f"k{number}") for number in range(250)])
        arm(spec("bad", kind="poison", due_at=DUE - timedelta(hours=1)))
        assert fire_due(now=DUE) == 250
        assert set(fired) == {f"k{number}" for number in range(250)}
        assert Timer.objects.get(key="bad").attempt == 1

    def test_after_eight_failures_it_is_dead_and_tells_so(self, handlers: Handlers) -> None:
        handlers["note"] = _explode
        arm(spec())
        assert _fire_until_dead(DUE) == 8
        assert Timer.objects.get().state == TimerState.DEAD
        alarm = Event.objects.get(kind="timer.dead")
        assert alarm.payload["key"] == "a"
        assert "ZeroDivisionError" in alarm.payload["error"]

    def test_each_wait_is_about_twice_the_one_before(self, handlers: Handlers) -> None:
        handlers["note"] = _explode
        arm(spec())
        moment = DUE
        for attempt in range(1, 8):
            fire_due(now=moment)
            next_at = Timer.objects.get().next_at
            middle = 0.5 * 2**attempt
            assert 0.5 * middle <= (next_at - moment).total_seconds() <= 1.5 * middle
            moment = next_at

    def test_a_dead_timer_stays_dead_when_armed_for_the_same_moment(self, handlers: Handlers) -> None:
        handlers["note"] = _explode
        arm(spec())
        _fire_until_dead(DUE)
        arm(spec())
        assert Timer.objects.get().state == TimerState.DEAD

    def test_replay_works_once(self, handlers: Handlers, fired: list[str], admin: User) -> None:
        mended, handlers["note"] = handlers["note"], _explode
        arm(spec())
        _fire_until_dead(DUE)
        handlers["note"] = mended
        ids = [Timer.objects.get().pk]
        assert replay(ids=ids, actor=admin) == 1
        assert fire_due() == 1
        assert replay(ids=ids, actor=admin) == 0
        assert fire_due() == 0
        assert fired == ["a"]
        assert Event.objects.get(kind="timer.replayed").actor == admin

    def test_replay_asks_for_the_right(self, handlers: Handlers, agent: User) -> None:
        with pytest.raises(NotAllowed):
            replay(ids=[1], actor=agent)


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_two_workers_fire_each_timer_once(self, handlers: Handlers) -> None:
        ran: list[str] = []
        handlers["note"] = lambda timer: ran.append(timer.key)
        arm_many([spec(f"k{number}") for number in range(600)])
        counts = in_threads(4, lambda: fire_due(now=DUE))
        assert sum(counts) == 600
        assert sorted(ran) == sorted(f"k{number}" for number in range(600))
        assert TimerFiring.objects.count() == 600

    def test_what_another_worker_holds_is_left_alone(self, fired: list[str]) -> None:
        arm_many([spec("held"), spec("free")])
        with _row_held("held"):
            assert in_threads(1, lambda: fire_due(now=DUE)) == [1]
        assert fired == ["free"]
        assert fire_due(now=DUE) == 1

    def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nothing(
        self, handlers: Handlers, fired: list[str]
    ) -> None:
        class Killed(BaseException):
            pass

        def die(timer: Timer) -> None:
            raise Killed

        arm_many([spec("a"), spec("z", kind="killer", due_at=DUE + timedelta(seconds=1))])
        handlers["killer"] = die
        with pytest.raises(Killed):
            fire_due(now=DUE + timedelta(minutes=1))
        assert Timer.objects.filter(state=TimerState.ARMED, attempt=0).count() == 2
        assert not TimerFiring.objects.exists()
        handlers["killer"] = handlers["note"]
        fired.clear()
        assert fire_due(now=DUE + timedelta(minutes=1)) == 2
        assert sorted(fired) == ["a", "z"]

    def test_a_row_that_somebody_edits_makes_the_timer_wait_not_the_person(self, handlers: Handlers) -> None:
        arm_many([spec("edited"), spec("mine", kind="touch")])
        Timer.objects.filter(key="edited").update(next_at=F("next_at") + timedelta(days=1))
        handlers["touch"] = lambda timer: Timer.objects.filter(key="edited").update(attempt=0) and None
        with _row_held("edited"):
            assert in_threads(1, lambda: fire_due(now=DUE)) == [0]
        timer = Timer.objects.get(key="mine")
        assert (timer.state, timer.attempt) == (TimerState.ARMED, 0)
        assert fire_due(now=DUE + timedelta(seconds=5)) == 1

    def test_slow_handlers_give_the_rest_of_their_batch_back(
        self, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.timers.firing.HOLD_SECONDS", 0.0)
        ran: list[str] = []
        handlers["note"] = lambda timer: ran.append(timer.key)
        arm_many([spec(f"k{number}") for number in range(5)])
        assert fire_due(now=DUE, budget_seconds=0) == 1
        assert Timer.objects.filter(state=TimerState.ARMED).count() == 4
        assert TimerFiring.objects.count() == 1
        assert fire_due(now=DUE) == 4
        assert len(ran) == len(set(ran)) == 5

    def test_several_tickers_arm_a_slot_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        job = PeriodicJob("test.job", timedelta(minutes=10), timedelta(0), lambda slot: None)
        monkeypatch.setattr("core.timers.slots.periodic_jobs", {"test.job": job})
        assert sum(in_threads(5, lambda: arm_periodic(now=DUE))) == 1
        assert Timer.objects.count() == PeriodicRun.objects.count() == 1


@pytest.mark.django_db
class TestPeriodic:
    @pytest.fixture
    def slots(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
        slots: list[datetime] = []
        job = PeriodicJob("test.job", timedelta(minutes=10), timedelta(0), slots.append)
        monkeypatch.setattr("core.timers.slots.periodic_jobs", {"test.job": job})
        return slots

    def test_each_slot_runs_once(self, slots: list[datetime]) -> None:
        seen: dict[str, datetime] = {}
        for second in (0, 1, 599, 600, 601):
            moment = DUE + timedelta(seconds=second)
            arm_periodic(now=moment, seen=seen)
            fire_due(now=moment)
        assert slots == [DUE, DUE + timedelta(minutes=10)]

    def test_of_slots_missed_while_everything_was_down_only_the_newest_runs(self, slots: list[datetime]) -> None:
        arm_periodic(now=DUE)
        fire_due(now=DUE)
        arm_periodic(now=DUE + timedelta(hours=5))
        fire_due(now=DUE + timedelta(hours=5))
        assert slots == [DUE, DUE + timedelta(hours=5)]

    def test_a_ticker_that_remembers_asks_the_database_nothing(
        self, slots: list[datetime], django_assert_num_queries: Callable
    ) -> None:
        seen: dict[str, datetime] = {}
        arm_periodic(now=DUE, seen=seen)
        with django_assert_num_queries(0):
            assert arm_periodic(now=DUE + timedelta(seconds=30), seen=seen) == 0

    def test_days_begin_at_midnight_here(self) -> None:
        job = PeriodicJob("daily", timedelta(days=1), timedelta(hours=3), lambda slot: None)
        before = datetime(2026, 3, 1, 18, 59, 59, tzinfo=UTC)  # 02:59:59 in Shanghai on the 2nd
        assert slot_of(job, before) == datetime(2026, 2, 28, 19, 0, tzinfo=UTC)
        assert slot_of(job, before + timedelta(seconds=1)) == datetime(2026, 3, 1, 19, 0, tzinfo=UTC)

    def test_finished_rows_are_forgotten_after_ninety_days_and_dead_ones_kept(self, fired: list[str]) -> None:
        arm_many([spec("done"), spec("dead"), spec("armed", due_at=DUE + timedelta(days=400))])
        Timer.objects.filter(key="dead").update(state=TimerState.DEAD)
        fire_due(now=DUE)
        purge(DUE + timedelta(days=90))
        assert Timer.objects.count() == 3
        purge(DUE + timedelta(days=90, seconds=1))
        assert set(Timer.objects.values_list("key", flat=True)) == {"dead", "armed"}
        assert not TimerFiring.objects.exists()


class _row_held:
    """A transaction of somebody else holds the timer's row."""

    def __init__(self, key: str) -> None:
        self._transaction = transaction.atomic()
        self._key = key

    def __enter__(self) -> None:
        self._transaction.__enter__()
        Timer.objects.select_for_update().get(key=self._key)

    def __exit__(self, *error: object) -> None:
        self._transaction.__exit__(*error)
