"""History: written with the change, never altered, read in an order that skips nothing."""

import threading
from collections.abc import Callable, Iterator

import pytest
import redis
from django.db import DatabaseError, connection, transaction

from core.events import (
    Event,
    EventCursor,
    EventData,
    consume,
    readable,
    record_event,
    record_events,
    ticket_event_recorded,
)
from core.events.models import AppendOnlyError
from core.events.reading import LOCK_SPACE
from core.moments import judging_moment
from crm.staff.models import User
from tests.core.concurrency import in_threads


def note(kind: str = "ticket.created", subject_id: int = 1, **more: object) -> Event:
    return record_event(kind=kind, subject_type="ticket", subject_id=subject_id, actor=None, **more)  # type: ignore[arg-type]


@pytest.mark.django_db
class TestRecording:
    def test_an_event_says_what_who_and_when(self, agent: User) -> None:
        event = record_event(
            kind="ticket.solved", subject_type="ticket", subject_id=7, actor=agent, payload={"n": 1}, audience="queue:3"
        )
        event = Event.objects.get(pk=event.pk)
        assert (event.kind, event.actor, event.subject_id, event.payload) == ("ticket.solved", agent, 7, {"n": 1})
        assert event.audience == ["queue:3"]

    def test_several_are_one_statement(self, django_assert_num_queries: Callable) -> None:
        data = [EventData(kind="k", subject_type="ticket", subject_id=n, actor=None) for n in range(50)]
        with django_assert_num_queries(1):
            events = record_events(data)
        assert [event.subject_id for event in events] == list(range(50))
        assert all(event.pk for event in events)

    def test_nothing_to_say_is_no_statement(self, django_assert_num_queries: Callable) -> None:
        with django_assert_num_queries(0):
            assert record_events([]) == []

    def test_after_commit_the_signal_and_one_nudge_go_out(
        self, django_capture_on_commit_callbacks: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[list[Event]] = []
        nudges: list[bool] = []
        monkeypatch.setattr("core.events.recording.publish_nudge", lambda: nudges.append(True))

        def hear(sender: object, events: list[Event], **_kwargs: object) -> None:
            heard.append(events)

        ticket_event_recorded.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                events = record_events(
                    [EventData(kind="k", subject_type="ticket", subject_id=n, actor=None) for n in range(3)]
                )
                assert heard == []
        finally:
            ticket_event_recorded.disconnect(hear)
        assert heard == [events]
        assert nudges == [True]

    def test_a_dead_redis_stops_nobody(
        self,
        django_capture_on_commit_callbacks: Callable,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        nowhere = redis.Redis.from_url("unix:///nonexistent/valkey.sock")
        monkeypatch.setattr("core.redis.client", lambda: nowhere)
        monkeypatch.setattr("core.redis._quiet_until", 0.0)
        with django_capture_on_commit_callbacks(execute=True):
            note()
            note()
        assert caplog.text.count("Redis is away") == 1  # the second does not even try


@pytest.mark.django_db
class TestAppendOnly:
    def test_the_model_refuses_changes(self) -> None:
        event = note()
        event.kind = "other"
        with pytest.raises(AppendOnlyError):
            event.save()
        with pytest.raises(AppendOnlyError):
            event.delete()
        with pytest.raises(AppendOnlyError):
            Event.objects.filter(pk=event.pk).update(kind="other")
        with pytest.raises(AppendOnlyError):
            Event.objects.all().delete()

    @pytest.mark.parametrize("statement", ["UPDATE core_event SET kind = 'other'", "DELETE FROM core_event"])
    def test_the_database_refuses_changes(self, statement: str) -> None:
        note()
        with (
            connection.cursor() as cursor,
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
        ):
            cursor.execute(statement)


class Elsewhere:
    """Another connection, in a thread of its own, that does one thing after another."""

    def __init__(self) -> None:
        self._work: list[Callable[[], None]] = []
        self._wake = threading.Semaphore(0)
        self._done = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], None]) -> None:
        self._work.append(work)
        self._wake.release()
        assert self._done.acquire(timeout=20)

    def _run(self) -> None:
        while True:
            self._wake.acquire()
            work = self._work.pop(0)
            if work is self.end:
                connection.close()
                self._done.release()
                return
            work()
            self._done.release()

    def end(self) -> None:
        """Given to `do`: close the connection and stop."""


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[Elsewhere]:
    other = Elsewhere()
    yield other
    other.do(other.end)


@pytest.mark.django_db(transaction=True)
class TestGapRule:
    def test_a_row_that_commits_late_is_not_skipped(self, elsewhere: Elsewhere) -> None:
        late = transaction.atomic()
        elsewhere.do(late.__enter__)
        elsewhere.do(lambda: note("late") and None)
        note("early")
        # `early` is committed, but a lower id may still appear: nothing is read past it.
        assert [event.kind for event in readable(0)] == []
        elsewhere.do(lambda: late.__exit__(None, None, None))
        assert [event.kind for event in readable(0)] == ["late", "early"]

    def test_what_was_there_before_the_late_one_is_read_meanwhile(self, elsewhere: Elsewhere) -> None:
        note("before")
        late = transaction.atomic()
        elsewhere.do(late.__enter__)
        elsewhere.do(lambda: note("late") and None)
        note("after")
        assert [event.kind for event in readable(0)] == ["before"]
        elsewhere.do(lambda: late.__exit__(None, None, None))
        assert [event.kind for event in readable(0)] == ["before", "late", "after"]

    def test_a_row_that_never_commits_holds_nobody_up(self, elsewhere: Elsewhere) -> None:
        lost = transaction.atomic()
        elsewhere.do(lost.__enter__)
        elsewhere.do(lambda: note("lost") and None)
        elsewhere.do(lambda: transaction.set_rollback(True))
        note("kept")
        assert not readable(0).exists()
        elsewhere.do(lambda: lost.__exit__(None, None, None))
        assert [event.kind for event in readable(0)] == ["kept"]

    def test_a_long_transaction_without_events_holds_nobody_up(self, elsewhere: Elsewhere) -> None:
        other = transaction.atomic()
        elsewhere.do(other.__enter__)
        elsewhere.do(lambda: EventCursor.objects.create(name="writes something else") and None)
        note("early")
        assert [event.kind for event in readable(0)] == ["early"]
        elsewhere.do(lambda: note("late") and None)
        assert [event.kind for event in readable(0)] == ["early"]
        elsewhere.do(lambda: other.__exit__(None, None, None))
        assert [event.kind for event in readable(0)] == ["early", "late"]

    def test_the_first_event_ever_is_waited_for(self, elsewhere: Elsewhere) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER SEQUENCE core_event_id_seq RESTART")
        first = transaction.atomic()
        elsewhere.do(first.__enter__)
        elsewhere.do(lambda: note("first") and None)
        note("second")
        assert not readable(0).exists()
        elsewhere.do(lambda: first.__exit__(None, None, None))
        assert [event.kind for event in readable(0)] == ["first", "second"]

    def test_one_lock_covers_a_transaction_and_comes_back_after_a_lost_savepoint(self, elsewhere: Elsewhere) -> None:
        writing = transaction.atomic()
        elsewhere.do(writing.__enter__)
        lost = transaction.atomic()
        elsewhere.do(lost.__enter__)
        elsewhere.do(lambda: note("lost") and None)
        elsewhere.do(lambda: transaction.set_rollback(True))
        elsewhere.do(lambda: lost.__exit__(None, None, None))
        for _number in range(3):
            elsewhere.do(lambda: note("kept") and None)
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint >> 16 = %s
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""",
                [LOCK_SPACE],
            )
            held = cursor.fetchone()[0]
        note("beside")
        assert not readable(0).exists()
        elsewhere.do(lambda: writing.__exit__(None, None, None))
        assert [event.kind for event in readable(0)] == ["kept", "kept", "kept", "beside"]
        assert held == 1

    def test_a_reader_beside_many_writers_sees_each_row_once_and_in_order(self) -> None:
        seen: list[int] = []
        stop = threading.Event()

        def read() -> None:
            try:
                while not stop.is_set():
                    seen.extend(event.pk for event in readable(seen[-1] if seen else 0))
            finally:
                connection.close()

        def write() -> bool:
            for number in range(40):
                with transaction.atomic():
                    note(subject_id=number)
                    note(subject_id=number)
                    transaction.set_rollback(number % 7 == 0)
            return True

        reader = threading.Thread(target=read)
        reader.start()
        in_threads(4, write)
        stop.set()
        reader.join()
        seen.extend(event.pk for event in readable(seen[-1] if seen else 0))
        assert seen == list(Event.objects.order_by("id").values_list("id", flat=True))
        assert len(seen) == 4 * 34 * 2


@pytest.mark.django_db
class TestConsumers:
    def test_each_event_is_handled_once(self) -> None:
        seen: list[int] = []
        for number in range(5):
            note(subject_id=number)
        while consume("c", lambda events: seen.extend(event.subject_id for event in events), batch=2):
            pass
        assert seen == [0, 1, 2, 3, 4]
        note(subject_id=5)
        assert consume("c", lambda events: seen.extend(event.subject_id for event in events)) == 1
        assert seen == [0, 1, 2, 3, 4, 5]

    def test_only_wanted_kinds_arrive_and_the_others_are_passed(self) -> None:
        seen: list[str] = []
        note("a")
        note("b")
        assert consume("c", lambda events: seen.extend(event.kind for event in events), kinds=["b"]) == 2
        assert seen == ["b"]
        assert consume("c", lambda events: None) == 0

    def test_what_a_failing_consumer_wrote_is_undone_and_done_again(self) -> None:
        note()

        def half(events: list[Event]) -> None:
            EventCursor.objects.create(name="written by the consumer")
            raise ValueError("broken")

        assert consume("c", half) == 0
        cursor = EventCursor.objects.get()
        assert (cursor.attempt, cursor.last_id) == (1, 0)
        assert consume("c", lambda events: None) == 0  # backing off
        assert consume("c", lambda events: None, now=cursor.next_at) == 1

    def test_only_the_event_at_fault_is_given_up_and_that_loudly(self) -> None:
        events = [note(subject_id=number) for number in range(3)]
        seen: list[int] = []

        def picky(batch: list[Event]) -> None:
            for event in batch:
                if event.subject_id == 1:
                    raise ValueError("indigestible")
                seen.append(event.pk)

        moment = judging_moment()
        for _try in range(30):
            consume("c", picky, now=moment)
            moment = max(moment, EventCursor.objects.get().next_at)
        assert [pk for pk in seen if pk in {events[0].pk, events[2].pk}][-2:] == [events[0].pk, events[2].pk]
        alarm = Event.objects.get(kind="consumer.dead")
        assert (alarm.subject_id, alarm.payload["consumer"]) == (events[1].pk, "c")


@pytest.mark.django_db(transaction=True)
def test_a_consumer_that_is_read_elsewhere_is_left_alone(elsewhere: Elsewhere) -> None:
    note()
    consume("c", lambda events: None)
    held = transaction.atomic()
    elsewhere.do(held.__enter__)
    elsewhere.do(lambda: EventCursor.objects.select_for_update().get(name="c") and None)
    note()
    assert consume("c", lambda events: None) == 0
    elsewhere.do(lambda: held.__exit__(None, None, None))
