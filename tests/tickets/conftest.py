"""A small service desk: two queues, two teams, a calendar that is always open, one policy."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from core.calendars.models import BusinessCalendar, OpeningHours
from crm.staff.models import Team
from tickets.choices import Metric, Priority
from tickets.models import Channel, Queue, SLAPolicy, SLATarget, Ticket
from tickets.services import intake

#: A Monday morning in Shanghai (09:00).
MONDAY_NINE = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)


@dataclass
class Desk:
    queue: Queue
    other_queue: Queue
    calendar: BusinessCalendar
    policy: SLAPolicy
    channel: Channel


def always_open(name: str = "全天") -> BusinessCalendar:
    calendar = BusinessCalendar.objects.create(name=name, timezone="Asia/Shanghai", holidays=None)
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, opens_minute=0, closes_minute=1440) for day in range(7)
    )
    return calendar


def promise(policy: SLAPolicy, **seconds: int) -> None:
    """The same targets at every priority, except that urgent has half the time."""
    for priority in Priority.values:
        factor = 2 if priority == Priority.URGENT else 1
        for metric in Metric.values:
            if metric in seconds:
                SLATarget.objects.create(
                    policy=policy, priority=priority, metric=metric, seconds=seconds[metric] // factor
                )


@pytest.fixture
def desk(db: None, team: Team, other_team: Team) -> Desk:
    queue = Queue.objects.create(key="desk", name="售后队列", is_default=True)
    other_queue = Queue.objects.create(key="presale", name="售前队列")
    team.queues.add(queue)
    other_team.queues.add(other_queue)
    calendar = always_open()
    policy = SLAPolicy.objects.create(name="标准", position=10, calendar=calendar)
    promise(policy, first_response=3600, next_response=1800, resolution=86400)
    channel = Channel.objects.create(key="taobao", name="淘宝", kind="shop")
    return Desk(queue, other_queue, calendar, policy, channel)


@pytest.fixture
def frozen() -> Any:
    """Time stands at Monday 09:00 Shanghai; move it with `frozen.shift(seconds)`."""
    with time_machine.travel(MONDAY_NINE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def make_ticket(desk: Desk) -> Callable[..., Ticket]:
    counter = iter(range(1, 10_000))

    def make(body: str = "请问这个怎么用", **values: Any) -> Ticket:
        customer = values.pop("customer", None) or intake.CustomerGiven(name="陈女士", phone="13800138000")
        request = intake.Request(
            channel=values.pop("channel", "taobao"),
            external_id=values.pop("external_id", f"m{next(counter)}"),
            body=body,
            customer=customer,
            **values,
        )
        return intake.receive(request=request, actor=None).ticket

    return make
