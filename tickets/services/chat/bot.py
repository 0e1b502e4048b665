"""The bot of a chat: answers from published articles, or gives the conversation to a person in one step.

It speaks only in a channel whose settings say so. While it speaks, no agent is given the ticket: after an answer
the ticket waits for the customer, and the response clocks, which measure people, do not run.
"""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.errors import Conflict
from core.events import record_event, record_events
from knowledge.answering import Answer, find_answer
from tickets import events
from tickets.chat_choices import HandoverReason
from tickets.choices import TicketStatus
from tickets.models import BotAnswer, Chat, Ticket, TicketMessage
from tickets.services import conversation, routing, sla, transitions
from tickets.services.chat.waiting import place_of
from tickets.triage import judge

if TYPE_CHECKING:
    from crm.staff.models import User

#: After this silence a conversation in which the bot answered is over.
QUIET = timedelta(minutes=30)
ANSWER_LENGTH = 600
COMPLAINT_THRESHOLD = 0.5

GREETING = lazy("您好，我是机器人客服，按帮助中心的内容回答。随时可以点“转人工”或回复“人工”，由客服接待您。")
PROMPT = lazy("请直接描述您的问题，例如“退货运费由谁承担”。需要客服请回复“人工”。")
WELCOME = lazy("不客气，还有问题请随时问。")
HANDED_OVER = lazy("已为您转人工，聊天记录已一并转交，不用重复说明。")

_PERSON = re.compile(
    r"人工(?!智能)|真人|转客服|找客服|接客服|不要机器人|不想.{0,4}机器人|"
    r"\b(human|agent|operator|real person|representative)\b",
    re.IGNORECASE,
)
_ANGER = re.compile(
    "气死|生气|愤怒|恼火|太过分|过分了|恶心|无语|态度差|服务差|什么态度|垃圾|滚|他妈|妈的|傻[逼比子叉]|有病吧|耍我|忽悠|骗我|"
    "受够|忍无可忍|ridiculous|terrible|angry|furious|useless|scam",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    "投诉|举报|12315|12345|消协|工商|曝光|维权|起诉|律师|法院|报警|差评|赔偿|假货|欺诈|complain|lawyer|lawsuit|sue you",
    re.IGNORECASE,
)
_HELLO = re.compile(
    r"(?:[\s\W]*(?:您好|你好|在吗|在么|在不在|有人吗|哈喽|嗨|亲|早上好|下午好|晚上好|hello|hi|hey))+[\s\W]*[啊呀呢]?[\s\W]*",
    re.IGNORECASE,
)


def reason_to_hand_over(text: str) -> HandoverReason | None:
    """Why a person should read this now; None when the bot may try."""
    if _PERSON.search(text):
        return HandoverReason.ASKED
    if _COMPLAINT.search(text):
        return HandoverReason.COMPLAINT
    if _ANGER.search(text):
        return HandoverReason.ANGER
    return HandoverReason.COMPLAINT if judge(text).complaint >= COMPLAINT_THRESHOLD else None


def respond(*, chat: Chat, ticket: Ticket, text: str, has_files: bool, is_on: bool) -> TicketMessage | None:
    """What the bot does with the customer's message, in the caller's transaction. None: a person has it already."""
    if _is_with_person(ticket):
        _note_handover(chat, ticket, HandoverReason.TAKEN)
        return None
    reason = HandoverReason.SWITCHED_OFF if not is_on else reason_to_hand_over(text)
    if reason is None and has_files:
        reason = HandoverReason.FILES
    if reason is not None:
        return hand_over(chat=chat, reason=reason)
    if conversation.is_thanks(text):
        return _say(chat, ticket, str(WELCOME))
    if _HELLO.fullmatch(text):
        return _say(chat, ticket, str(PROMPT))
    answer = find_answer(text, product=ticket.product)
    return _answer(chat, ticket, answer) if answer else hand_over(chat=chat, reason=HandoverReason.UNSURE)


def _is_with_person(ticket: Ticket) -> bool:
    return ticket.assignee_id is not None or ticket.first_responded_at is not None


def _answer(chat: Chat, ticket: Ticket, answer: Answer) -> TicketMessage:
    version = answer.version
    body = version.body.strip()
    if len(body) > ANSWER_LENGTH:
        body = body[:ANSWER_LENGTH].rstrip() + "…"
    source = _("来源：《%(title)s》%(url)s") % {"title": version.title, "url": article_url(version.item_id)}
    message = _say(chat, ticket, f"{body}\n\n{source}")
    BotAnswer.objects.create(
        chat=chat, message=message, version=version, confidence=round(answer.confidence, 4), at=message.created_at
    )
    record_event(
        kind="bot.answered",
        subject_type="ticket",
        subject_id=ticket.pk,
        actor=None,
        payload={"article": version.item_id, "version": version.number, "confidence": round(answer.confidence, 2)},
    )
    return message


def article_url(article_id: int) -> str:
    """Where a customer reads the article in full."""
    return f"{settings.PUBLIC_URL}{reverse('help_article', args=[article_id])}"


def _say(chat: Chat, ticket: Ticket, body: str) -> TicketMessage:
    """Words of the bot; the ticket then waits for the customer and no person owes an answer."""
    message = conversation.automatic_message(ticket=ticket, body=body)
    ticket = transitions.lock(ticket)
    sla.leave_responses(ticket)
    ticket.save(update_fields=[*sla.DUE_FIELDS])
    if ticket.status == TicketStatus.NEW:
        transitions.wait(ticket=ticket, actor=None, reason=str(_("机器人已回答")))
    return message


@transaction.atomic
def hand_over(*, chat: Chat, reason: HandoverReason) -> TicketMessage:
    """Give the conversation to a person with everything said so far: one step, whatever state it is in.

    The first-response clock of the person starts now. Raises Conflict when it is with a person already.
    """
    chat = Chat.objects.select_for_update().get(pk=chat.pk)
    if chat.ticket_id is None or chat.handed_over_at is not None or not chat.began_with_bot:
        raise Conflict(str(_("会话已由客服接待。")), code="with_a_person")
    ticket = _awake(transitions.lock(Ticket(pk=chat.ticket_id)))
    _note_handover(chat, ticket, reason)
    if ticket.first_responded_at is None:
        sla.start_first_response(ticket)
        ticket.save(update_fields=[*sla.DUE_FIELDS])
    routing.dispatch_waiting(queue_id=ticket.queue_id)
    ticket.refresh_from_db()
    place = place_of(ticket)
    body = str(HANDED_OVER)
    if place is not None:
        body += str(_("您排在第 %(n)d 位。") % {"n": place.position})
    return conversation.automatic_message(ticket=ticket, body=body)


def _awake(ticket: Ticket) -> Ticket:
    """The ticket at work again, where people look for it."""
    if ticket.status == TicketStatus.SOLVED:
        return transitions.reopen(ticket=ticket, actor=None, reason=str(_("客户要求人工")))
    if ticket.is_paused:
        return transitions.resume(ticket=ticket, actor=None, reason=str(_("转人工")))
    if ticket.status == TicketStatus.CLOSED:
        raise Conflict(str(_("会话已结束，请直接发送新消息。")), code="closed", allowed=[])
    return ticket


def _note_handover(chat: Chat, ticket: Ticket, reason: HandoverReason) -> None:
    moment = clock.now()
    chat.is_with_bot, chat.handed_over_at, chat.handover_reason = False, moment, reason
    chat.save(update_fields=["is_with_bot", "handed_over_at", "handover_reason"])
    chat.answers.filter(solved_at=None, transferred_at=None).update(transferred_at=moment)
    record_events([events.ticket_event(events.UPDATED, ticket, None, action="handover", handover_reason=str(reason))])


@transaction.atomic
def rate(*, answer: BotAnswer, is_helpful: bool) -> BotAnswer:
    """The customer says whether an answer solved it: yes solves the ticket, no brings a person."""
    chat = Chat.objects.select_for_update().get(pk=answer.chat_id)
    answer = BotAnswer.objects.select_for_update().get(pk=answer.pk)
    if answer.is_helpful is not None:
        return answer
    answer.is_helpful = is_helpful
    answer.save(update_fields=["is_helpful"])
    if is_helpful:
        BotAnswer.objects.filter(pk=answer.pk, transferred_at=None).update(solved_at=clock.now())
        _solve(chat, actor=None)
    elif chat.handed_over_at is None:
        hand_over(chat=chat, reason=HandoverReason.UNHELPFUL)
    answer.refresh_from_db()
    return answer


def _solve(chat: Chat, actor: "User | None") -> None:
    """Solved by the bot: the answer was also the feedback, so the ticket closes by itself when nobody objects."""
    if chat.handed_over_at is not None or chat.ticket_id is None:
        return
    ticket = transitions.lock(Ticket(pk=chat.ticket_id))
    if not ticket.is_open or ticket.assignee_id is not None:
        return
    ticket = transitions.solve(ticket=ticket, actor=actor, reason=str(_("机器人已解答")))
    ticket.feedback_at = ticket.solved_at
    ticket.save(update_fields=["feedback_at"])
    chat.is_with_bot = False
    chat.save(update_fields=["is_with_bot"])


def end_quiet(*, limit: int = 200) -> int:
    """End conversations with the bot in which nobody has spoken for half an hour. Returns how many."""
    before = clock.now() - QUIET
    quiet = Chat.objects.filter(
        is_with_bot=True, ticket__status=TicketStatus.PENDING, ticket__assignee=None, ticket__updated_at__lt=before
    )
    done = 0
    for pk in quiet.order_by("pk").values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            chat = Chat.objects.select_for_update().get(pk=pk)
            _solve(chat, actor=None)
            still_open = chat.answers.filter(solved_at=None, transferred_at=None).exclude(is_helpful=False)
            still_open.update(solved_at=clock.now())
            done += 1
    return done
