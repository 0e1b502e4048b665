"""Asking for a score when a ticket is solved, and taking the answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core.events import Event, record_event, record_events
from core.questionnaires.models import Invitation, Questionnaire, QuestionnaireVersion, Response
from core.questionnaires.services import NewInvitation, answer, invite, publish_questionnaire
from crm.followups import csat
from crm.followups.events import (
    SURVEY_ANSWERED,
    SURVEY_INVITED,
    SURVEY_SKIPPED,
    SURVEY_UNSATISFIED,
    survey_event,
)
from crm.followups.models import FollowupSettings, SurveyInvitation
from crm.followups.services.delivery import deliver_link
from crm.followups.services.dissatisfied import take_back
from tickets.models import Ticket


def csat_version() -> QuestionnaireVersion:
    """The published satisfaction questionnaire; the house one is published when there is none."""
    questionnaire = Questionnaire.objects.filter(key=csat.CSAT_KEY).first()
    version = questionnaire.live_version() if questionnaire else None
    return version or publish_questionnaire(
        actor=None,
        key=csat.CSAT_KEY,
        name=csat.CSAT_NAME,
        title=csat.TITLE,
        introduction=csat.INTRODUCTION,
        thanks=csat.THANKS,
        questions=csat.QUESTIONS,
    )


@transaction.atomic
def invite_for_solved_ticket(*, ticket_id: int, solve_number: int, solved_at: datetime) -> SurveyInvitation | None:
    """Invite once for each time a ticket is solved; the same solve again gives the first invitation.

    None when surveys are off, the ticket was merged away, or the customer asked not to be contacted.
    """
    current = FollowupSettings.current()
    ticket = Ticket.objects.select_related("customer", "channel").filter(pk=ticket_id, merged_into=None).first()
    if ticket is None or not current.is_survey_on:
        return None
    if ticket.solved_at is not None and ticket.solved_at <= solved_at:
        solved_at = ticket.solved_at  # the event is written a breath later
    known = SurveyInvitation.objects.filter(ticket=ticket, solve_number=solve_number).first()
    if known is not None:
        return known
    if ticket.customer.do_not_contact_at:
        _record_skip(ticket, solve_number)
        return None
    invitation, is_new = invite(
        NewInvitation(
            key=f"csat:ticket:{ticket_id}:{solve_number}",
            version=csat_version(),
            subject_type="ticket",
            subject_id=ticket_id,
            recipient=f"customer:{ticket.customer_id}",
            created_at=solved_at,
            expires_at=solved_at + timedelta(days=current.survey_days),
        )
    )
    return _attach(ticket, invitation, solve_number, solved_at) if is_new else _attached(invitation)


def _attach(ticket: Ticket, invitation: Invitation, solve_number: int, solved_at: datetime) -> SurveyInvitation:
    survey = SurveyInvitation.objects.create(
        invitation=invitation,
        ticket=ticket,
        customer_id=ticket.customer_id,
        assignee_id=ticket.assignee_id,
        queue_id=ticket.queue_id,
        solve_number=solve_number,
        solved_at=solved_at,
    )
    deliver_link(survey)
    record_events([survey_event(SURVEY_INVITED, survey, expires_at=invitation.expires_at.isoformat())])
    return survey


def _attached(invitation: Invitation) -> SurveyInvitation | None:
    return SurveyInvitation.objects.filter(invitation=invitation).first()


def _record_skip(ticket: Ticket, solve_number: int) -> None:
    """Once for each time it was solved, however often the event is read."""
    told = {"ticket": ticket.pk, "reason": "do_not_contact", "solve": solve_number}
    if not Event.objects.about("ticket", ticket.pk).filter(kind=SURVEY_SKIPPED, payload=told).exists():
        record_event(kind=SURVEY_SKIPPED, subject_type="ticket", subject_id=ticket.pk, actor=None, payload=told)


@transaction.atomic
def cancel_surveys(*, ticket_id: int, solved_before: datetime) -> int:
    """Withdraw unanswered invitations for solutions up to a moment (the ticket was re-opened); returns how many."""
    waiting = Invitation.objects.filter(
        survey__ticket_id=ticket_id, survey__solved_at__lte=solved_before, answered_at=None, cancelled_at=None
    )
    return waiting.update(cancelled_at=solved_before)


@transaction.atomic
def answer_survey(*, token: str, raw: Mapping[str, Any]) -> Response:
    """Take a customer's answer: score, event, and the ticket's stage. A low score brings a complaint back (C23)."""
    response = answer(token=token, raw=raw)
    survey = (
        SurveyInvitation.objects.select_related("ticket", "invitation")
        .filter(invitation_id=response.invitation_id)
        .first()
    )
    if survey is None:
        return response
    survey.score = response.score
    survey.answered_at = response.created_at
    survey.save(update_fields=["score", "answered_at"])
    Ticket.objects.filter(pk=survey.ticket_id, evaluated_at=None, solved_at__isnull=False).update(
        evaluated_at=response.created_at, updated_at=response.created_at
    )
    data = {"score": response.score, "reasons": response.answers.get("reasons", [])}
    events = [survey_event(SURVEY_ANSWERED, survey, **data)]
    is_low = response.score is not None and response.score <= FollowupSettings.current().low_score
    if is_low:
        events.append(survey_event(SURVEY_UNSATISFIED, survey, **data))
    record_events(events)
    if is_low and response.score is not None:
        take_back(survey=survey, score=response.score)
    return response
