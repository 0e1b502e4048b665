"""What is said on a ticket: replies, internal notes, the customer's messages."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.postgres.search import CombinedSearchVector
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import EventData, record_events
from scripts_library.models import ScriptVersion
from scripts_library.placeholders import assert_sendable
from scripts_library.services import record_usage
from tickets import events
from tickets.choices import MessageKind, Metric, TicketStatus
from tickets.models import Attachment, Channel, Ticket, TicketMessage
from tickets.readable import hide_numbers, preview, search_vector
from tickets.services import outgoing, routing, sla, snoozing, waiting, watching
from tickets.services.norms.repeats import repeats_in
from tickets.services.safety import claims
from tickets.services.transitions import after_pause, lock

if TYPE_CHECKING:
    from crm.staff.models import User


def _check_body(body: str, attachments: Sequence[Attachment]) -> None:
    if not body.strip() and not attachments:
        sentence = str(_("请填写内容。"))
        raise InvalidInput(sentence, fields={"body": [sentence]})


def _touch(ticket: Ticket, message: TicketMessage) -> None:
    ticket.last_message_at = message.created_at
    ticket.last_message_kind = message.kind
    ticket.last_message_preview = preview(message.body)
    ticket.updated_at = clock.now()


_TOUCHED = ["last_message_at", "last_message_kind", "last_message_preview", "updated_at"]


def _attach(message: TicketMessage, attachments: Sequence[Attachment]) -> None:
    if not attachments:
        return
    taken = Attachment.objects.filter(pk__in=[a.pk for a in attachments], message=None).update(message=message)
    if taken != len(attachments):
        sentence = str(_("附件已用于其他消息，请重新上传。"))
        raise Conflict(sentence, code="attachment_taken", fields={"attachments": [sentence]})


def _message_event(ticket: Ticket, message: TicketMessage, actor: "User | None") -> EventData:
    return events.ticket_event(events.MESSAGE, ticket, actor, message=message.pk, kind=message.kind)


def check_reply(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: ScriptVersion | None = None,
    attachments: Sequence[Attachment] = (),
    safety: claims.Confirmation | None = None,
) -> claims.Confirmed | None:
    """Refuse what could not be sent now: also asked before a reply begins to wait. Answers what it may promise."""
    routing.refuse_merged(ticket)
    if ticket.status == TicketStatus.CLOSED:
        raise Conflict(str(_("工单已关闭，请先重开。")), code="closed", allowed=ticket.allowed_actions())
    _check_body(body, attachments)
    assert_sendable(body)
    outgoing.check_reply(ticket=ticket, body=body, attachments=attachments)
    return claims.check(ticket=ticket, actor=actor, body=body, script_version=script_version, given=safety)


@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: ScriptVersion | None = None,
    attachments: Sequence[Attachment] = (),
    safety: claims.Confirmation | None = None,
) -> TicketMessage:
    """Answer the customer. Ends the response clocks; a waiting ticket is accepted by who answers."""
    ticket = lock(ticket)
    promised = check_reply(
        ticket=ticket, actor=actor, body=body, script_version=script_version, attachments=attachments, safety=safety
    )
    message = TicketMessage.objects.create(
        ticket=ticket,
        kind=MessageKind.REPLY,
        body=body,
        author=actor,
        script_version=script_version,
        asked_again=len(repeats_in(ticket=ticket, text=body)),
        created_at=clock.now(),
    )
    _attach(message, attachments)
    claims.record(promised, message=message, ticket=ticket, actor=actor)
    fields = [*_TOUCHED, *sla.DUE_FIELDS]
    ended = [Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE]
    if ticket.first_responded_at is None:
        ticket.first_responded_at = message.created_at
        fields.append("first_responded_at")
    if ticket.status == TicketStatus.NEW:
        ticket.status, ticket.assignee = TicketStatus.OPEN, ticket.assignee or actor
        ticket.accepted_at = ticket.accepted_at or message.created_at
        fields += ["status", "assignee", "accepted_at"]
    if ticket.status == TicketStatus.SOLVED:
        ticket.feedback_at = message.created_at
        fields.append("feedback_at")
    sla.meet(ticket, ended)
    _touch(ticket, message)
    ticket.save(update_fields=fields)
    if script_version is not None:
        record_usage(
            version=script_version,
            subject_id=ticket.pk,
            actor=actor,
            sent_text=body,
            answered_text=_last_question(ticket),
        )
    outgoing.queue_reply(ticket=ticket, message=message)
    record_events([_message_event(ticket, message, actor)])
    return message


def _last_question(ticket: Ticket) -> str:
    """What the customer wrote last, for the suggestions to learn from; numbers of people left out."""
    asked = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("-created_at", "-pk").first()
    return hide_numbers(asked.body) if asked else ""


@transaction.atomic
def add_note(*, ticket: Ticket, actor: "User", body: str, attachments: Sequence[Attachment] = ()) -> TicketMessage:
    """An internal note. Never reaches the customer and never touches a clock."""
    ticket = lock(ticket)
    _check_body(body, attachments)
    message = TicketMessage.objects.create(
        ticket=ticket, kind=MessageKind.NOTE, body=body, author=actor, created_at=clock.now()
    )
    _attach(message, attachments)
    ticket.updated_at = clock.now()
    ticket.save(update_fields=["updated_at"])
    watching.mention(ticket=ticket, actor=actor, text=body)
    record_events([_message_event(ticket, message, actor)])
    return message


@transaction.atomic
def automatic_message(*, ticket: Ticket, body: str) -> TicketMessage:
    """Words to the customer that no person wrote. They touch no clock, no state and no preview."""
    ticket = final_of(lock(ticket))
    message = TicketMessage.objects.create(ticket=ticket, kind=MessageKind.AUTO, body=body, created_at=clock.now())
    ticket.updated_at = clock.now()
    ticket.save(update_fields=["updated_at"])
    record_events([_message_event(ticket, message, None)])
    return message


@transaction.atomic
def customer_message(
    *,
    ticket: Ticket,
    body: str,
    actor: "User | None",
    channel: Channel | None = None,
    external_id: str = "",
    attachments: Sequence[Attachment] = (),
    is_automatic: bool = False,
) -> TicketMessage:
    """The customer wrote. Resumes a paused ticket, reopens a solved one, and starts the next-response clock.

    Automatic answers (out of office) and plain thanks are stored but change no state and
    start no clock.
    """
    ticket = final_of(lock(ticket))
    _check_body(body, attachments)
    message = TicketMessage.objects.create(
        ticket=ticket,
        kind=MessageKind.CUSTOMER,
        body=body,
        channel=channel or ticket.channel,
        external_id=external_id,
        created_at=clock.now(),
    )
    _attach(message, attachments)
    found: list[EventData] = [_message_event(ticket, message, actor)]
    fields = [*_TOUCHED, *sla.DUE_FIELDS]
    if not is_automatic:
        found += snoozing.customer_wrote(ticket)
        fields += snoozing.FIELDS
        watching.customer_wrote(ticket)
    if not is_automatic and not is_thanks(body):
        found += _wake(ticket, actor)
        fields += _WOKEN
        sla.start_next_response(ticket)
        waiting.customer_wrote(ticket)
    _touch(ticket, message)
    ticket.save(update_fields=fields)
    Ticket.objects.filter(pk=ticket.pk).update(
        search=CombinedSearchVector(F("search"), "||", search_vector(body), config=None)
    )
    record_events(found)
    return message


_WOKEN = ["status", "solved_at", "closed_at", "feedback_at", "evaluated_at", "confirmation", "reopen_count"]


def _wake(ticket: Ticket, actor: "User | None") -> list[EventData]:
    """What a customer's message does to the state: pending and on hold resume, solved and closed reopen."""
    before = ticket.status
    if ticket.is_paused:
        ticket.status = after_pause(ticket)
        sla.resume(ticket)
        return [events.ticket_event(events.UPDATED, ticket, actor, action="resume", old_status=before, by="customer")]
    if ticket.status in (TicketStatus.SOLVED, TicketStatus.CLOSED):
        ended_at = ticket.solved_at or ticket.closed_at or clock.now()
        ticket.status = after_pause(ticket)
        ticket.solved_at = ticket.closed_at = ticket.feedback_at = ticket.evaluated_at = None
        ticket.confirmation = ""
        ticket.reopen_count += 1
        sla.reopen_resolution(ticket, ended_at)
        return [events.ticket_event(events.REOPENED, ticket, actor, action="reopen", old_status=before, by="customer")]
    return []


def final_of(ticket: Ticket) -> Ticket:
    """Where a message for this ticket belongs: the ticket it was merged into, if any."""
    while ticket.merged_into_id:
        ticket = lock(Ticket(pk=ticket.merged_into_id))
    return ticket


_THANKS = frozenset(
    """
    谢谢 谢谢你 谢谢您 谢谢客服 多谢 感谢 非常感谢 太感谢了 麻烦了 麻烦你了 麻烦您了 辛苦 辛苦了 辛苦你了 辛苦您了
    好 好的 好滴 好嘞 行 可以 嗯 嗯嗯 哦 哦哦 收到 知道 知道了 明白 明白了 了解 了解了
    没事 没事了 没问题 不客气 再见 拜拜 ok okay thanks thank you thx bye
    """.split()  # noqa: SIM905 (a list of sixty words reads better as text)
)
_PARTICLES = "亲啊呀哈哦啦了呢哒哟～~"
_BETWEEN = re.compile(r"[\W_]+")
# People run them together: 好的谢谢, 收到谢谢亲. Possessive, so that ten thousand 嗯 are read once.
_ONLY_THANKS = re.compile(
    "[{0}]*+(?:(?>{1})[{0}]*+)++".format(_PARTICLES, "|".join(sorted(_THANKS, key=len, reverse=True)))
)


def is_thanks(body: str) -> bool:
    """Nothing but thanks and agreement, which must not reopen a ticket or restart a clock (chatwoot#10178)."""
    parts = [part for part in _BETWEEN.split(body.lower()) if part]
    return bool(parts) and all(_ONLY_THANKS.fullmatch(part) for part in parts)
