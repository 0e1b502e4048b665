"""Passing a ticket on: at once, or after a supervisor's confirmation; and taking the last time back."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.approvals.models import ApprovalRequest, ApprovalState
from core.approvals.services import request_approval
from core.errors import Conflict
from core.events import record_events
from tickets import events
from tickets.choices import TransferState
from tickets.models import Queue, Ticket, TicketTransfer
from tickets.services import transitions
from tickets.services.transfer_rules import REASON_LENGTH, ConfirmationNeeded

if TYPE_CHECKING:
    from crm.staff.models import User

KIND = "transfer"


def transfer(*, ticket: Ticket, actor: "User", queue: Queue, reason: str = "") -> Ticket:
    """Pass the ticket on. From the third time on, somebody without the right to supervise asks for confirmation
    instead: the request is kept and told as Conflict "confirmation_requested"."""
    try:
        return transitions.move(ticket=ticket, actor=actor, queue=queue, reason=reason)
    except ConfirmationNeeded:
        waiting = ask(ticket=ticket, actor=actor, queue=queue, reason=reason)
    raise Conflict(
        _("这是第 %(n)d 次转接，已提交主管确认；确认前工单留在原队列。") % {"n": waiting.number},
        code="confirmation_requested",
        approval=waiting.approval_id,
    )


@transaction.atomic
def ask(*, ticket: Ticket, actor: "User", queue: Queue, reason: str) -> TicketTransfer:
    """Put a transfer before the supervisors. One request of a ticket waits at a time."""
    ticket = transitions.lock(ticket)
    if ticket.transfers.filter(state=TransferState.WAITING).exists():
        raise Conflict(_("这张工单已有一次转接在等主管确认。"), code="transfer_waiting")
    waiting = TicketTransfer.objects.create(
        ticket=ticket,
        number=ticket.move_count + 1,
        source=ticket.queue,
        target=queue,
        actor=actor,
        reason=reason[:REASON_LENGTH],
        state=TransferState.WAITING,
    )
    names = {"number": ticket.number, "n": waiting.number, "source": ticket.queue.name, "target": queue.name}
    waiting.approval = request_approval(
        kind=KIND,
        subject_type=KIND,
        subject_id=waiting.pk,
        requester=actor,
        title=_("工单 %(number)s 第 %(n)d 次转接：%(source)s → %(target)s") % names,
        reason=reason,
        audience=ticket.audience,
    )
    waiting.save(update_fields=["approval"])
    record_events([_event(waiting, actor, "transfer_requested")])
    return waiting


def decided(request: ApprovalRequest, actor: Any) -> None:
    """Confirmed: the ticket moves. Refused or expired: it stays. Runs in the decision's transaction."""
    waiting = TicketTransfer.objects.select_related("ticket", "target", "actor").get(pk=request.subject_id)
    if request.state == ApprovalState.APPROVED:
        transitions.move(
            ticket=waiting.ticket,
            actor=waiting.actor,
            queue=waiting.target,
            reason=waiting.reason,
            confirmed_by=actor,
            waiting=waiting,
        )
        return
    waiting.state, waiting.at = TransferState.REFUSED, clock.now()
    waiting.save(update_fields=["state", "at"])
    record_events([_event(waiting, actor, "transfer_refused")])


def _event(waiting: TicketTransfer, actor: "User | None", action: str) -> Any:
    return events.ticket_event(
        events.UPDATED,
        waiting.ticket,
        actor,
        action=action,
        to=waiting.target_id,
        transfer=waiting.pk,
        approval=waiting.approval_id,
        number_of_transfer=waiting.number,
    )


@transaction.atomic
def take_back(*, ticket: Ticket, actor: "User", queue: Queue, assignee: "User | None" = None) -> Ticket:
    """Undo the last transfer, made by mistake a moment ago: the ticket returns and the transfer does not count.

    Raises Conflict when the ticket has gone on since.
    """
    ticket = transitions.lock(ticket)
    last = ticket.transfers.filter(state=TransferState.DONE).order_by("-number", "-id").first()
    if last is None or last.target_id != ticket.queue_id or last.source_id != queue.pk or not ticket.is_open:
        raise Conflict(_("工单之后又有变动，不能撤销转接。"), code="changed_since")
    was = ticket.queue_id
    ticket.queue = queue
    ticket.move_count -= 1
    last.delete()
    ticket.updated_at = clock.now()
    ticket.save(update_fields=["queue", "move_count", "updated_at"])
    record_events([events.ticket_event(events.UPDATED, ticket, actor, action="move_back", was=was, to=queue.pk)])
    if assignee is not None and ticket.assignee_id is None:
        ticket = transitions.assign(ticket=ticket, actor=actor, assignee=assignee)
    return ticket
