"""What people have in hand at the end of the story: put away, watched, tied together, planned; and who stands in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.approvals.services import name_substitute
from crm.staff.models import User
from tickets.choices import LinkKind
from tickets.models import Ticket
from tickets.services import conversation, relations, snoozing, watching

#: How many tickets of the agent are looked through for something that fits.
LOOKED_AT = 12


def show_desk(*, staff: Mapping[str, User], end: datetime) -> None:
    """On the agent's open tickets, the oldest first; on as many as there are."""
    agent, lead = staff["agent"], staff["lead"]
    rows: Any = Ticket.objects.open().filter(assignee=agent, merged_into=None, snoozed_at=None)
    mine = list(rows.select_related("channel", "customer").defer("search").order_by("pk")[:LOOKED_AT])
    for ticket in mine[:1]:
        conversation.add_note(ticket=ticket, actor=lead, body=f"@{agent.username} 这单客户很急，处理完请告诉我。")
        watching.watch(ticket=ticket, actor=lead)
    if len(mine) > 2:
        relations.link(ticket=mine[1], other=mine[2], actor=agent, kind=LinkKind.RELATED)
    for ticket in mine[3:4]:
        snoozing.snooze(ticket=ticket, actor=agent, until=end + timedelta(hours=18))
    name_substitute(
        actor=staff["supervisor"],
        person=staff["supervisor"],
        substitute=lead,
        starts_at=end + timedelta(days=5),
        ends_at=end + timedelta(days=12),
    )
