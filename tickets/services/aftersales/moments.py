"""What happens when a moment of an after-sales request comes."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from core.events import record_events
from tickets import events
from tickets.aftersales_choices import AfterSalesAction, AfterSalesKind, AfterSalesState
from tickets.choices import NoticeKind
from tickets.models import AfterSales
from tickets.services import notices
from tickets.services.aftersales import flow, overdue, statutory
from tickets.services.aftersales.limits import OWED, TIMER_RED, TIMER_WARN

_S = AfterSalesState


@transaction.atomic
def moment_came(*, request_id: int, timer_kind: str, name: str, due_at: datetime) -> None:
    """A warning or an end was reached; nothing happens when the request went on in the meantime."""
    request = flow.locked(request_id)
    if request is None:
        return
    if timer_kind == TIMER_RED:
        if request.state in OWED:
            _near_red_line(request, due_at)
    elif timer_kind == TIMER_WARN:
        if request.due_at is not None:
            _tell(request, "warned", NoticeKind.AFTERSALES_WARNED, due_at)
    elif due_at in (request.due_at, request.goods_due_at):
        _over(request, name, due_at)


def _near_red_line(request: AfterSales, due_at: datetime) -> None:
    """The board tells the ticket's owner and the supervisors of the same line; then only the handler is left."""
    if not statutory.board_warns(request, at=due_at):
        _tell(request, "red_line", NoticeKind.AFTERSALES_RED_LINE, due_at, to_supervisors=True)
        return
    record_events([events.aftersales_event("red_line", request, None, due_at=due_at.isoformat())])
    if request.handler_id is not None and request.handler_id != request.ticket.assignee_id:
        notices.notify(users={request.handler_id}, kind=NoticeKind.AFTERSALES_RED_LINE, ticket=request.ticket)


def _over(request: AfterSales, name: str, due_at: datetime) -> None:
    if request.state == _S.FED_BACK:
        # Nobody has to evaluate: the request ends without a rating.
        flow.enter(request, AfterSalesAction.EVALUATE, _S.EVALUATED, None)
        return
    request.overdue_count += 1
    request.save(update_fields=["overdue_count"])
    overdue.record(request, state=request.state, due_at=due_at)
    slow = request.kind == AfterSalesKind.REPAIR and name == "goods"
    kind = NoticeKind.AFTERSALES_SLOW_REPAIR if slow else NoticeKind.AFTERSALES_OVERDUE
    _tell(request, "slow_repair" if slow else "overdue", kind, due_at, to_supervisors=True)


def _tell(request: AfterSales, what: str, kind: NoticeKind, due_at: datetime, *, to_supervisors: bool = False) -> None:
    event = events.aftersales_event(what, request, None, due_at=due_at.isoformat())
    record_events([event])
    users = {user for user in (request.handler_id, request.ticket.assignee_id) if user is not None}
    if to_supervisors:
        people: Any = get_user_model().objects
        seeing = people.who_see_queue(request.ticket.queue_id).filter(is_active=True)
        users |= {person.pk for person in seeing if person.has_perm("tickets.supervise_ticket")}
    notices.notify(users=users, kind=kind, ticket=request.ticket)
