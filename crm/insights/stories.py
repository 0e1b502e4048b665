"""Single tickets as the service-time formulas want them: those received in a period, in four statements."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, F, Min, Q, Sum

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
    rows = Ticket.objects.visible_to(user).filter(
        created_at__gte=question.period.start, created_at__lt=question.period.end, merged_into=None
    )
    if not user.sees_everything:
        rows = rows.filter(queue_id__in=user.queue_ids)
    if question.queue is not None:
        rows = rows.filter(queue=question.queue)
    if question.channel is not None:
        rows = rows.filter(channel=question.channel)
    found = list(rows.order_by().values_list("pk", "occurred_at", "first_responded_at", "reopen_count")[: MOST + 1])
    if len(found) > MOST:
        return None
    ids = [pk for pk, *_rest in found]
    solved = dict(
        Event.objects.filter(subject_type="ticket", subject_id__in=ids, kind=SOLVED)
        .order_by()
        .values_list("subject_id")
        .annotate(first=Min("at"))
    )
    paused = _pauses(ids)
    again = Counter(
        dict(
            TicketMessage.objects.filter(ticket_id__in=ids, kind=MessageKind.CUSTOMER)
            .filter(created_at__gt=F("ticket__first_responded_at"))
            .order_by()
            .values_list("ticket_id")
            .annotate(n=Count("pk"))
        )
    )
    return [
        TicketStory(
            created_at=occurred_at,
            replied_at=replied_at,
            resolved_at=solved.get(pk),
            is_reopened=reopened > 0,
            paused=paused.get(pk, timedelta(0)),
            contacts=1 + again[pk],
        )
        for pk, occurred_at, replied_at, reopened in found
    ]


def _pauses(ids: list[int]) -> dict[int, timedelta]:
    """What the clocks left out before the first solution."""
    ended = Q(ended_at__isnull=False) & ~Q(reason="solved")
    rows = TicketPause.objects.filter(ended, ticket_id__in=ids).order_by()
    return dict(rows.values_list("ticket_id").annotate(sum=Sum(F("ended_at") - F("started_at"))))
