"""Merging a duplicate into the ticket that stays, and taking it back."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict
from core.events import record_events
from tickets import events
from tickets.choices import Confirmation, TicketStatus
from tickets.models import SLAClock, Ticket, TicketMerge, TicketMessage
from tickets.services import sla

if TYPE_CHECKING:
    from crm.staff.models import User


def _both(source: Ticket, target: Ticket) -> tuple[Ticket, Ticket]:
    """Both rows, locked in the order of their ids so that two merges cannot block each other."""
    rows = {
        row.pk: row
        for row in Ticket.objects.select_for_update(of=("self",)).filter(pk__in=[source.pk, target.pk]).order_by("pk")
    }
    return rows[source.pk], rows[target.pk]


@transaction.atomic
def merge(*, source: Ticket, target: Ticket, actor: "User") -> TicketMerge:
    """Move the conversation of `source` to `target` and close `source`. Both numbers keep working."""
    if source.pk == target.pk:
        raise Conflict(str(_("不能把工单合并到自身。")), code="same_ticket")
    source, target = _both(source, target)
    if source.merged_into_id or target.merged_into_id:
        raise Conflict(str(_("其中一张工单已被合并。")), code="merged")
    if source.customer_id != target.customer_id:
        raise Conflict(str(_("两张工单属于不同客户，不能合并。请先合并客户。")), code="different_customers")
    clocks = list(SLAClock.objects.filter(ticket=source, met_at=None, cancelled_at=None).values_list("pk", flat=True))
    messages = list(TicketMessage.objects.filter(ticket=source).values_list("pk", flat=True))
    record = TicketMerge.objects.create(
        source=source,
        target=target,
        actor=actor,
        merged_at=clock.now(),
        record={"status": source.status, "messages": messages, "clocks": clocks},
    )
    TicketMessage.objects.filter(pk__in=messages).update(ticket=target)
    sla.cancel_clocks(source)
    source.pauses.filter(ended_at=None).update(ended_at=clock.now())
    source.merged_into, source.status = target, TicketStatus.CLOSED
    source.closed_at = source.updated_at = target.updated_at = clock.now()
    source.confirmation = Confirmation.MERGED
    source.save(update_fields=["merged_into", "status", "closed_at", "updated_at", "confirmation", "next_due_at"])
    target.save(update_fields=["updated_at"])
    record_events(
        [
            events.ticket_event(events.MERGED, source, actor, into=target.pk, merge=record.pk),
            events.ticket_event(events.UPDATED, target, actor, action="merge", absorbed=source.pk, merge=record.pk),
        ]
    )
    return record


@transaction.atomic
def unmerge(*, merge: TicketMerge, actor: "User") -> Ticket:
    """Take a merge back: messages, state and running clocks return. Later messages stay where they were written."""
    source, target = _both(merge.source, merge.target)
    merge = TicketMerge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None or source.merged_into_id != target.pk:
        raise Conflict(str(_("该合并已经撤销。")), code="already_undone")
    TicketMessage.objects.filter(pk__in=merge.record["messages"], ticket=target).update(ticket=source)
    SLAClock.objects.filter(pk__in=merge.record["clocks"]).update(cancelled_at=None)
    source.merged_into, source.status, source.confirmation = None, merge.record["status"], ""
    if source.status != TicketStatus.CLOSED:
        source.closed_at = None
    source.updated_at = clock.now()
    sla.refresh(source)
    source.save(update_fields=["merged_into", "status", "confirmation", "closed_at", "updated_at", *sla.DUE_FIELDS])
    merge.undone_at = clock.now()
    merge.save(update_fields=["undone_at"])
    record_events([events.ticket_event(events.UNMERGED, source, actor, merge=merge.pk, target=target.pk)])
    return source
