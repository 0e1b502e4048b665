"""Single tickets as the service-time formulas want them: those received in a period, in four statements."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, F, Min, QuerySet

from core.events import Event
from crm.insights.questions import Question
from crm.insights.service_times import TicketStory
from tickets.choices import MessageKind
from tickets.events import SOLVED
from tickets.models import Ticket, TicketMessage, TicketPause

if TYPE_CHECKING:
    from crm.staff.models import User

MOST = 20_000
LONGEST_DAYS = 92


def stories(user: "User", question: Question) -> list[TicketStory] | None:
    """The tickets received in the period; None when the period is too long or has too many to look at one by one."""
    if question.period.length > LONGEST_DAYS:
        return None
    rows = _received(user, question).order_by()
    found = list(rows.values_list("pk", "occurred_at", "first_responded_at", "reopen_count")[: MOST + 1])
    if len(found) > MOST:
        return None
    ids = [pk for pk, *_rest in found]
    solved = _first_solutions(ids)
    paused = _pauses(solved)
    again = _later_messages(ids)
    return [
        TicketStory(
            created_at=occurred_at,
            replied_at=replied_at,
            resolved_at=solved.get(pk),
            is_reopened=reopened > 0,
            paused=paused[pk],
            contacts=1 + again[pk],
        )
        for pk, occurred_at, replied_at, reopened in found
    ]


def _received(user: "User", question: Question) -> QuerySet[Ticket]:
    rows = Ticket.objects.visible_to(user).filter(
        created_at__gte=question.period.start, created_at__lt=question.period.end, merged_into=None
    )
    if not user.sees_everything:
        rows = rows.filter(queue_id__in=user.queue_ids)
    if question.queue is not None:
        rows = rows.filter(queue=question.queue)
    return rows if question.channel is None else rows.filter(channel=question.channel)


def _first_solutions(ids: list[int]) -> dict[int, datetime]:
    rows = Event.objects.filter(subject_type="ticket", subject_id__in=ids, kind=SOLVED).order_by()
    return dict(rows.values_list("subject_id").annotate(first=Min("at")))


def _pauses(solved: dict[int, datetime]) -> defaultdict[int, timedelta]:
    """What the clocks left out before the first solution."""
    found: defaultdict[int, timedelta] = defaultdict(timedelta)
    rows = TicketPause.objects.filter(ticket_id__in=list(solved)).order_by()
    for ticket_id, started_at, ended_at in rows.values_list("ticket_id", "started_at", "ended_at"):
        until = min(ended_at or solved[ticket_id], solved[ticket_id])
        found[ticket_id] += max(until - started_at, timedelta(0))
    return found


def _later_messages(ids: list[int]) -> Counter[int]:
    """How often the customer wrote again after the first answer."""
    rows = TicketMessage.objects.filter(ticket_id__in=ids, kind=MessageKind.CUSTOMER)
    later = rows.filter(created_at__gt=F("ticket__first_responded_at")).order_by()
    return Counter(dict(later.values_list("ticket_id").annotate(n=Count("pk"))))
