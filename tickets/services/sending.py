"""Sending from the desk: what the composer sends, at once or when its moment comes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from tickets.choices import DraftKind
from tickets.models import Attachment, Ticket, TicketMessage
from tickets.services import conversation, drafts, transitions

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
def send_now(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: "ScriptVersion | None" = None,
    attachments: Sequence[Attachment] = (),
    solves: bool = False,
) -> TicketMessage:
    """Answer the customer at once, perhaps solve, and end the draft: all of it or nothing."""
    message = conversation.reply(
        ticket=ticket, actor=actor, body=body, script_version=script_version, attachments=attachments
    )
    if solves:
        transitions.solve(ticket=ticket, actor=actor)
    drafts.drop_draft(ticket=ticket, actor=actor, kind=DraftKind.REPLY)
    return message
