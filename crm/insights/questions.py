"""What a person asks a report about: days, and perhaps one queue or channel. Reads the address."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from core import clock
from core.text import unstorable
from crm.insights.days import LONGEST, Period, day_of
from crm.insights.models import DayCount
from crm.insights.querysets import DayCountQuerySet
from tickets.models import Channel, Queue

if TYPE_CHECKING:
    from crm.staff.models import User

DEFAULT_DAYS = 14
STEPS = ("day", "week")


def today() -> date:
    return day_of(clock.now())


@dataclass(frozen=True)
class Question:
    """The days, step, queue and channel of a report; `fault` says what could not be read of the address."""

    period: Period
    step: str = "day"
    queue: Queue | None = None
    channel: Channel | None = None
    fault: str = ""

    @classmethod
    def of(cls, query: QueryDict, user: "User") -> "Question":
        period, fault = period_of(query.get("from", ""), query.get("to", ""))
        queue, channel = (key_of(query.get(name, "")) for name in ("queue", "channel"))
        step = query.get("step", "")
        return cls(
            period=period,
            step=step if step in STEPS else STEPS[0],
            queue=queues_of(user).filter(key=queue).first() if queue else None,
            channel=Channel.objects.filter(key=channel).first() if channel else None,
            fault=fault,
        )

    def counts(self, user: "User", period: Period | None = None) -> DayCountQuerySet:
        """The counts asked for, within the person's sight."""
        rows: DayCountQuerySet = DayCount.objects.visible_to(user).within(period or self.period)
        if self.queue is not None:
            rows = rows.filter(queue=self.queue)
        return rows if self.channel is None else rows.filter(channel=self.channel)

    def query(self, **changes: str) -> str:
        """The address of this question with some parts changed; "" removes one."""
        parts = {
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "queue": self.queue.key if self.queue else "",
            "channel": self.channel.key if self.channel else "",
            **changes,
        }
        return urlencode({name: value for name, value in parts.items() if value})


def period_of(first: str, last: str) -> tuple[Period, str]:
    """The days two words of an address name, the usual ones where they name none; and what was wrong with them."""
    usual = Period.ending(today(), days=DEFAULT_DAYS)
    if not first and not last:
        return usual, ""
    try:
        end = date.fromisoformat(last) if last else today()
        start = date.fromisoformat(first) if first else end - timedelta(days=DEFAULT_DAYS - 1)
        # Beyond these years there are no days to go back to or ahead.
        if not 2000 <= start.year <= end.year <= 2100:
            raise ValueError("No such year.")
        return Period(start, end), ""
    except ValueError:
        return usual, _("起止日期不正确：请选择先后有序、不超过 {days} 天的两天。").format(days=LONGEST)


def key_of(text: str) -> str:
    """A key as it may be asked for; what no key can hold finds nothing."""
    return "" if unstorable(text) else text[:100]


def queues_of(user: "User") -> "QuerySet[Queue]":
    """Queues whose figures the person sees."""
    rows = Queue.objects.all()
    return rows if user.sees_everything else rows.filter(pk__in=user.queue_ids)


def tickets_url(**filters: str) -> str:
    """The ticket list with filters."""
    try:
        address = reverse("ticket_list")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode({name: value for name, value in filters.items() if value})}"


def rows_url(metric: str, question: Question, **more: str) -> str:
    """The rows behind a figure."""
    return f"{reverse('report_rows', args=[metric])}?{question.query(**more)}"
