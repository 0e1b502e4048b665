"""How the survey link gets to the customer: by mail, into the conversation, or through an agent's hands."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.questionnaires.models import InvitationState
from crm.followups.models import SurveyInvitation
from crm.followups.services.links import survey_url
from crm.followups.services.survey_mail import send_survey_link
from customers import outreach
from customers.models import Customer, Outreach
from customers.outreach.ways import NoLongerWanted, register_way
from customers.outreach.ways import Way as OutreachWay
from customers.outreach_choices import OutreachChannel, OutreachPurpose
from tickets import channels
from tickets.choices import TicketStatus
from tickets.models import Ticket
from tickets.services import conversation, outgoing


class Way(StrEnum):
    MAIL = "mail"
    CONVERSATION = "conversation"
    BY_HAND = "by_hand"


SUBJECT = "survey"
#: The keys under which these links leave; each is its own way, since the link is made when it is sent.
WAYS = {Way.MAIL: "survey_mail", Way.CONVERSATION: "survey_talk"}
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
    """Bring the link on its way through the one door, in the caller's transaction. By hand an agent passes it on."""
    ticket = survey.ticket
    way = way_to(ticket)
    if way == Way.BY_HAND:
        return
    outreach.reach(
        actor=None,
        wanted=outreach.Wanted(
            key=f"survey:{survey.pk}",
            customer=ticket.customer,
            purpose=OutreachPurpose.SURVEY,
            title=_("满意度评价邀请"),
            # The link is for one person and stands nowhere but in what they get.
            body=_("邀请客户评价工单 %(number)s。") % {"number": ticket.number},
            way=WAYS[way],
            lane=f"email:{ticket.pk}" if way == Way.MAIL else "",
            subject_type=SUBJECT,
            subject_id=survey.pk,
        ),
    )


def register() -> None:
    """Tell outreach how these links leave, once at start-up."""
    for key, channel, send in (
        (WAYS[Way.MAIL], OutreachChannel.EMAIL, _mail),
        (WAYS[Way.CONVERSATION], OutreachChannel.CONVERSATION, _say),
    ):
        register_way(OutreachWay(key, channel, _everybody, send, is_offered=False))


def _everybody(customers: Collection[Customer]) -> set[int]:
    """Whether the ticket's customer is reached was asked with the ticket."""
    return {customer.pk for customer in customers}


def _mail(row: Outreach) -> None:
    survey, url = _open_link(row)
    send_survey_link(survey, url)


def _say(row: Outreach) -> None:
    survey, url = _open_link(row)
    body = _("您的工单已处理完成，请花半分钟评价我们的服务：%(url)s") % {"url": url}
    conversation.automatic_message(ticket=survey.ticket, body=body)


def _open_link(row: Outreach) -> tuple[SurveyInvitation, str]:
    """The survey and its link, unless it was answered or withdrawn since."""
    rows = SurveyInvitation.objects.select_related("invitation", "ticket__customer", "ticket__channel")
    survey = rows.filter(pk=row.subject_id).first()
    url = survey_url(survey) if survey is not None and survey.invitation.state == InvitationState.OPEN else None
    if survey is None or url is None or way_to(survey.ticket) == Way.BY_HAND:
        raise NoLongerWanted
    return survey, url


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
