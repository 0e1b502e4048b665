"""What is counted per day: the names under which counts are kept."""

from crm.followups.choices import VisitOutcome
from tickets.choices import Metric, TicketType


def received(ticket_type: str) -> str:
    return f"received.{ticket_type}"


def met(metric: str) -> str:
    return f"sla.{metric}.met"


def breached(metric: str) -> str:
    return f"sla.{metric}.breached"


def visited(outcome: str) -> str:
    return f"visit.{outcome}"


RECEIVED = tuple(received(value) for value in TicketType.values)
SOLVED = "solved"
CLOSED = "closed"
CANCELLED = "cancelled"
REOPENED = "reopened"
REPLIES = "replies"

# Of the tickets received on a day, whenever it came.
ANSWERED = "first_response.count"
ANSWER_SECONDS = "first_response.seconds"
ANSWERED_FAST = "first_response.fast"
RESOLVED_IN_TIME = "resolved.cohort"

# Of the tickets solved for the first time on a day.
FIRST_SOLVED = "solved.first"
CAME_BACK = "solved.reopened"

MET = tuple(met(value) for value in Metric.values)
BREACHED = tuple(breached(value) for value in Metric.values)

SURVEYS_SENT = "survey.invited"
SURVEYS = "survey.count"
SURVEY_SUM = "survey.sum"
SURVEYS_SATISFIED = "survey.satisfied"

VISITS = tuple(visited(value) for value in VisitOutcome.values)
