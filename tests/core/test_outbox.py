"""What must leave the house leaves at least once, always under the same key."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from core.errors import NotAllowed
from core.events import Event
from core.outbox import (
    OutboxData,
    OutboxItem,
    OutboxState,
    Undeliverable,
    deliver_due,
    enqueue,
    enqueue_many,
    replay,
)
from core.outbox.delivery import LEASE
from core.outbox.registry import Sender
from crm.staff.models import User
from tests.core.concurrency import in_threads


class PostOffice:
    """A sender that notes what it sends and fails when told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.failures: list[BaseException] = []

    def send(self, item: OutboxItem) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(item.dedupe_key)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = PostOffice()
    monkeypatch.setattr(
        "core.outbox.delivery.senders",
        {"letter": Sender(office.send, None), "scheduled": Sender(office.send, (5, 300))},
    )
    return office


def put(key: str = "a", *, kind: str = "letter", lane: str = "", not_before: datetime | None = None) -> None:
    enqueue(kind=kind, dedupe_key=key, target="x", payload={"n": 1}, lane=lane, not_before=not_before)


def queued_at(key: str = "a") -> datetime:
    return OutboxItem.objects.get(dedupe_key=key).next_at


@pytest.mark.django_db
class TestQueueing:
    def test_an_item_is_sent_once(self, office: PostOffice) -> None:
        put()
        assert deliver_due() == 1
        assert deliver_due() == 0
        item = OutboxItem.objects.get()
        assert (office.sent, item.state) == (["a"], OutboxState.SENT)
        assert item.sent_at is not None

    def test_the_same_key_is_queued_once(self, office: PostOffice) -> None:
        put()
        put()
        deliver_due()
        put()
        assert deliver_due() == 0
        assert office.sent == ["a"]

    def test_many_are_queued_with_one_statement(self, django_assert_num_queries: Callable) -> None:
        with django_assert_num_queries(1):
            enqueue_many([OutboxData(kind="letter", dedupe_key=f"k{n}", target="x") for n in range(300)])

    def test_what_is_rolled_back_is_not_sent(self, office: PostOffice) -> None:
        with transaction.atomic():
            put()
            transaction.set_rollback(True)
        assert deliver_due() == 0

    def test_nothing_leaves_before_its_moment(self, office: PostOffice) -> None:
        moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        put(not_before=moment)
        assert deliver_due(now=moment - timedelta(seconds=1)) == 0
        assert deliver_due(now=moment) == 1


@pytest.mark.django_db
class TestFailure:
    def test_a_failure_is_tried_again_after_a_wait(self, office: PostOffice) -> None:
        put()
        start = queued_at()
        office.failures = [OSError("no route")]
        assert deliver_due(now=start) == 0
        wait = (queued_at() - start).total_seconds()
        assert 0.5 <= wait <= 1.5
        assert deliver_due(now=queued_at()) == 1
        assert office.sent == ["a"]

    def test_a_sender_with_a_schedule_keeps_to_it(self, office: PostOffice) -> None:
        put(kind="scheduled")
        moment = queued_at()
        office.failures = [OSError(), OSError(), OSError()]
        waits = []
        for _try in range(3):
            deliver_due(now=moment)
            waits.append((queued_at() - moment).total_seconds())
            moment = queued_at()
        assert 5 <= waits[0] <= 5.5
        assert 300 <= waits[1] <= 330
        assert OutboxItem.objects.get().state == OutboxState.DEAD

    def test_after_eight_failures_it_is_dead_and_tells_so(self, office: PostOffice) -> None:
        put()
        office.failures = [OSError("no route")] * 8
        for _try in range(8):
            deliver_due(now=queued_at())
        item = OutboxItem.objects.get()
        assert (item.state, item.attempt) == (OutboxState.DEAD, 8)
        alarm = Event.objects.get(kind="outbox.dead")
        assert alarm.payload["key"] == "a"

    def test_the_undeliverable_is_not_tried_again(self, office: PostOffice) -> None:
        put()
        office.failures = [Undeliverable("gone")]
        assert deliver_due() == 0
        assert OutboxItem.objects.get().state == OutboxState.DEAD

    def test_an_unknown_kind_waits_instead_of_being_lost(self, office: PostOffice) -> None:
        put(kind="of a newer release")
        assert deliver_due() == 0
        assert OutboxItem.objects.get().state == OutboxState.READY

    def test_replay_sends_under_the_old_key_and_works_once(self, office: PostOffice, admin: User) -> None:
        put()
        office.failures = [Undeliverable("gone")]
        deliver_due()
        ids = [OutboxItem.objects.get().pk]
        assert replay(ids=ids, actor=admin) == 1
        assert deliver_due() == 1
        assert replay(ids=ids, actor=admin) == 0
        assert office.sent == ["a"]

    def test_replay_asks_for_the_right(self, agent: User) -> None:
        with pytest.raises(NotAllowed):
            replay(ids=[1], actor=agent)


@pytest.mark.django_db
class TestOrder:
    def test_a_lane_keeps_its_order_while_its_first_item_waits(self, office: PostOffice) -> None:
        put("first", lane="ticket:1")
        put("second", lane="ticket:1")
        put("other", lane="ticket:2")
        start = queued_at("other")
        office.failures = [OSError()]
        assert deliver_due(now=start) == 1
        assert office.sent == ["other"]
        assert deliver_due(now=start + timedelta(seconds=10)) == 2
        assert office.sent == ["other", "first", "second"]

    def test_a_dead_item_lets_its_lane_go_on(self, office: PostOffice) -> None:
        put("first", lane="ticket:1")
        put("second", lane="ticket:1")
        office.failures = [Undeliverable("gone")]
        assert deliver_due() == 1
        assert office.sent == ["second"]


class Killed(BaseException):
    """The process died."""


@pytest.mark.django_db(transaction=True)
class TestCrash:
    def test_a_crash_between_sending_and_noting_sends_again_under_the_same_key(
        self, office: PostOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put()
        start = queued_at()

        def die(_item: OutboxItem) -> None:
            raise Killed

        monkeypatch.setattr("core.outbox.delivery._held", die)
        with pytest.raises(Killed):
            deliver_due(now=start)
        monkeypatch.undo()
        monkeypatch.setattr("core.outbox.delivery.senders", {"letter": Sender(office.send, None)})
        assert OutboxItem.objects.get().state == OutboxState.SENDING
        assert deliver_due(now=start + LEASE - timedelta(seconds=1)) == 0
        assert deliver_due(now=start + LEASE) == 1
        assert office.sent == ["a", "a"]

    def test_whoever_lost_the_lease_does_not_overwrite_the_result(
        self, office: PostOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put()
        start = queued_at()
        calls: list[str] = []

        def slow(item: OutboxItem) -> None:
            calls.append(item.dedupe_key)
            if len(calls) == 1:
                # Meanwhile the lease ends and another worker sends it.
                assert deliver_due(now=start + LEASE) == 1
                raise OSError("the slow one failed in the end")

        monkeypatch.setattr("core.outbox.delivery.senders", {"letter": Sender(slow, None)})
        deliver_due(now=start)
        assert OutboxItem.objects.get().state == OutboxState.SENT

    def test_several_workers_send_each_item_once(self, office: PostOffice) -> None:
        enqueue_many([OutboxData(kind="letter", dedupe_key=f"k{n}", target="x") for n in range(60)])
        assert sum(in_threads(3, deliver_due)) == 60
        assert sorted(office.sent) == sorted(f"k{n}" for n in range(60))

    def test_a_slow_receiver_does_not_hold_up_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        others_done = threading.Event()
        sent: list[str] = []

        def send(item: OutboxItem) -> None:
            if item.dedupe_key == "slow":
                assert others_done.wait(10)
            sent.append(item.dedupe_key)
            if len(sent) == 5:
                others_done.set()

        monkeypatch.setattr("core.outbox.delivery.senders", {"letter": Sender(send, None)})
        put("slow")
        for number in range(5):
            put(f"k{number}")
        assert deliver_due(senders_at_once=3) == 6
        assert sent[-1] == "slow"
