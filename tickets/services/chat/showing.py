"""What a visitor sees of their conversation: public messages and where it stands, as plain data."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from tickets.choices import MessageKind, TicketStatus
from tickets.models import Chat, ChatVisitor, Ticket, TicketMessage
from tickets.services.chat.conversations import external_id_of, final_ticket
from tickets.services.chat.visitors import file_key
from tickets.services.chat.waiting import place_of

MOST_MESSAGES = 300


def messages_of(visitor: ChatVisitor) -> "QuerySet[TicketMessage]":
    """Public messages of the visitor's conversations: their own, and what we said since each began.

    A merged ticket holds what the customer wrote elsewhere; that stays there.
    """
    prefix = external_id_of(visitor, "")
    own = Q(kind=MessageKind.CUSTOMER, external_id__startswith=prefix, channel_id=visitor.channel_id)
    reach = Q(pk__in=[])
    for chat in visitor.chats.filter(ticket__isnull=False).select_related("ticket").order_by("-pk")[:5]:
        ticket = final_ticket(chat)
        assert ticket is not None  # filtered above
        reach |= Q(ticket=ticket, kind__in=[MessageKind.REPLY, MessageKind.AUTO], created_at__gte=chat.started_at)
        reach |= Q(ticket=ticket) & own
    rows = TicketMessage.objects.filter(reach).select_related("author", "bot_answer").prefetch_related("attachments")
    return rows.order_by("created_at", "pk")


def transcript(visitor: ChatVisitor) -> list[dict[str, Any]]:
    """The newest messages, oldest first."""
    newest = list(messages_of(visitor).reverse()[:MOST_MESSAGES])
    return [shown(message, visitor) for message in reversed(newest)]


def shown(message: TicketMessage, visitor: ChatVisitor) -> dict[str, Any]:
    """One message on the wire."""
    answer = getattr(message, "bot_answer", None)
    is_own = message.kind == MessageKind.CUSTOMER
    return {
        "id": message.pk,
        "client_id": message.external_id.partition(":")[2] if is_own else "",
        "kind": {MessageKind.CUSTOMER: "customer", MessageKind.REPLY: "agent"}.get(MessageKind(message.kind), "auto"),
        "name": message.author.name if message.author else "",
        "body": message.body,
        "at": message.created_at.isoformat(),
        "files": [
            {
                "name": file.name,
                "size": file.size,
                "url": reverse("chat_file", args=[visitor.channel.key, file_key(file)]),
            }
            for file in message.attachments.all()
        ],
        "answer": {"id": answer.pk, "is_helpful": answer.is_helpful} if answer else None,
    }


def state_of(chat: Chat | None) -> dict[str, Any]:
    """Where the conversation stands: with whom, or at which place in the queue."""
    ticket = final_ticket(chat) if chat else None
    if chat is None or ticket is None:
        return {
            "chat": 0,
            "status": "none",
            "served_by": "nobody",
            "agent": "",
            "position": None,
            "minutes": None,
            "notice": "",
        }
    place = None if chat.is_with_bot else place_of(ticket)
    return {
        "chat": chat.pk,
        "status": "closed" if ticket.status == TicketStatus.CLOSED else ticket.status,
        "served_by": "bot" if chat.is_with_bot else ("agent" if ticket.assignee_id else "queue"),
        "agent": ticket.assignee.name if ticket.assignee and not chat.is_with_bot else "",
        "position": place.position if place else None,
        "minutes": place.minutes if place else None,
        "notice": notice_of(chat, ticket, place),
    }


def notice_of(chat: Chat, ticket: Ticket, place: Any) -> str:
    """The line above the conversation; empty when nothing needs saying."""
    if place is not None:
        if place.minutes is not None:
            return _("排队中：第 %(n)d 位，约 %(m)d 分钟") % {"n": place.position, "m": place.minutes}
        return _("排队中：第 %(n)d 位") % {"n": place.position}
    if chat.is_with_bot:
        return _("机器人正在接待，可随时转人工")
    if ticket.status in (TicketStatus.SOLVED, TicketStatus.CLOSED):
        return _("会话已结束，发送消息可继续")
    return _("%(name)s 正在接待") % {"name": ticket.assignee.name} if ticket.assignee else ""
