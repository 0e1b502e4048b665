"""Sending from the desk: what the composer sends, at once or when its moment comes."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, DomainError
from tickets.choices import MOVES, Action, DraftKind, MessageKind, WaitingState
from tickets.models import Attachment, Ticket, TicketMessage, WaitingReply
from tickets.services import conversation, drafts, transitions, waiting
from tickets.services.safety.claims import Confirmation
from tickets.services.transitions import lock

if TYPE_CHECKING:
    from crm.staff.models import User
    from scripts_library.models import ScriptVersion


@transaction.atomic
def send_note(
    *, ticket: Ticket, actor: "User", body: str, attachments: Sequence[Attachment] = (), solves: bool = False
) -> TicketMessage:
    """Keep an internal note; its draft is gone with it."""
    message = conversation.add_note(ticket=ticket, actor=actor, body=body, attachments=attachments)
    if solves:
        transitions.solve(ticket=ticket, actor=actor)
    drafts.drop_draft(ticket=ticket, actor=actor, kind=DraftKind.NOTE)
    return message


@transaction.atomic
def send_reply(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: "ScriptVersion | None" = None,
    attachments: Sequence[Attachment] = (),
    solves: bool = False,
    send_at: datetime | None = None,
    seen: int | None = None,
    safety: Confirmation | None = None,
) -> TicketMessage | WaitingReply:
    """Send as the person has set it: after ten seconds in which it can be taken back, at once, or at `send_at`.

    `seen` is the newest message the writer had before their eyes; a newer one of the customer raises
    Conflict "newer_message". The draft ends with the sending.
    """
    ticket = lock(ticket)
    promised = conversation.check_reply(
        ticket=ticket, actor=actor, body=body, script_version=script_version, attachments=attachments, safety=safety
    )
    if seen is not None:
        _check_seen(ticket, seen)
    sent: TicketMessage | WaitingReply
    if send_at is None and not actor.undoes_send:
        sent = conversation.reply(
            ticket=ticket, actor=actor, body=body, script_version=script_version, attachments=attachments, safety=safety
        )
        if solves:
            transitions.solve(ticket=ticket, actor=actor)
    else:
        sent = waiting.hold(
            ticket=ticket,
            actor=actor,
            body=body,
            script_version=script_version,
            attachments=attachments,
            solves=solves,
            send_at=send_at,
            promised=promised,
        )
    drafts.drop_draft(ticket=ticket, actor=actor, kind=DraftKind.REPLY)
    return sent


@transaction.atomic
def plan_reply(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: "ScriptVersion | None" = None,
    attachments: Sequence[Attachment] = (),
    solves: bool = False,
    send_at: datetime | None = None,
    seen: int | None = None,
    safety: Confirmation | None = None,
) -> WaitingReply:
    """A reply that always waits: until `send_at`, or for the ten seconds of taking back. The composer's draft stays.

    `seen` as for `send_reply`.
    """
    ticket = lock(ticket)
    promised = conversation.check_reply(
        ticket=ticket, actor=actor, body=body, script_version=script_version, attachments=attachments, safety=safety
    )
    if seen is not None:
        _check_seen(ticket, seen)
    return waiting.hold(
        ticket=ticket,
        actor=actor,
        body=body,
        script_version=script_version,
        attachments=attachments,
        solves=solves,
        send_at=send_at,
        promised=promised,
    )


def _check_seen(ticket: Ticket, seen: int) -> None:
    if ticket.messages.filter(kind=MessageKind.CUSTOMER, pk__gt=seen).exists():
        raise Conflict(_("您开始写之后，客户又来信了。请看过新消息，再按一次发送。"), code="newer_message")


@transaction.atomic
def send_due(*, waiting_id: int, due_at: datetime) -> TicketMessage | None:
    """The moment of a waiting reply: it goes out as if it were written now, so the clocks end now.

    Nothing when it was taken back, changed to a later moment or sent meanwhile. What is refused returns to the draft.
    """
    row = WaitingReply.objects.filter(pk=waiting_id, state=WaitingState.WAITING).first()
    if row is None:
        return None
    ticket, row = waiting.locked(row)
    if not row.is_waiting or row.send_at > due_at:
        return None
    return _send_out(ticket, row)


@transaction.atomic
def send_at_once(*, waiting_reply: WaitingReply, actor: "User") -> TicketMessage | None:
    """Its author will not wait for the moment."""
    ticket, row = waiting.own(waiting_reply, actor)
    return _send_out(ticket, row)


def _send_out(ticket: Ticket, row: WaitingReply) -> TicketMessage | None:
    ticket = conversation.final_of(ticket)
    if row.is_chosen and not row.author.is_active:
        waiting.failed(ticket, row, str(_("写回复的人已停用")))
        return None
    try:
        with transaction.atomic():
            message = conversation.reply(
                ticket=ticket,
                actor=row.author,
                body=row.body,
                script_version=row.script_version,
                attachments=list(row.attachments.all()),
                safety=waiting.confirmation_of(row),
            )
            _solve(ticket, row)
    except DomainError as error:
        waiting.failed(ticket, row, error.message)
        return None
    row.state, row.message = WaitingState.SENT, message
    row.save(update_fields=["state", "message", "updated_at"])
    return message


def _solve(ticket: Ticket, row: WaitingReply) -> None:
    """Solving was wished for when it was sent; somebody else may have done it meanwhile."""
    if row.solves and Action.SOLVE in MOVES[lock(ticket).status]:
        transitions.solve(ticket=ticket, actor=row.author)
