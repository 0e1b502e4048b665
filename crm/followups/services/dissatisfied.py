"""A customer is not satisfied with how a complaint ended: it goes back to work, to a supervisor (C23)."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict
from core.events import record_events
from crm.followups.events import SURVEY_REOPENED, survey_event
from crm.followups.models import SurveyInvitation
from tickets.choices import NoticeKind, TicketType
from tickets.grading import escalation
from tickets.grading.choices import TriggerKind
from tickets.models import Ticket
from tickets.services import notices, routing, transitions

if TYPE_CHECKING:
    from crm.staff.models import User


@transaction.atomic
def take_back(*, survey: SurveyInvitation, score: int) -> None:
    """Re-open the complaint unless it is open again already, raise it, and give it to a supervisor.

    One that was merged away comes back as the ticket it is part of. Raised for a low score already, it is not
    raised again, but its supervisor hears of it.
    """
    if survey.ticket.type != TicketType.COMPLAINT:
        return
    ticket = transitions.lock(_standing(survey.ticket))
    was_open = ticket.is_open
    if not was_open and not _reopened(ticket, score):
        _tell_supervisors(ticket)
        return
    ticket = transitions.lock(ticket)
    raised = escalation.raise_ticket(
        ticket=ticket, kind=TriggerKind.LOW_SCORE, detail=_("评价 %(n)d 分") % {"n": score}
    )
    people = _supervisors(ticket)
    if raised is None:
        _tell_supervisors(ticket)
    supervisor = _give(ticket, people)
    told = {"reopened": not was_open, "supervisor": supervisor.pk if supervisor else None, "score": score}
    record_events([survey_event(SURVEY_REOPENED, survey, **told)])


def _reopened(ticket: Ticket, score: int) -> bool:
    """Whether it is open again; one that ended too long ago stays closed, and the customer's answer counts."""
    try:
        transitions.reopen(ticket=ticket, actor=None, reason=_("客户评价 %(n)d 分") % {"n": score})
    except Conflict:
        return False
    return True


def _supervisors(ticket: Ticket) -> list[Any]:
    return escalation.people_of(ticket, escalation.ensure_triggers()[TriggerKind.LOW_SCORE].target_role)


def _tell_supervisors(ticket: Ticket) -> None:
    told = {person.pk for person in _supervisors(ticket)}
    notices.notify(users=told, kind=NoticeKind.ESCALATED, ticket=ticket, actor=None)


def _standing(ticket: Ticket) -> Ticket:
    while ticket.merged_into is not None:
        ticket = ticket.merged_into
    return ticket


def _give(ticket: Ticket, people: list[Any]) -> "User | None":
    """The least busy supervisor owns it, unless one of them does; with none it stays where it was."""
    if ticket.assignee in people:
        return ticket.assignee
    supervisor = routing.least_busy(people)
    if supervisor is not None:
        transitions.assign(ticket=ticket, actor=None, assignee=supervisor, reason=_("客户评价不满意"))
    return supervisor
