"""What the customer of a complaint asks for (C30)."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import record_events
from tickets import events
from tickets.models import CustomerDemand, Ticket
from tickets.services import routing, transitions

if TYPE_CHECKING:
    from crm.staff.models import User

RECORDED = "ticket.demand_recorded"
WORDS_LENGTH = 500


def demand_of(ticket: Ticket) -> CustomerDemand | None:
    """What was recorded; None when nobody asked yet."""
    return CustomerDemand.objects.select_related("recorded_by").filter(ticket=ticket).first()  # type: ignore[no-any-return]


@transaction.atomic
def record_demand(
    *, ticket: Ticket, actor: "User", amount: Decimal | None = None, remedy: str = "", words: str = ""
) -> CustomerDemand:
    """Keep what the customer asks for; a later answer replaces the former, whose sum stays in the history."""
    if not actor.has_perm("tickets.change_ticket"):
        raise NotAllowed(_("您没有登记客户诉求的权限。"))
    if amount is None and not remedy:
        sentence = _("请填写要求的金额或方式。")
        raise InvalidInput(sentence, fields={"amount": [sentence]})
    ticket = transitions.lock(ticket)
    routing.refuse_merged(ticket)
    row = CustomerDemand.objects.filter(ticket=ticket).first() or CustomerDemand(ticket=ticket)
    row.amount, row.remedy, row.words = amount, remedy, words
    row.recorded_by, row.recorded_at = actor, clock.now()
    row.save()
    told = {"amount": None if amount is None else str(amount), "remedy": remedy}
    record_events([events.ticket_event(RECORDED, ticket, actor, **told)])
    return row
