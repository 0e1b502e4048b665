"""Thirty days after a complaint was closed."""

from datetime import datetime

from core.timers import Timer, timer_handler
from tickets.services import outcomes
from tickets.services.transitions import TIMER_OUTCOME


@timer_handler(TIMER_OUTCOME)
def outcome_moment(timer: Timer) -> None:
    """Look at the closed complaint again."""
    closed_at = datetime.fromisoformat(timer.payload["closed_at"])
    outcomes.evaluate(ticket_id=timer.subject_id or 0, closed_at=closed_at)
