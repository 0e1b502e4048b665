"""What a norm may ask about a stage that has ended, and where the answers come from."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.conditions import Field, FieldSet
from tickets import norm_words
from tickets.choices import MessageKind, NormStage
from tickets.models import Ticket, TicketMessage
from tickets.services.conversation import is_thanks

NORM_FIELDS = FieldSet(
    [
        Field("reply.text", "text", _("回复内容"), None),
        Field("reply.length", "number", _("回复字数"), None),
        Field("reply.greets", "boolean", _("回复有称呼、问候或致歉"), None),
        Field("reply.commits", "boolean", _("回复承诺了时间"), None),
        Field("reply.acknowledges", "boolean", _("回复体谅了客户的感受"), None),
        Field("reply.restates", "boolean", _("回复复述了客户的问题"), None),
        Field("reply.states_result", "boolean", _("回复说明了结果"), None),
        Field("replies", "number", _("回复条数"), None),
        Field("placeholders", "number", _("未填的占位符数"), None),
        Field("insults", "number", _("不文明用语数"), None),
        Field("asked_again", "number", _("询问客户已提供信息的次数"), None),
        Field("unanswered", "number", _("未回复的客户消息数"), None),
        Field("transfers", "number", _("转接次数"), None),
        Field("reopened", "number", _("重开次数"), None),
        Field("survey.sent", "boolean", _("评价邀请已发出（免打扰客户视为已发）"), None),
    ]
)

Fact = Callable[[Ticket], Any]
_registered: dict[str, Fact] = {}


def register_fact(name: str, answer: Fact) -> None:
    """Let an upper floor answer a field that lies beyond tickets; once at start-up."""
    if name not in NORM_FIELDS:
        raise ValueError(f"Norms know no field {name}.")
    _registered[name] = answer


class StageFacts(Mapping[str, Any]):
    """Answers about a ticket as it stood at `at`, the end of the stage.

    `reply.*` is the first reply for the stage of acceptance and the latest one for the others;
    counts run over everything said up to that moment.
    """

    def __init__(self, ticket: Ticket, stage: str, at: datetime) -> None:
        self._ticket = ticket
        self._stage = stage
        self._at = at
        self._said: list[TicketMessage] | None = None

    def __getitem__(self, name: str) -> Any:
        if name in _registered:
            return _registered[name](self._ticket)
        match name:
            case "transfers":
                return self._ticket.move_count
            case "reopened":
                return self._ticket.reopen_count
            case "replies":
                return len(self._replies)
            case "placeholders":
                return sum(norm_words.placeholders(text) for text in self._replies)
            case "insults":
                return sum(norm_words.insults(text) for text in self._replies)
            case "asked_again":
                return sum(message.asked_again for message in self._messages)
            case "unanswered":
                return self._unanswered()
        return self._of_reply(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NORM_FIELDS)

    def __len__(self) -> int:
        return len(NORM_FIELDS)

    @property
    def _messages(self) -> list[TicketMessage]:
        if self._said is None:
            # `all()` takes what a preview has prefetched.
            self._said = [message for message in self._ticket.messages.all() if message.created_at <= self._at]
        return self._said

    @property
    def _replies(self) -> list[str]:
        return [message.body for message in self._messages if message.kind == MessageKind.REPLY]

    def _of_reply(self, name: str) -> Any:
        replies = self._replies
        if not replies:
            return None
        text = replies[0] if self._stage == NormStage.ACCEPTED else replies[-1]
        match name:
            case "reply.text":
                return text
            case "reply.length":
                return len(text.strip())
            case "reply.greets":
                return norm_words.greets(text)
            case "reply.commits":
                return norm_words.commits(text)
            case "reply.acknowledges":
                return norm_words.acknowledges(text)
            case "reply.restates":
                return norm_words.restates(text, self._asked_before(text))
            case "reply.states_result":
                return norm_words.states_result(text)
        return None

    def _asked_before(self, reply: str) -> str:
        """What the customer had said when this reply was written."""
        said: list[str] = []
        for message in self._messages:
            if message.kind == MessageKind.REPLY and message.body == reply:
                break
            if message.kind == MessageKind.CUSTOMER:
                said.append(message.body)
        return "\n".join(said)

    def _unanswered(self) -> int:
        """Messages of the customer after the latest reply; plain thanks need no answer."""
        count = 0
        for message in self._messages:
            if message.kind == MessageKind.REPLY:
                count = 0
            elif message.kind == MessageKind.CUSTOMER and not is_thanks(message.body):
                count += 1
        return count
