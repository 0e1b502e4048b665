"""What a view may ask about a ticket: the fields of the rules, and where the ticket stands now."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from core import clock
from core.conditions import Condition, ConditionError, Field, FieldSet, parse
from crm.staff.models import User
from crm.workbench.models import SavedView
from customers.models import CustomerTag
from customers.rules import tags_offered
from tickets.choices import OPEN_STATUSES, TicketStatus
from tickets.models import TicketTag
from tickets.services.facts import TICKET_FIELDS

ME = "me"
#: A clock that ends within this time is about to.
SOON = timedelta(hours=1)


def _with_ticket_tag(names: list[str]) -> Q:
    carried = TicketTag.objects.filter(ticket=OuterRef("pk"))
    return Q(Exists(carried.filter(name__in=names) if names else carried))


def _with_customer_tag(names: list[str]) -> Q:
    carried = CustomerTag.objects.active().filter(customer=OuterRef("customer_id"))
    return Q(Exists(carried.filter(tag__name__in=names) if names else carried))


def _due(words: list[str]) -> Q:
    now = clock.now()
    meanings = {
        "overdue": Q(next_due_at__lt=now),
        "soon": Q(next_due_at__gte=now, next_due_at__lt=now + SOON),
    }
    found = Q(pk__in=())
    for word in words or meanings:
        found |= meanings[word]
    return found & Q(status__in=OPEN_STATUSES)


_DUE_WORDS = (("overdue", lazy("已超时")), ("soon", lazy("一小时内到期")))
#: Known to rules when a ticket comes in, but no column of its row.
_UNASKED = ("body", "customer.tags", "customer.types")

VIEW_FIELDS = FieldSet(
    [
        Field("status", "choice", lazy("状态"), "status", choices=TicketStatus.choices),
        Field("assignee", "text", lazy("负责人"), "assignee__username"),
        Field("due", "set", lazy("时效"), _due, choices=_DUE_WORDS),
        *(field for name, field in TICKET_FIELDS.items() if name not in _UNASKED),
        Field("tags", "set", pgettext_lazy("many", "工单标签"), _with_ticket_tag),
        Field("customer.tags", "set", lazy("客户标签"), _with_customer_tag, suggest=tags_offered),
        Field("transfers", "number", lazy("转接次数"), "move_count"),
        Field("reopened", "number", lazy("重开次数"), "reopen_count"),
        Field("escalation_level", "number", lazy("升级级别"), "escalation_level"),
        Field("needs_human_triage", "boolean", lazy("待人工分类"), "needs_human_triage"),
        Field("created_at", "moment", lazy("创建时间"), "created_at"),
        Field("updated_at", "moment", lazy("更新时间"), "updated_at"),
        Field("solved_at", "moment", lazy("解决时间"), "solved_at"),
    ]
)


def _with_me(raw: Any, word: str) -> Any:
    """The rule with "me" as an assignee replaced by `word`."""
    if isinstance(raw, list):
        return [_with_me(part, word) for part in raw]
    if not isinstance(raw, dict):
        return raw
    if raw.get("field") == "assignee":
        value = raw.get("value")
        if isinstance(value, list):
            return {**raw, "value": [word if one == ME else one for one in value]}
        return {**raw, "value": word} if value == ME else raw
    return {key: _with_me(part, word) for key, part in raw.items()}


def condition_for(raw: Any, user: User) -> Condition:
    """The rule as this person means it: "me" is whoever looks. Raises ConditionError."""
    return parse(_with_me(raw, user.username), VIEW_FIELDS)


def sentence_of(raw: Any) -> str:
    """The rule in words."""
    return parse(_with_me(raw, _("我")), VIEW_FIELDS).sentence()


def is_readable(view: SavedView) -> bool:
    """Whether every field and word of the rule is still known."""
    try:
        parse(view.condition, VIEW_FIELDS)
    except ConditionError:
        return False
    return True


def asks_about(raw: Any, name: str) -> bool:
    """Whether the rule says something about the field of this name, anywhere."""
    if isinstance(raw, list):
        return any(asks_about(part, name) for part in raw)
    if not isinstance(raw, dict):
        return False
    return raw.get("field") == name or any(asks_about(part, name) for part in raw.values())


def wants_open_only(raw: Any) -> bool:
    """Whether the rule can be fulfilled by open tickets alone, as far as its form shows."""
    if not isinstance(raw, dict):
        return False
    if isinstance(raw.get("all"), list):
        return any(wants_open_only(part) for part in raw["all"])
    if isinstance(raw.get("any"), list):
        return bool(raw["any"]) and all(wants_open_only(part) for part in raw["any"])
    value = raw.get("value")
    words = value if isinstance(value, list) else [value]
    return raw.get("field") == "status" and raw.get("op") in ("eq", "in") and set(words) <= set(OPEN_STATUSES)
