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
    Position,
    append_only,
    consume,
    latest_position,
    readable,
    record_event,
    record_events,
    ticket_event_recorded,
)
from core.events.models import AppendOnlyError
from core.events.reading import rebase_after_restore
from core.moments import judging_moment
from crm.staff.models import User


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
        assert event.xact > 0

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
        with connection.cursor() as cursor:
            cursor.execute(append_only.INSTALL)
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(statement)
            cursor.execute(append_only.REMOVE)


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
        elsewhere.do(lambda: note("late"))
        early = note("early")
        seen = list(readable(0))
        # `early` is committed, but an older transaction still runs: nothing may be read past it.
        assert early.pk not in [event.pk for event in seen]
        place = Position(seen[-1].xact, seen[-1].pk) if seen else Position()
        elsewhere.do(lambda: late.__exit__(None, None, None))
        _wait_until_readable(2)
        assert [event.kind for event in readable(place)] == ["late", "early"]

    def test_an_older_transaction_that_writes_after_a_younger_is_not_skipped(self, elsewhere: Elsewhere) -> None:
        """The row with the higher id may belong to the lower transaction: ids alone are no order."""
        older = transaction.atomic()
        elsewhere.do(older.__enter__)
        elsewhere.do(lambda: EventCursor.objects.create(name="takes a transaction number") and None)
        younger = note("younger")
        elsewhere.do(lambda: note("older") and None)
        elsewhere.do(lambda: older.__exit__(None, None, None))
        _wait_until_readable(2)
        seen = list(readable(0))
        assert [event.kind for event in seen] == ["older", "younger"]
        assert seen[0].pk > younger.pk
        assert [event.kind for event in readable(seen[0].pk)] == ["younger"]
        assert latest_position() == Position(seen[1].xact, seen[1].pk)

    def test_after_a_restore_old_events_come_before_new_ones(self) -> None:
        first, second = note("first"), note("second")
        EventCursor.objects.create(name="c", last_xact=first.xact + 1000000000000, last_id=first.pk)
        with connection.cursor() as cursor:
            # As if the dump came from a cluster with far higher transaction numbers.
            cursor.execute("UPDATE core_event SET xact = xact + 1000000000000")
        assert rebase_after_restore() == 2
        assert rebase_after_restore() == 0
        third = note("third")
        _wait_until_readable(3)
        assert [event.pk for event in readable(0)] == [first.pk, second.pk, third.pk]
        read: list[str] = []
        consume("c", lambda events: read.extend(event.kind for event in events))
        assert read == ["second", "third"]


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


def _wait_until_readable(count: int) -> None:
    """Other transactions of the same server hold reading up for as long as they run."""
    deadline = threading.Event()
    for _try in range(400):
        if readable(0).count() >= count:
            return
        deadline.wait(0.05)
    raise AssertionError("the events did not become readable")
