"""How the survey link gets to the customer: by mail, into the conversation, or through an agent's hands."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.questionnaires.models import InvitationState
from crm.followups.models import SurveyInvitation
from crm.followups.services.links import survey_url
from crm.followups.services.survey_mail import queue_survey_link
from tickets import channels
from tickets.choices import TicketStatus
from tickets.models import Ticket
from tickets.services import conversation, outgoing


class Way(StrEnum):
    MAIL = "mail"
    CONVERSATION = "conversation"
    BY_HAND = "by_hand"


SENTENCES: dict[Way, Promise] = {
    Way.MAIL: lazy("评价链接已用邮件发给客户。"),
    Way.CONVERSATION: lazy("评价链接已作为自动回复发给客户。"),
    Way.BY_HAND: lazy("此渠道不能自动发送，请把评价链接转交客户。"),
}


@dataclass(frozen=True)
class OpenSurvey:
    """A link that waits for its answer, and how the customer comes to it."""

    url: str
    way: Way

    @property
    def sentence(self) -> Promise:
        return SENTENCES[self.way]


def way_to(ticket: Ticket) -> Way:
    if outgoing.can_write_to(ticket):
        return Way.MAIL
    return Way.CONVERSATION if channels.of(ticket.channel.kind).is_relayed else Way.BY_HAND


def deliver_link(survey: SurveyInvitation) -> None:
    """Bring the link on its way, in the caller's transaction; nothing to who must not be written to."""
    if survey.ticket.customer.do_not_contact_at is not None:
        return
    way = way_to(survey.ticket)
    if way == Way.MAIL:
        queue_survey_link(survey)
    elif way == Way.CONVERSATION and (url := survey_url(survey)):
        body = _("您的工单已处理完成，请花半分钟评价我们的服务：%(url)s") % {"url": url}
        conversation.automatic_message(ticket=survey.ticket, body=body)


def open_survey_of(ticket: Ticket) -> OpenSurvey | None:
    """The link a customer can still answer; None when there is none or the customer must not be asked."""
    if ticket.status not in (TicketStatus.SOLVED, TicketStatus.CLOSED) or ticket.customer.do_not_contact_at is not None:
        return None
    rows = SurveyInvitation.objects.select_related("invitation").filter(ticket_id=ticket.pk, answered_at=None)
    survey = rows.order_by("-solve_number").first()
    if survey is None or survey.invitation.state != InvitationState.OPEN:
        return None
    url = survey_url(survey)
    return OpenSurvey(url, way_to(ticket)) if url else None
