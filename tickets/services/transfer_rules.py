"""What holds when a ticket is passed on: the target is staffed, and the third time is confirmed (B15)."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput
from tickets.choices import CONFIRMED_TRANSFER, TransferState
from tickets.models import Queue, Ticket, TicketTransfer

if TYPE_CHECKING:
    from crm.staff.models import User

REASON_LENGTH = 500
ALTERNATIVES = 5


class ConfirmationNeeded(Conflict):
    """The ticket was passed on twice already: a supervisor has to agree to the next time."""

    default_code = "confirmation_required"


def staffed_queues() -> Any:
    """Ids of queues with at least one active person on a team that serves them, for a part of another statement."""
    people = get_user_model()
    places = people.teams.through._default_manager.filter(user__is_active=True)  # type: ignore[attr-defined]
    return places.filter(team__queues__isnull=False).values_list("team__queues", flat=True)


def staffed_queue_ids() -> set[int]:
    """The same, read now."""
    return set(staffed_queues().distinct())


def check_is_open(queue: Queue, *, source_id: int) -> None:
    """Refuse a closed group, naming others that are open."""
    staffed = staffed_queue_ids()
    if queue.pk in staffed:
        return
    others = Queue.objects.filter(pk__in=staffed).exclude(pk=source_id)[:ALTERNATIVES]
    names = _("、").join(row.name for row in others)
    sentence = _("“%(queue)s”没有在岗团队，不能转入。") % {"queue": queue.name}
    if names:
        sentence += _("可转到：%(names)s。") % {"names": names}
    raise Conflict(
        sentence,
        code="closed_group",
        fields={"queue": [sentence]},
        alternatives=[{"key": row.key, "name": row.name} for row in others],
    )


def check(ticket: Ticket, *, queue: Queue, actor: "User", reason: str, confirmed_by: "User | None") -> "User | None":
    """Refuse what may not be passed on; returns who confirmed it (from the third transfer on)."""
    check_is_open(queue, source_id=ticket.queue_id)
    if ticket.move_count + 1 < CONFIRMED_TRANSFER:
        return None
    if not reason.strip():
        sentence = _("第 %(n)d 次转接须写明原因。") % {"n": ticket.move_count + 1}
        raise InvalidInput(sentence, fields={"reason": [sentence]})
    if confirmed_by is not None:
        return confirmed_by
    if actor.has_perm("tickets.supervise_ticket"):
        return actor
    raise ConfirmationNeeded(
        _("工单已转接 %(n)d 次，再次转接须主管确认。") % {"n": ticket.move_count},
        allowed=ticket.allowed_actions(),
    )


def record(
    ticket: Ticket,
    *,
    source_id: int,
    actor: "User | None",
    reason: str,
    confirmed_by: "User | None",
    waiting: TicketTransfer | None,
) -> TicketTransfer:
    """Keep that the ticket was passed on; a request that waited becomes the transfer."""
    transfer = waiting or TicketTransfer(ticket=ticket, actor=actor)
    transfer.number = ticket.move_count
    transfer.source_id, transfer.target = source_id, ticket.queue
    transfer.reason = reason[:REASON_LENGTH]
    transfer.state = TransferState.DONE
    transfer.confirmed_by = confirmed_by
    transfer.at = clock.now()
    transfer.save()
    return transfer
