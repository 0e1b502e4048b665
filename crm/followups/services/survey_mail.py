"""The survey link by mail, for customers who wrote by mail."""

from django.utils.translation import gettext as _

from core.outbox import enqueue
from core.questionnaires.models import InvitationState
from crm.followups.models import SurveyInvitation
from crm.followups.services.links import survey_url
from tickets.services import outgoing

SURVEY = "survey_email"


def queue_survey_link(survey: SurveyInvitation) -> None:
    """Send the link once, in the caller's transaction. Nothing to a customer who cannot or must not be written to."""
    if _may_ask(survey):
        enqueue(
            kind=SURVEY,
            dedupe_key=f"survey:{survey.pk}",
            target=f"ticket:{survey.ticket_id}",
            payload={"survey": survey.pk},
            lane=f"email:{survey.ticket_id}",
        )


def send_survey_link(survey_id: int) -> None:
    """Send a queued link, unless it was answered, withdrawn or refused since: then there is nothing to do."""
    survey = (
        SurveyInvitation.objects.select_related("invitation", "ticket__customer", "ticket__channel")
        .filter(pk=survey_id)
        .first()
    )
    if survey is None or survey.invitation.state != InvitationState.OPEN or not _may_ask(survey):
        return
    url = survey_url(survey)
    if url is None:
        return
    body = _(
        "您好！\n\n您的工单 %(number)s 已处理完成，请花半分钟评价我们的服务：\n%(url)s\n\n"
        "链接仅供您本人使用。如果问题还没有解决，直接回复本邮件即可。"
    ) % {"number": survey.ticket.number, "url": url}
    outgoing.send(
        outgoing.compose(survey.ticket, what=f"survey-{survey.pk}", body=body, auto_submitted="auto-generated")
    )


def _may_ask(survey: SurveyInvitation) -> bool:
    return outgoing.can_write_to(survey.ticket) and survey.ticket.customer.do_not_contact_at is None
