"""Tickets as the subject of procedures."""

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core.procedures import registry
from core.procedures.choices import Alarm, TaskNews
from core.procedures.models import ProcedureRun, ProcedureTask
from core.procedures.registry import Card, SubjectKind
from core.wording import parts
from tickets.choices import NoticeKind
from tickets.models import Queue, Ticket
from tickets.procedures.facts import PROCEDURE_FIELDS, ProcedureFacts
from tickets.querysets import sight
from tickets.services import notices
from tickets.services.transfer_rules import staffed_queue_ids

SUBJECT = "ticket"
_NOTICES = {
    Alarm.UNSTAFFED: NoticeKind.TASK_UNSTAFFED,
    Alarm.OVERDUE: NoticeKind.TASK_OVERDUE,
    Alarm.RETURNED: NoticeKind.TASK_RETURNED,
}
_NEWS = {TaskNews.GIVEN: NoticeKind.TASK_GIVEN, TaskNews.WITHDRAWN: NoticeKind.TASK_WITHDRAWN}


def register() -> None:
    """Tell the procedures, once at start-up."""
    registry.register(
        SubjectKind(
            key=SUBJECT,
            label=_("工单"),
            codename="tickets.view_ticket",
            sight=_sight,
            fields=PROCEDURE_FIELDS,
            facts=ProcedureFacts,
            owner=_owner,
            is_staffed=_is_staffed,
            category=_category,
            cards=_cards,
            find=_find,
            audience=_audience,
            alarm=_alarm,
            news=_news,
            left=_left,
        )
    )


def _sight(user: Any) -> Q:
    """Runs of tickets one may see, judged row by row."""
    return Q(Exists(Ticket.objects.filter(pk=OuterRef("subject_id")).filter(sight(user))))


def _owner(ticket_id: int) -> int | None:
    rows = Ticket.objects.filter(pk=ticket_id, assignee__is_active=True)
    return rows.values_list("assignee_id", flat=True).first()


def _is_staffed(ticket_id: int) -> bool:
    """Whether somebody serves the ticket's queue."""
    return Ticket.objects.filter(pk=ticket_id, queue__in=staffed_queue_ids()).exists()


def _category(ticket_id: int) -> str:
    return Ticket.objects.filter(pk=ticket_id).values_list("category", flat=True).first() or ""


def _cards(ticket_ids: Sequence[int]) -> dict[int, Card]:
    """What a department needs: number, matter, goods and order; nothing about the person."""
    columns = ("pk", "number", "category", "type", "order_no", "product", "batch")
    found = {}
    for row in Ticket.objects.filter(pk__in=ticket_ids).only(*columns):
        details = [
            _("订单 %(no)s") % {"no": row.order_no} if row.order_no else "",
            _("商品 %(sku)s") % {"sku": row.product} if row.product else "",
            _("批次 %(batch)s") % {"batch": row.batch} if row.batch else "",
        ]
        found[row.pk] = Card(
            title=row.category or row.get_type_display(),
            number=row.number,
            link=f"/desk/{row.number}/",
            details=parts(one for one in details if one),
        )
    return found


def _find(user: Any, word: str) -> int | None:
    found: int | None = Ticket.objects.visible_to(user).named(word).values_list("pk", flat=True).first()
    return found


def _audience(ticket_id: int) -> list[str]:
    row = Ticket.objects.filter(pk=ticket_id).only("queue_id", "assignee_id").first()
    return row.audience if row is not None else []


def _alarm(task: ProcedureTask, kind: str) -> None:
    """Who has the ticket in hand and who supervises its queue are told."""
    ticket = Ticket.objects.defer("search").get(pk=task.run.subject_id)
    told = {ticket.assignee_id} if ticket.assignee_id else set()
    notices.notify(users=told | _supervisors(ticket.queue), kind=_NOTICES[Alarm(kind)], ticket=ticket)


def _news(task: ProcedureTask, news: str, people: Collection[int], actor: Any) -> None:
    """The bell of the department's people; it leads to their tasks, for the ticket may not be theirs to see."""
    ticket = Ticket.objects.only("pk").get(pk=task.run.subject_id)
    notices.notify(users=people, kind=_NEWS[TaskNews(news)], ticket=ticket, actor=actor)


def _supervisors(queue: Queue) -> set[int]:
    people: Any = get_user_model().objects
    seeing = people.who_see_queue(queue.pk).filter(is_active=True)
    return {person.pk for person in seeing if person.has_perm("core.supervise_proceduretask")}


def _left(run: ProcedureRun, step: str, actor: Any) -> None:
    """A step was done. What the ticket itself must show is asked by the step's condition, so nothing is left to do."""
