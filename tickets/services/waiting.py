"""Replies that wait: for ten seconds in which sending can be taken back, or for a chosen moment.

The row is the truth and its timer only wakes it: a closed browser, a dead worker or a late ticker lose
nothing. What is taken back, cancelled or refused returns to its author's draft.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from core.timers import TimerSpec, arm
from scripts_library.placeholders import assert_sendable
from tickets import events
from tickets.choices import DraftKind, NoticeKind, WaitingState
from tickets.models import Attachment, Draft, Ticket, WaitingReply
from tickets.services import drafts, notices
from tickets.services.safety import claims
from tickets.services.transitions import lock

if TYPE_CHECKING:
    from crm.staff.models import User
    from scripts_library.models import ScriptVersion

TIMER_SEND = "reply.send"
SUBJECT = "waitingreply"
#: How long sending can be taken back.
UNDO_PERIOD = timedelta(seconds=10)
#: A reply cannot be planned further ahead.
FURTHEST = timedelta(days=90)
REASON_LENGTH = 300


def waiting_of(ticket: Ticket) -> list[WaitingReply]:
    """What waits on the ticket, the next first."""
    rows = WaitingReply.objects.filter(ticket=ticket, state=WaitingState.WAITING)
    return list(rows.select_related("author").prefetch_related("attachments").order_by("send_at", "pk"))


def check_moment(send_at: datetime) -> None:
    """A chosen moment lies ahead, and not too far."""
    if clock.now() < send_at <= clock.now() + FURTHEST:
        return
    sentence = _("发送时间须在现在之后、%(days)d 天之内。") % {"days": FURTHEST.days}
    raise InvalidInput(sentence, fields={"send_at": [sentence]})


@transaction.atomic
def hold(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: "ScriptVersion | None" = None,
    attachments: Sequence[Attachment] = (),
    solves: bool = False,
    send_at: datetime | None = None,
    promised: claims.Confirmed | None = None,
) -> WaitingReply:
    """Let a reply wait until `send_at`, or for the ten seconds of taking back. `promised`: what was confirmed of it."""
    if send_at is not None:
        check_moment(send_at)
    row = WaitingReply.objects.create(
        ticket=ticket,
        author=actor,
        body=body,
        script_version=script_version,
        solves=solves,
        is_chosen=send_at is not None,
        send_at=send_at or clock.now() + UNDO_PERIOD,
        created_at=clock.now(),
        **_safety_columns(promised),
    )
    row.attachments.set(attachments)
    _arm(row)
    _tell(events.REPLY_WAITS, ticket, row, actor)
    return row


def _safety_columns(promised: claims.Confirmed | None) -> dict[str, Any]:
    if promised is None:
        return {"safety_version_id": None, "safety_reason": ""}
    return {"safety_version_id": promised.version_id, "safety_reason": promised.reason}


def confirmation_of(row: WaitingReply) -> claims.Confirmation:
    """What was confirmed when the reply began to wait; judged anew when it goes out."""
    return claims.Confirmation(row.safety_version_id, row.safety_reason)


def _arm(row: WaitingReply) -> None:
    arm(
        TimerSpec(
            key=f"{TIMER_SEND}:{row.pk}",
            kind=TIMER_SEND,
            due_at=row.send_at,
            subject_type=SUBJECT,
            subject_id=row.pk,
        )
    )


def _tell(kind: str, ticket: Ticket, row: WaitingReply, actor: "User | None") -> None:
    data = {"waiting": row.pk, "send_at": row.send_at, "chosen": row.is_chosen}
    record_events([events.ticket_event(kind, ticket, actor, **data)])


def locked(waiting: WaitingReply) -> tuple[Ticket, WaitingReply]:
    """The ticket's row and then the reply's, locked in this order everywhere."""
    ticket = lock(Ticket(pk=waiting.ticket_id))
    row = WaitingReply.objects.select_for_update(of=("self",)).select_related("author", "script_version")
    return ticket, row.get(pk=waiting.pk)


def own(waiting: WaitingReply, actor: "User") -> tuple[Ticket, WaitingReply]:
    ticket, row = locked(waiting)
    if row.author_id != actor.pk:
        raise NotAllowed(_("只有写这条回复的人可以修改或撤回。"))
    if not row.is_waiting:
        raise Conflict(
            _("这条回复%(state)s，不能再撤回或修改。") % {"state": row.get_state_display()}, code="not_waiting"
        )
    return ticket, row


@transaction.atomic
def take_back(*, waiting: WaitingReply, actor: "User") -> Draft:
    """Not sent after all: the text and its files are in the composer again."""
    ticket, row = own(waiting, actor)
    draft = end(ticket, row, WaitingState.CANCELLED, reason="")
    _tell(events.REPLY_TAKEN_BACK, ticket, row, actor)
    return draft


@transaction.atomic
def change(
    *,
    waiting: WaitingReply,
    actor: "User",
    body: str | None = None,
    send_at: datetime | None = None,
    safety: claims.Confirmation | None = None,
) -> WaitingReply:
    """Another text or another moment, while it waits. The moment is then a chosen one."""
    ticket, row = own(waiting, actor)
    if body is not None:
        drafts.check_length(body)
        if not body.strip() and not row.attachments.exists():
            sentence = _("请填写内容。")
            raise InvalidInput(sentence, fields={"body": [sentence]})
        assert_sendable(body)
        promised = claims.check(ticket=ticket, actor=actor, body=body, script_version=row.script_version, given=safety)
        row.body = body
        for name, value in _safety_columns(promised).items():
            setattr(row, name, value)
    if send_at is not None:
        check_moment(send_at)
        row.send_at, row.is_chosen = send_at, True
    row.save(update_fields=["body", "send_at", "is_chosen", "safety_version", "safety_reason", "updated_at"])
    _arm(row)
    _tell(events.REPLY_WAITS, ticket, row, actor)
    return row


def end(ticket: Ticket, row: WaitingReply, state: str, *, reason: str) -> Draft:
    """It does not go out: the row says why, and the words return to the author's draft, above newer ones."""
    row.state, row.reason = state, reason[:REASON_LENGTH]
    row.save(update_fields=["state", "reason", "updated_at"])
    typed = Draft.objects.filter(ticket=ticket, author=row.author_id, kind=DraftKind.REPLY).first()
    body = f"{row.body}\n\n{typed.body}" if typed is not None and typed.body.strip() else row.body
    draft = drafts.save_draft(
        ticket=ticket,
        actor=row.author,
        kind=DraftKind.REPLY,
        body=body[: drafts.MAX_BODY],
        script_version=row.script_version,
        attachments=[*row.attachments.all(), *(typed.attachments.all() if typed is not None else ())],
    )
    if draft is None:
        raise ValueError("A waiting reply has words or files.")
    return draft


def customer_wrote(ticket: Ticket) -> None:
    """The customer was first: planned replies may be wrong by now, so they do not go out by themselves.

    Call with the ticket's row locked.
    """
    planned = WaitingReply.objects.filter(ticket=ticket, state=WaitingState.WAITING, is_chosen=True)
    for row in planned.select_for_update(of=("self",)).select_related("author", "script_version"):
        end(ticket, row, WaitingState.CANCELLED, reason=_("客户先来信"))
        _tell(events.REPLY_CANCELLED, ticket, row, None)
        notices.notify(users=[row.author_id], kind=NoticeKind.CUSTOMER_WROTE_FIRST, ticket=ticket)


def failed(ticket: Ticket, row: WaitingReply, reason: str) -> None:
    """It could not go out: its author is told and has the words in the draft."""
    end(ticket, row, WaitingState.FAILED, reason=reason)
    _tell(events.REPLY_FAILED, ticket, row, None)
    notices.notify(users=[row.author_id], kind=NoticeKind.REPLY_FAILED, ticket=ticket)
