"""The ticket list: a dense table over everything the person may see, filtered, ordered, exported."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from core import clock
from core.errors import DomainError
from core.exports import Column, export_response
from core.keyset import BadCursor, Page, read_page
from core.language import mask_text
from core.privacy import mask_name, mask_phone
from crm.staff.models import User
from crm.workbench.chips import Chip, chip, values_of
from crm.workbench.desk import SOON
from tickets.choices import Priority, TicketStatus, TicketType
from tickets.models import Channel, Queue, Ticket

PAGE_SIZE = 50
PEOPLE = 200
SEARCH_LENGTH = 200
UNFINISHED = "unfinished"
ME, NOBODY = "me", "none"

ORDERINGS: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "": (lazy("最新创建"), ("-created_at", "-id")),
    "oldest": (lazy("最早创建"), ("created_at", "id")),
    # Only open tickets have a clock that runs; this order shows them alone.
    "due": (lazy("最近到期"), ("next_due_at", "id")),
}


def chips_for(request: HttpRequest) -> list[Chip]:
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
            [(key, label) for key, (label, _fields) in ORDERINGS.items()],
            before=_("按"),
            after=_("排序"),
        ),
    ]


def _search(request: HttpRequest) -> str:
    return request.GET.get("search", "").replace("\x00", "").strip()[:SEARCH_LENGTH]


def chosen_tickets(user: User, values: dict[str, str], search: str) -> QuerySet[Ticket]:
    """The tickets the sentence describes."""
    rows = Ticket.objects.visible_to(user)
    if search:
        rows = rows.matching(search)
    if values["order"] == "due" or values["status"] == UNFINISHED:
        rows = rows.open()
    if values["status"] not in ("", UNFINISHED):
        rows = rows.filter(status=values["status"])
    for name, lookup in (
        ("type", "type"),
        ("priority", "priority"),
        ("queue", "queue__key"),
        ("channel", "channel__key"),
    ):
        if values[name]:
            rows = rows.filter(**{lookup: values[name]})
    rows = _by_assignee(rows, user, values["assignee"])
    now = clock.now()
    if values["overdue"] == "true":
        rows = rows.overdue(now)
    elif values["overdue"] == "soon":
        rows = rows.due_between(now, now + SOON)
    return rows


def _by_assignee(rows: Any, user: User, value: str) -> Any:
    match value:
        case "":
            return rows
        case "me":
            return rows.filter(assignee=user)
        case "none":
            return rows.filter(assignee=None)
    return rows.filter(assignee_id=int(value))


def _page(rows: Any, order: str, cursor: str | None) -> Page[Ticket]:
    ordering = ORDERINGS[order][1]
    try:
        return read_page(rows.for_list(), ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        # A cursor of another order or an old bookmark: begin at the beginning.
        return read_page(rows.for_list(), ordering=ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("tickets.view_ticket", raise_exception=True)
@require_GET
def ticket_list(request: HttpRequest) -> HttpResponse:
    """A page of tickets."""
    chips = chips_for(request)
    values = values_of(chips)
    search = _search(request)
    page = _page(chosen_tickets(request.user, values, search), values["order"], request.GET.get("cursor"))  # type: ignore[arg-type]
    context = {
        "page": page,
        "chips": chips,
        "search": search,
        "is_filtered": bool(search) or any(item.is_set for item in chips if item.name != "order"),
    }
    is_fragment = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "workbench/tickets/rows.html" if is_fragment else "workbench/tickets/list.html", context)


EXPORT_COLUMNS = [
    Column(lazy("工单号"), "number"),
    Column(lazy("标题"), "subject", mask_text),
    Column(lazy("类型"), lambda row: row.get_type_display()),
    Column(lazy("状态"), lambda row: row.get_status_display()),
    Column(lazy("优先级"), lambda row: row.get_priority_display()),
    Column(lazy("分类"), "category"),
    Column(lazy("客户"), "customer.name", mask_name),
    Column(lazy("手机号"), "customer.phone", mask_phone),
    Column(lazy("订单号"), "order_no"),
    Column(lazy("商品编码"), "product"),
    Column(lazy("队列"), "queue.name"),
    Column(lazy("负责人"), lambda row: row.assignee.name if row.assignee else ""),
    Column(lazy("渠道"), lambda row: row.channel_given or row.channel.name),
    Column(lazy("店铺"), lambda row: row.shop_given or (row.shop.name if row.shop else "")),
    Column(lazy("创建时间"), "created_at"),
    Column(lazy("首响截止"), "first_response_due_at"),
    Column(lazy("首次响应时间"), "first_responded_at"),
    Column(lazy("解决截止"), "resolution_due_at"),
    Column(lazy("解决时间"), "solved_at"),
    Column(lazy("关闭时间"), "closed_at"),
]


@login_required
@permission_required("tickets.export_ticket", raise_exception=True)
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The list with the present filters as a file, personal data masked."""
    values = values_of(chips_for(request))
    rows = chosen_tickets(request.user, values, _search(request))  # type: ignore[arg-type]
    try:
        return export_response(
            request,
            rows=rows.for_list().order_by(*ORDERINGS[values["order"]][1]).iterator(chunk_size=1000),  # type: ignore[attr-defined]
            columns=EXPORT_COLUMNS,
            permission="tickets.export_ticket",
            kind="ticket",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("ticket_list")
