"""What tickets hear from lower floors."""

from core.events import Event, event_consumer
from tickets.grading import watching as grading
from tickets.ledger import chain
from tickets.procedures import following
from tickets.services import plan_payouts, rules
from tickets.services.aftersales import recalled
from tickets.services.norms import judging
from tickets.services.platform_norms import counting


@event_consumer("tickets.calendars", kinds=["calendar.changed", "public_holidays.loaded"])
def follow_calendars(events: list[Event]) -> None:
    """Open promises follow the calendar they are reckoned by."""
    for event in events:
        calendar_id = event.subject_id if event.kind == "calendar.changed" else None
        rules.calendar_changed(calendar_id=calendar_id, cause=f"event:{event.pk}")


@event_consumer(chain.CONSUMER)
def keep_ledger(events: list[Event]) -> None:
    """What happens to goods and money is chained into the after-sales ledger."""
    chain.append(events)


@event_consumer("tickets.norms", kinds=judging.KINDS)
def judge_norms(events: list[Event]) -> None:
    """A stage that ended is judged by the norms set for it."""
    judging.judge(events)


@event_consumer("tickets.platform_norms", kinds=counting.KINDS)
def count_for_platforms(events: list[Event]) -> None:
    """What a platform counts is counted as it happens."""
    counting.count(events)


@event_consumer("tickets.procedures", kinds=following.KINDS)
def follow_procedures(events: list[Event]) -> None:
    """The complaint SOP begins with a complaint, and every run follows its ticket."""
    following.react(events)


@event_consumer("tickets.grading", kinds=grading.KINDS)
def grade_complaints(events: list[Event]) -> None:
    """Complaints have their level, and what must be raised is raised."""
    grading.react(events)


@event_consumer("tickets.recalls", kinds=recalled.KINDS)
def follow_recalled_goods(events: list[Event]) -> None:
    """What came back or was made good moves the recall it belongs to."""
    recalled.react(events)


@event_consumer("tickets.plan_payouts", kinds=plan_payouts.KINDS)
def book_plans(events: list[Event]) -> None:
    """What a disruption's plan gave stands in the ledger of compensations, to be paid."""
    plan_payouts.book(events)
