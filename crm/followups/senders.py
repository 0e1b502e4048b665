"""What of the outbox leaves through follow-ups."""

from core.outbox import OutboxItem, outbox_sender
from crm.followups.services import survey_mail


@outbox_sender(survey_mail.SURVEY)
def send_survey_email(item: OutboxItem) -> None:
    """The link to rate a solved ticket."""
    survey_mail.send_survey_link(item.payload["survey"])
