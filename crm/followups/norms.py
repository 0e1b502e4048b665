"""What service norms ask of surveys."""

from typing import Any

from crm.followups.models import SurveyInvitation
from tickets.services.norms.facts import register_fact


def register() -> None:
    """Tell the ticket floor, once at start-up."""
    register_fact("survey.sent", survey_sent)


def survey_sent(ticket: Any) -> bool:
    """Whether the customer was asked for a score; who must not be contacted need not be asked."""
    if ticket.customer.do_not_contact_at:
        return True
    return SurveyInvitation.objects.filter(ticket=ticket, solve_number=max(ticket.solve_count, 1)).exists()
