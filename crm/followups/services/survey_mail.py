"""The survey link by mail, for customers who wrote by mail."""

from django.utils.translation import gettext as _

from crm.followups.models import SurveyInvitation
from tickets.services import outgoing


def send_survey_link(survey: SurveyInvitation, url: str) -> None:
    """Send the link in the ticket's thread."""
    body = _(
        "您好！\n\n您的工单 %(number)s 已处理完成，请花半分钟评价我们的服务：\n%(url)s\n\n"
        "链接仅供您本人使用。如果问题还没有解决，直接回复本邮件即可。"
    ) % {"number": survey.ticket.number, "url": url}
    outgoing.send(
        outgoing.compose(survey.ticket, what=f"survey-{survey.pk}", body=body, auto_submitted="auto-generated")
    )
