"""What the look back on a closed complaint asks: the customer's score, and how the return visit ended."""

from crm.followups.choices import VisitOutcome, VisitStatus
from crm.followups.models import FollowUpVisit, SurveyInvitation
from tickets.models import Ticket
from tickets.services.outcomes import Reviews, register_reviews


def register() -> None:
    """Tell the ticket floor, once at start-up."""
    register_reviews(reviews_of)


def reviews_of(ticket: Ticket) -> Reviews:
    """The newest answer on the scale of five, and the newest visit in which the customer was reached."""
    answers = SurveyInvitation.objects.answered().filter(ticket=ticket, score__gte=1, score__lte=5)
    score = answers.order_by("-answered_at", "-pk").values_list("score", flat=True).first()
    visits = FollowUpVisit.objects.filter(ticket=ticket, status=VisitStatus.DONE)
    reached = visits.exclude(outcome=VisitOutcome.UNREACHABLE).order_by("-done_at", "-pk")
    return Reviews(score=score, verdict=reached.values_list("outcome", flat=True).first() or "")
