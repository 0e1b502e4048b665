"""What rules may ask about a ticket, and where the answers come from."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.conditions import Choices, Condition, Field, FieldSet
from customers.models import Shop
from customers.rules import MOST_OFFERED, tags_offered
from tickets.choices import Priority, Severity, TicketType
from tickets.models import Channel, Queue, Ticket


def _rows_of(model: Any) -> Callable[[], Choices]:
    """Key and name of the rows that a rule may name by key."""
    return lambda: list(model.objects.order_by("name").values_list("key", "name")[:MOST_OFFERED])


TICKET_FIELDS = FieldSet(
    [
        Field("type", "choice", _("类型"), "type", choices=TicketType.choices),
        Field("channel", "text", _("渠道"), "channel__key", suggest=_rows_of(Channel)),
        Field("shop", "text", _("店铺"), "shop__key", suggest=_rows_of(Shop)),
        Field("category", "text", _("分类"), "category"),
        Field("priority", "choice", _("优先级"), "priority", choices=Priority.choices),
        Field("severity", "choice", _("严重程度"), "severity", choices=Severity.choices),
        Field("complaint", "number", _("投诉概率"), "complaint"),
        Field("urgent", "number", _("紧急概率"), "urgent"),
        Field("negative", "number", _("负面概率"), "negative"),
        Field("subject", "text", _("标题"), "subject"),
        Field("body", "text", _("内容"), None),
        Field("product", "text", _("商品编码"), "product"),
        Field("batch", "text", _("批次"), "batch"),
        Field("queue", "text", _("队列"), "queue__key", suggest=_rows_of(Queue)),
        Field("customer.tags", "set", _("客户标签"), None, suggest=tags_offered),
        Field("customer.types", "set", _("客户类型"), None),
        Field("customer.important", "boolean", _("重要客户"), "customer__important"),
    ]
)


class TicketFacts(Mapping[str, Any]):
    """Answers about one ticket, fetched only when a rule asks."""

    def __init__(self, ticket: Ticket, *, body: str = "") -> None:
        self._ticket = ticket
        self._body = body
        self._fetched: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in TICKET_FIELDS:
            raise KeyError(name)
        if name not in self._fetched:
            self._fetched[name] = self._fetch(name)
        return self._fetched[name]

    def __iter__(self) -> Any:
        return iter(TICKET_FIELDS)

    def __len__(self) -> int:
        return len(TICKET_FIELDS)

    def _fetch(self, name: str) -> Any:
        ticket = self._ticket
        match name:
            case "channel":
                return ticket.channel.key
            case "shop":
                return ticket.shop.key if ticket.shop else ticket.shop_given or None
            case "queue":
                return ticket.queue.key if ticket.queue_id else None
            case "body":
                return self._body or self._first_body()
            case "customer.important":
                return ticket.customer.is_important_now()
            case "customer.tags":
                return set(ticket.customer.active_tags().values_list("name", flat=True))
            case "customer.types":
                return set(ticket.customer.active_tags().filter(group__name="客户类型").values_list("name", flat=True))
        return getattr(ticket, name)

    def _first_body(self) -> str:
        message = self._ticket.messages.first() if self._ticket.pk else None
        return message.body if message else ""


def first_match(rules: list[Any], facts: Mapping[str, Any]) -> Any | None:
    """The first rule (in the given order) whose parsed `condition` the facts satisfy."""
    for rule in rules:
        condition: Condition = rule.condition
        if condition.matches(facts):
            return rule
    return None
