"""What the law wants done in a recall, by our role (rules S-01 … S-06), and by when."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop

from core.calendars.arithmetic import Schedule
from customers.recall_choices import OurRole, RecallClock

EVERYBODY = frozenset(OurRole.values)
MAKERS = frozenset({OurRole.PRODUCER.value, OurRole.IMPORTER.value})


@dataclass(frozen=True)
class Duty:
    """A rule: its period in working days (0: at once), whose it is, and whether we have read the law itself."""

    rule: str
    what: str
    basis: str
    days: int = 0
    roles: frozenset[str] = EVERYBODY
    only_serious: bool = False
    is_certain: bool = True


@dataclass(frozen=True)
class Due:
    duty: Duty
    clock: str
    due_at: datetime


DUTIES = (
    Duty("S-01", gettext_noop("停止销售，通知消费者，报告主管部门"), gettext_noop("消费者权益保护法第十九条")),
    Duty(
        "S-04",
        gettext_noop("向市场监管部门报告严重伤害"),
        gettext_noop("消费品召回管理暂行规定（待确认）"),
        days=2,
        only_serious=True,
    ),
    Duty(
        "S-05",
        gettext_noop("向省级主管部门提交召回计划"),
        gettext_noop("消费品召回管理暂行规定（待确认）"),
        days=10,
        roles=MAKERS,
        is_certain=False,
    ),
    Duty(
        "S-06",
        gettext_noop("发布召回信息"),
        gettext_noop("消费品召回管理暂行规定（待确认）"),
        days=5,
        roles=MAKERS,
        is_certain=False,
    ),
)


def duties_of(*, role: str, is_serious: bool, discovered_at: datetime, workdays: Schedule) -> list[Due]:
    """The duties with their last moments. The day of discovery is not counted; the last ends at 24:00.

    Raises CalendarDataMissing when the public days of a year are not known.
    """
    mine = [one for one in DUTIES if role in one.roles and (is_serious or not one.only_serious)]
    return [_due(one, discovered_at, workdays) for one in mine]


def _due(duty: Duty, discovered_at: datetime, workdays: Schedule) -> Due:
    if duty.days == 0:
        return Due(duty, RecallClock.AT_ONCE, discovered_at)
    last_day = workdays.add_working_days(workdays.local_date(discovered_at), duty.days)
    return Due(duty, RecallClock.WORKING, workdays.end_of_day(last_day))
