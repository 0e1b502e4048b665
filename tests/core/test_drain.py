"""Noticing what is due, nudging a worker for it, and working oneself when nobody does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connection

from core import drain as engine
from core.events import record_event
from core.events.consumers import Consumer
from core.management.commands.ticker import Ticker
from core.moments import judging_moment
from core.outbox import OutboxItem, enqueue
from core.outbox.registry import Sender
from core.tasks import drain as drain_task
from core.timers import Heartbeat, Timer, TimerSpec, arm, beat
from core.timers.heartbeats import liveness


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, by a timer "note", an outbox kind "letter" and a consumer; nothing else is registered."""
    done: list[str] = []
    monkeypatch.setattr("core.timers.firing.timer_handlers", {"note": lambda timer: done.append(timer.key)})
    letters = {"letter": Sender(lambda item: done.append(item.dedupe_key), None)}
    monkeypatch.setattr("core.outbox.delivery.senders", letters)
    reader = Consumer("reader", lambda events: done.extend(event.kind for event in events), None)
    monkeypatch.setattr("core.events.consumers._consumers", {"reader": reader})
    monkeypatch.setattr("core.timers.slots.periodic_jobs", {})
    return done


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Messages to workers, caught before they reach the broker. Guard and queue are this test's own."""
    sent: list[str] = []
    monkeypatch.setattr(engine, "GUARD_KEY", "kean:test:nudge")
    monkeypatch.setattr(settings, "CELERY_TASK_DEFAULT_QUEUE", "kean:test:queue")
    monkeypatch.setattr(engine.current_app, "send_task", lambda name, **_options: sent.append(name))
    engine.client().delete("kean:test:nudge")
    yield sent
    engine.client().delete("kean:test:nudge")


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis.from_url("unix:///nonexistent/valkey.sock")
    monkeypatch.setattr(engine, "client", lambda: nowhere)


def arm_past(key: str = "t") -> None:
    arm(TimerSpec(key=key, kind="note", due_at=judging_moment() - timedelta(seconds=1)))


@pytest.mark.django_db
class TestDrain:
    def test_it_does_everything_that_is_due(self, work: list[str]) -> None:
        arm_past()
        enqueue(kind="letter", dedupe_key="l", target="", payload={})
        record_event(kind="e", subject_type="ticket", subject_id=1, actor=None)
        assert engine.drain(senders_at_once=1) == 3
        assert sorted(work) == ["e", "l", "t"]
        assert engine.drain(senders_at_once=1) == 0

    def test_what_a_handler_queues_leaves_in_the_same_drain(
        self, work: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def send_letter(timer: Timer) -> None:
            enqueue(kind="letter", dedupe_key="l", target="", payload={})

        monkeypatch.setattr("core.timers.firing.timer_handlers", {"note": send_letter})
        arm_past()
        engine.drain(senders_at_once=1)
        assert work == ["l"]

    def test_a_worker_shows_that_it_lives(self, work: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "drain", lambda: 0)
        drain_task()
        assert Heartbeat.objects.get().role == "worker"


@pytest.mark.django_db
class TestLook:
    def test_nothing_waits(self, work: list[str]) -> None:
        assert engine.look().anything is False

    def test_a_due_timer_waits_and_its_age_is_told(self, work: list[str]) -> None:
        arm(TimerSpec(key="t", kind="note", due_at=judging_moment() - timedelta(seconds=30)))
        waiting = engine.look()
        assert waiting.anything
        assert 30 <= waiting.overdue_seconds < 60

    def test_a_timer_of_tomorrow_does_not(self, work: list[str]) -> None:
        arm(TimerSpec(key="t", kind="note", due_at=judging_moment() + timedelta(days=1)))
        assert engine.look().anything is False

    def test_an_outgoing_item_waits(self, work: list[str]) -> None:
        enqueue(kind="letter", dedupe_key="l", target="", payload={})
        assert engine.look().anything

    def test_an_unread_event_waits(self, work: list[str]) -> None:
        engine.drain(senders_at_once=1)  # makes the cursor
        record_event(kind="e", subject_type="ticket", subject_id=1, actor=None)
        assert engine.look().anything
        engine.drain(senders_at_once=1)
        assert not engine.look().anything

    def test_health_tells_age_and_the_dead(self, work: list[str]) -> None:
        beat("ticker")
        arm_past()
        Timer.objects.create(key="d", kind="note", due_at=judging_moment(), next_at=judging_moment(), state="dead")
        state = liveness()
        assert state.ticker_seen_seconds is not None
        assert state.ticker_seen_seconds < 10
        assert state.worker_seen_seconds is None
        assert state.oldest_due_seconds >= 1
        assert (state.dead_timers, state.dead_outbox) == (1, 0)


@pytest.mark.django_db
class TestNudging:
    def test_one_message_lies_in_the_queue_until_a_worker_takes_it(self, nudges: list[str]) -> None:
        assert engine.nudge()
        assert engine.nudge()
        assert nudges == [engine.TASK]
        engine.take_nudge()
        assert engine.nudge()
        assert len(nudges) == 2

    def test_a_long_queue_is_not_made_longer(self, nudges: list[str]) -> None:
        engine.client().rpush("kean:test:queue", *range(10))
        assert engine.nudge()
        engine.client().delete("kean:test:queue")
        assert nudges == []

    def test_without_broker_it_says_no(self, no_broker: None) -> None:
        assert engine.nudge() is False
        engine.take_nudge()

    def test_the_name_of_the_task_is_known_to_workers(self) -> None:
        assert drain_task.name == engine.TASK


@pytest.mark.django_db
class TestTicker:
    @pytest.fixture
    def hands(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """How often the ticker worked itself."""
        worked: list[float] = []
        monkeypatch.setattr(
            "core.management.commands.ticker.drain",
            lambda *, budget_seconds, senders_at_once: worked.append(budget_seconds),
        )
        return worked

    def test_it_nudges_for_what_is_due_and_shows_that_it_lives(
        self, work: list[str], nudges: list[str], hands: list[float]
    ) -> None:
        beat("worker")
        arm_past()
        Ticker().turn()
        assert nudges == [engine.TASK]
        assert hands == []
        assert Heartbeat.objects.filter(role="ticker").exists()

    def test_a_quiet_system_is_nudged_now_and_then_for_the_heartbeat_of_its_workers(
        self, work: list[str], nudges: list[str], hands: list[float]
    ) -> None:
        ticker = Ticker()
        ticker.turn()
        engine.take_nudge()
        ticker.turn()
        assert nudges == [engine.TASK]

    def test_work_that_nobody_does_it_does_itself(self, work: list[str], nudges: list[str], hands: list[float]) -> None:
        beat("worker")
        arm(TimerSpec(key="t", kind="note", due_at=judging_moment() - timedelta(seconds=6)))
        Ticker().turn()
        assert len(hands) == 1

    def test_without_any_worker_it_reads_events_itself(
        self, work: list[str], nudges: list[str], hands: list[float]
    ) -> None:
        engine.drain(senders_at_once=1)
        record_event(kind="e", subject_type="ticket", subject_id=1, actor=None)
        Ticker().turn()
        assert len(hands) == 1

    def test_when_the_broker_is_away_for_long_it_works_itself(
        self, work: list[str], no_broker: None, hands: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moments = iter([100.0, 104.9, 105.1])
        monkeypatch.setattr("core.management.commands.ticker.time", SimpleNamespace(monotonic=lambda: next(moments)))
        beat("worker")
        arm_past()
        ticker = Ticker()
        ticker.turn()
        ticker.turn()
        assert hands == []
        ticker.turn()
        assert len(hands) == 1

    def test_a_lost_database_does_not_end_it(self, work: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        ticker = Ticker()
        turns: list[int] = []

        def turn() -> None:
            turns.append(1)
            if len(turns) == 1:
                raise OperationalError("server closed the connection")
            ticker.stop.set()

        monkeypatch.setattr(ticker, "turn", turn)
        monkeypatch.setattr("core.management.commands.ticker.connection.close", lambda: None)
        monkeypatch.setattr("core.management.commands.ticker.close_old_connections", lambda: None)
        ticker.run(interval=0)
        assert len(turns) == 2


@pytest.mark.django_db(transaction=True)
class TestTickerProcess:
    def test_it_beats_and_ends_soon_after_sigterm(self) -> None:
        process = self._start()
        try:
            self._await_heartbeat()
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert time.monotonic() - asked_at < 4  # one second on a quiet machine
        finally:
            process.kill()
            process.wait()

    def test_it_survives_losing_its_connections(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            began_at = cursor.fetchone()[0]
        process = self._start()
        try:
            self._await_heartbeat()
            with connection.cursor() as cursor:
                # The ticker's connections only: those of the tests' own pool are older.
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_start > %s",
                    [began_at],
                )
            Heartbeat.objects.all().delete()
            self._await_heartbeat()
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()

    def test_it_ends_as_fast_while_the_database_is_away(self, tmp_path: Path) -> None:
        process = self._start(f"postgresql://nobody@/nothing?host={quote(str(tmp_path), safe='')}")
        try:
            time.sleep(4)  # by now it waits for a connection
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(10)
            assert time.monotonic() - asked_at < 4
        finally:
            process.kill()
            process.wait()

    def _start(self, address: str | None = None) -> subprocess.Popen[bytes]:
        here = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        return subprocess.Popen(
            [sys.executable, "manage.py", "ticker", "--interval", "0.1"],
            cwd=Path(settings.BASE_DIR),
            env={**os.environ, "DATABASE_URL": address or here},
        )

    def _await_heartbeat(self) -> None:
        deadline = time.monotonic() + 60
        while not Heartbeat.objects.filter(role="ticker").exists():
            assert time.monotonic() < deadline, "the ticker does not beat"
            time.sleep(0.1)


@pytest.mark.django_db
def test_a_sent_item_is_remembered(work: list[str]) -> None:
    enqueue(kind="letter", dedupe_key="l", target="", payload={})
    engine.drain(senders_at_once=1)
    enqueue(kind="letter", dedupe_key="l", target="", payload={})
    engine.drain(senders_at_once=1)
    assert work == ["l"]
    assert OutboxItem.objects.count() == 1
