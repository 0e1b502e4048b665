"""The sentence above the ticket list: what it shows, from whom, in which order."""

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext

from crm.insights.statistics.tickets import PARTS, TicketsAsked, label_of
from crm.staff.models import User
from crm.workbench.chips import Chip, chip
from crm.workbench.models import SavedView
from crm.workbench.models.saved_view import Order
from tickets.choices import Priority, TicketStatus, TicketType
from tickets.models import Channel, Queue

PEOPLE = 200
UNFINISHED = "unfinished"
ME, NOBODY = "me", "none"

ORDERINGS: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "": (lazy("最新创建"), ("-created_at", "-id")),
    "oldest": (lazy("最早创建"), ("created_at", "id")),
    # Only open tickets have a clock that runs; this order shows them alone.
    "due": (lazy("最近到期"), ("next_due_at", "id")),
}


def orderings_for(view: SavedView | None) -> dict[str, tuple[str | Promise, tuple[str, ...]]]:
    """The orders by their word in the address; "" is the usual one, for a saved view its own."""
    if view is None:
        return ORDERINGS
    named = {key or str(Order.NEWEST): value for key, value in ORDERINGS.items()}
    usual = named.pop(view.order)
    return {"": usual, **named}


def narrowing_chips(request: HttpRequest, asked: TicketsAsked | None) -> list[Chip]:
    """What a report narrowed the list by; each can be taken away."""
    if asked is None:
        return []
    return [
        chip(
            request.GET,
            name,
            [("", _("不限")), (asked[name], label_of(name, asked[name]))],
            before=label,
            after=_("，"),
        )
        for name, label in PARTS.items()
        if asked[name]
    ]


def chips_for(request: HttpRequest, view: SavedView | None = None) -> list[Chip]:
    """The sentence above the list, with the choices the person has."""
    user: User = request.user  # type: ignore[assignment]
    query = request.GET
    queues = Queue.objects.filter(pk__in=user.queue_ids).values_list("key", "name")
    people = User.objects.visible_to(user).active().exclude(role="auditor").order_by("username")[:PEOPLE]
    own = [(ME, _("我")), (NOBODY, _("无人"))]
    return [
        chip(
            query,
            "status",
            [("", _("全部状态")), (UNFINISHED, _("未结")), *TicketStatus.choices],
            before=_("显示"),
            after=_("的"),
        ),
        chip(query, "type", [("", _("全部类型")), *TicketType.choices], after=_("工单，")),
        chip(
            query,
            "priority",
            [("", _("不限")), *Priority.choices],
            before=pgettext("sentence", "优先级"),
            after=_("，"),
        ),
        chip(query, "queue", [("", _("全部")), *queues], before=pgettext("sentence", "队列"), after=_("，")),
        chip(
            query,
            "assignee",
            [("", _("任何人")), *own, *((str(person.pk), person.name) for person in people)],
            before=_("由"),
            after=_("负责，"),
        ),
        chip(
            query,
            "channel",
            [("", _("全部渠道")), *Channel.objects.order_by("name").values_list("key", "name")],
            before=_("来自"),
            after=_("，"),
        ),
        chip(
            query,
            "overdue",
            [("", _("不限")), ("true", _("已超时")), ("soon", _("一小时内到期"))],
            before=_("时效"),
            after=_("，"),
        ),
        chip(
            query,
            "order",
            [(key, label) for key, (label, _fields) in orderings_for(view).items()],
            before=_("按"),
            after=_("排序"),
        ),
    ]
