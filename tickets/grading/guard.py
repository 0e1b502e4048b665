"""Who may end a grave complaint (C10)."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.errors import NotAllowed
from tickets.choices import Priority, TicketType
from tickets.models import ComplaintGrade, ComplaintLevel, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User


def level_of(ticket: Ticket) -> ComplaintLevel | None:
    row = ComplaintGrade.objects.select_related("level__queue").filter(ticket=ticket).first()
    return row.level if row is not None else None


def check_may_end(ticket: Ticket, actor: "User | None") -> None:
    """Refuse solving or closing a grave complaint to somebody who is no specialist (C10)."""
    if actor is None or ticket.type != TicketType.COMPLAINT:
        return
    level = level_of(ticket)
    if level is None or not level.is_for_specialists or actor.has_perm("tickets.end_major_complaint"):
        return
    if level.queue_id is not None and level.queue_id in actor.queue_ids:
        return
    sentence = _("“%(level)s”须由专人结案，请转给组长、主管或专项队列。") % {"level": level.name}
    raise NotAllowed(sentence, code="specialists_only")


def holds_priority(ticket: Ticket, wanted: str) -> bool:
    """Whether a raised ticket would be lowered in silence by giving it this priority."""
    order = [str(one) for one in Priority]
    if order.index(wanted) >= order.index(ticket.priority):
        return False
    return ticket.escalations.filter(ended_at=None).exists()
