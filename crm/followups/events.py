"""The shapes of events about surveys and visits."""

from typing import Any

from core.events import EventData
from crm.followups.models import FollowUpVisit, SurveyInvitation

SURVEY_INVITED = "survey.invited"
SURVEY_SKIPPED = "survey.skipped"
SURVEY_ANSWERED = "survey.answered"
SURVEY_UNSATISFIED = "survey.unsatisfied"
SURVEY_REOPENED = "survey.reopened"
VISIT_PLANNED = "visit.planned"
VISIT_CHANGED = "visit.changed"
VISIT_SKIPPED = "visit.skipped"
VISIT_DUE = "visit.due"
VISIT_ATTEMPTED = "visit.attempted"
VISIT_COMPLETED = "visit.completed"
VISIT_CANCELLED = "visit.cancelled"


def survey_event(kind: str, survey: SurveyInvitation, actor: Any = None, **data: Any) -> EventData:
    """An event of the ticket: it stands in the ticket's history."""
    ticket = survey.ticket
    told = ticket.audience
    if kind == SURVEY_UNSATISFIED and survey.assignee_id:
        told.append(f"user:{survey.assignee_id}")
    payload = {
        "ticket": ticket.pk,
        "number": ticket.number,
        "survey": survey.pk,
        "queue": survey.queue_id,
        "assignee": survey.assignee_id,
        **data,
    }
    return EventData(
        kind=kind, subject_type="ticket", subject_id=ticket.pk, actor=actor, audience=told, payload=payload
    )


def visit_event(kind: str, visit: FollowUpVisit, actor: Any = None, **data: Any) -> EventData:
    """An event of the visit's ticket, or of the visit itself when it has none."""
    ticket = visit.ticket
    payload = {
        "visit": visit.pk,
        "ticket": visit.ticket_id,
        "number": ticket.number if ticket is not None else None,
        "customer": visit.customer_id,
        "assignee": visit.assignee_id,
        "due_at": visit.due_at.isoformat(),
        **data,
    }
    return EventData(
        kind=kind,
        subject_type="ticket" if ticket is not None else "follow_up_visit",
        subject_id=ticket.pk if ticket is not None else visit.pk,
        actor=actor,
        audience=visit.audience,
        payload=payload,
    )
