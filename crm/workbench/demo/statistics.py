"""What the statistics of the story are of: causes people found, and the month's budget for compensation."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm.insights.complaints.causes import likely_cause
from crm.insights.days import day_of
from crm.insights.statistics.budgets import set_budget
from crm.workbench.demo.dice import Dice
from tickets.choices import Cause, TicketType
from tickets.models import Ticket
from tickets.services import editing

#: Every fourth complaint is still to be looked into; every third of the others has a second cause.
UNKNOWN_EVERY, SECOND_EVERY = 4, 3
BUDGET = Decimal(1500)


def show_statistics(*, staff: Mapping[str, Any], end: datetime) -> None:
    """Causes of most complaints, in the name of the supervisor, and budgets of this month and the one before."""
    supervisor, dice = staff["supervisor"], Dice("causes")
    by_label = {str(cause.label): cause for cause in Cause}
    complaints = Ticket.objects.filter(type=TicketType.COMPLAINT, merged_into=None).order_by("id")
    for number, ticket in enumerate(complaints):
        if number % UNKNOWN_EVERY == 0:
            continue
        causes = {by_label.get(str(likely_cause(ticket.category, ticket.triage_terms)), Cause.EXTERNAL)}
        if number % SECOND_EVERY == 0:
            causes.add(dice.one_of([Cause.PEOPLE, Cause.PROCESS, Cause.LOGISTICS]))
        editing.edit(ticket=ticket, actor=supervisor, changes={"causes": list(causes)})
    this = day_of(end).replace(day=1)
    for month in (this - timedelta(days=1), this):
        set_budget(actor=supervisor, month=month, amount=BUDGET)
