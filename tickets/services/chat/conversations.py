"""What a visitor says, taken in once: to the ticket by intake, then by the conversation.

1. The conversation's row is made first, under the lock of the visitor, with the id of the opening message.
2. The message goes to intake, which stores it word for word before anything else.
3. Ticket, acknowledgement and the bot's answer are tied to the conversation in one transaction.
The same client id gives the same message again, at every step: a browser may repeat until it gets an answer.
If a process dies in between, the repeated message, the visitor's next look or the sweep goes on from there.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotFound, RateLimited
from tickets import peak
from tickets.choices import MessageKind, TicketStatus
from tickets.models import (
    Attachment,
    BotAnswer,
    Chat,
    ChatAcknowledgement,
    ChatVisitor,
    InboundMessage,
    Ticket,
    TicketMessage,
)
from tickets.services import conversation, intake, transitions
from tickets.services.chat import bot
from tickets.services.chat.visitors import settings_of

#: A customer who heard from us within this time knows that the message arrived.
HEARD_LATELY = timedelta(minutes=2)
LONGEST_WAIT_MS = 24 * 3600 * 1000
#: How long the sweep leaves a conversation without ticket to the request that made it.
STRANDED_AFTER = timedelta(seconds=3)


@dataclass(frozen=True)
class Said:
    """One message of a visitor. `waited_ms`: since the visitor pressed send, as the browser counted."""

    client_id: str
    body: str
    name: str = ""
    phone: str = ""
    order_no: str = ""
    attachment_ids: tuple[int, ...] = ()
    waited_ms: int = 0
    received_at: datetime | None = None


def say(*, visitor: ChatVisitor, said: Said) -> TicketMessage:
    """Take a message in, acknowledge it, let the bot answer. The same client id is taken once."""
    said = replace(said, received_at=said.received_at or clock.now())
    external_id = external_id_of(visitor, said.client_id)
    known = TicketMessage.objects.filter(channel_id=visitor.channel_id, external_id=external_id).first()
    if known is not None:
        return known
    if not said.body.strip() and not said.attachment_ids:
        sentence = str(_("请填写内容。"))
        raise InvalidInput(sentence, fields={"body": [sentence]})
    chat = _chat_for(visitor, external_id)
    if chat.ticket_id is None:
        return _open(chat, visitor, said)
    return _go_on(chat, said, external_id)


def external_id_of(visitor: ChatVisitor, client_id: str) -> str:
    return f"{visitor.pk}:{client_id}"


def current_chat(visitor: ChatVisitor) -> Chat | None:
    """The visitor's newest conversation; one whose process died is tied to its ticket first."""
    chat = visitor.chats.select_related("ticket", "channel").order_by("-pk").first()
    if chat is not None and chat.ticket_id is None:
        recover(chat)
        chat.refresh_from_db()
    return chat


def final_ticket(chat: Chat) -> Ticket | None:
    """The ticket the conversation goes on at: the one it was merged into, if any."""
    ticket = chat.ticket
    while ticket is not None and ticket.merged_into_id:
        ticket = Ticket.objects.defer("search").select_related("assignee").get(pk=ticket.merged_into_id)
    return ticket


@transaction.atomic
def _chat_for(visitor: ChatVisitor, external_id: str) -> Chat:
    """The conversation a message belongs to; a new one when there is none, or the last one was closed."""
    ChatVisitor.objects.select_for_update().get(pk=visitor.pk)
    opened = visitor.chats.filter(opening_id=external_id).first()
    if opened is not None:
        return opened
    latest = current_chat(visitor)
    if latest is not None and latest.ticket_id is None:
        if _stored(latest) is not None:
            raise Conflict(str(_("正在接入，请稍候。")), code="opening")
        latest.opening_id = external_id
        latest.save(update_fields=["opening_id"])
        return latest
    if latest is not None:
        ticket = final_ticket(latest)
        if ticket is not None and ticket.status != TicketStatus.CLOSED:
            return latest
    has_bot = settings_of(visitor.channel).is_bot_on
    return Chat.objects.create(
        visitor=visitor,
        channel_id=visitor.channel_id,
        opening_id=external_id,
        language=translation.get_language() or "",
        started_at=clock.now(),
        began_with_bot=has_bot,
        is_with_bot=has_bot,
    )


def _open(chat: Chat, visitor: ChatVisitor, said: Said) -> TicketMessage:
    earlier = Ticket.objects.filter(chat__visitor=visitor).order_by("-pk").values_list("customer_id", flat=True).first()
    request = intake.Request(
        channel=visitor.channel.key,
        external_id=chat.opening_id,
        body=said.body,
        order_no=said.order_no,
        customer=intake.CustomerGiven(name=said.name, phone=said.phone),
        customer_id=earlier,
        attachment_ids=said.attachment_ids,
        is_for_bot=chat.began_with_bot,
    )
    ticket = intake.receive(request=request, actor=None).ticket
    return tie(chat=chat, ticket=ticket, said=said)


@transaction.atomic
def tie(*, chat: Chat, ticket: Ticket, said: Said | None = None) -> TicketMessage:
    """Tie a conversation to the ticket of its opening message and acknowledge it, once."""
    chat = Chat.objects.select_for_update().get(pk=chat.pk)
    message = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("pk").first()
    if message is None:
        raise NotFound(str(_("没有找到。")))
    if chat.ticket_id is not None:
        return message
    chat.ticket = ticket
    chat.save(update_fields=["ticket"])
    TicketMessage.objects.filter(pk=message.pk).update(external_id=chat.opening_id)
    received_at = said.received_at if said else None
    waited = Waited(said.waited_ms if said else 0, received_at or chat.started_at)
    _answer_automatically(chat, ticket, message, waited, is_opening=True)
    return message


@dataclass(frozen=True)
class Waited:
    """How long a message had waited in the browser, and when it came in."""

    in_browser_ms: int
    received_at: datetime

    def milliseconds(self) -> int:
        here = (clock.now() - self.received_at).total_seconds() * 1000
        return round(min(max(self.in_browser_ms, 0) + max(here, 0), LONGEST_WAIT_MS))


def _go_on(chat: Chat, said: Said, external_id: str) -> TicketMessage:
    try:
        with transaction.atomic():
            return _take(chat, said, external_id)
    except IntegrityError:
        # Two deliveries of one message at once: the other one was first.
        known = TicketMessage.objects.filter(channel_id=chat.channel_id, external_id=external_id).first()
        if known is None:
            raise
        return known


def _take(chat: Chat, said: Said, external_id: str) -> TicketMessage:
    chat = Chat.objects.select_for_update(of=("self",)).select_related("channel__chat").get(pk=chat.pk)
    ticket = final_ticket(chat)
    assert ticket is not None  # only conversations with a ticket come here
    message = conversation.customer_message(
        ticket=ticket,
        body=said.body,
        actor=None,
        channel=chat.channel,
        external_id=external_id,
        attachments=list(Attachment.objects.filter(pk__in=said.attachment_ids, message=None, uploader=None)),
    )
    ticket = transitions.lock(ticket)
    _answer_automatically(chat, ticket, message, Waited(said.waited_ms, said.received_at or clock.now()))
    return message


def _answer_automatically(
    chat: Chat, ticket: Ticket, message: TicketMessage, waited: Waited, *, is_opening: bool = False
) -> None:
    """The acknowledgement, and what the bot says. The first automatic word is the acknowledgement."""
    settings = settings_of(chat.channel)
    said: TicketMessage | None = None
    may_answer = chat.began_with_bot and chat.handed_over_at is None
    if may_answer:
        if not chat.is_with_bot:
            chat.is_with_bot = True
            chat.save(update_fields=["is_with_bot"])
        if is_opening:
            said = conversation.automatic_message(ticket=ticket, body=str(bot.GREETING))
        answered = bot.respond(
            chat=chat,
            ticket=ticket,
            text=message.body,
            has_files=message.attachments.exists(),
            is_on=settings.is_bot_on,
        )
        said = said or answered
    if said is None and (is_opening or not _heard_lately(ticket)):
        body = peak.greeting(settings.acknowledgement or str(_("您好，消息已收到，客服会尽快回复您。")))
        said = conversation.automatic_message(ticket=ticket, body=body)
    if said is not None:
        ChatAcknowledgement.objects.create(chat=chat, message=said, at=clock.now(), latency_ms=waited.milliseconds())


def _heard_lately(ticket: Ticket) -> bool:
    since = clock.now() - HEARD_LATELY
    ours = [MessageKind.REPLY, MessageKind.AUTO]
    return ticket.messages.filter(kind__in=ours, created_at__gt=since).exists()


def recover(chat: Chat) -> bool:
    """Tie a conversation whose process died to the ticket its opening message has become. False: there is none."""
    raw = _stored(chat)
    if raw is None:
        return False
    try:
        ticket = intake.process(raw).ticket
    except DomainError:
        return False  # what was refused stays refused; the sweep of intake keeps the reason
    with translation.override(chat.language or None):
        tie(chat=chat, ticket=ticket)
    return True


def _stored(chat: Chat) -> InboundMessage | None:
    """The opening message as it was stored, unless it was refused."""
    rows = InboundMessage.objects.filter(channel_key=chat.channel.key, external_id=chat.opening_id)
    return rows.exclude(state=InboundMessage.State.REJECTED).first()


def sweep(*, limit: int = 100) -> int:
    """Go on with conversations whose process died before the acknowledgement. Returns how many."""
    stranded = Chat.objects.filter(
        ticket=None, started_at__lt=clock.now() - STRANDED_AFTER, started_at__gt=clock.now() - timedelta(days=1)
    ).select_related("channel")
    return sum(recover(chat) for chat in stranded.order_by("started_at")[:limit])


def ask_for_person(*, visitor: ChatVisitor) -> TicketMessage:
    """The button 转人工."""
    chat = current_chat(visitor)
    if chat is None or chat.ticket_id is None:
        raise Conflict(str(_("请先发送一条消息。")), code="nothing_said")
    return bot.hand_over(chat=chat, reason=bot.HandoverReason.ASKED)


def rate_answer(*, visitor: ChatVisitor, answer_id: int, is_helpful: bool) -> BotAnswer:
    """The visitor's word on an answer of the bot. NotFound for answers of others."""
    answer = BotAnswer.objects.filter(pk=answer_id, chat__visitor=visitor).first()
    if answer is None:
        raise NotFound(str(_("没有找到。")))
    return bot.rate(answer=answer, is_helpful=is_helpful)


def too_often(wait: int) -> RateLimited:
    """The refusal of somebody who may try again in `wait` seconds."""
    return RateLimited(str(_("操作太频繁，请稍后再试。")), retry_after=wait)
