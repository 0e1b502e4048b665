"""The ticket list: a dense table over everything the person may see, filtered, ordered, exported."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from core.errors import DomainError
from core.exports import Column, export_response
from core.keyset import BadCursor, Page, read_page
from core.language import mask_text
from core.privacy import mask_name, mask_phone
from crm.staff.models import Team, User
from crm.staff.person import person_of
from crm.workbench.bulk.pages import done_of
from crm.workbench.chips import values_of
from crm.workbench.models import SavedView, Sharing
from crm.workbench.saved_views import selecting
from crm.workbench.saved_views.columns import COLUMNS, USUAL
from crm.workbench.saved_views.fields import is_readable, sentence_of
from crm.workbench.selection import asked_of, chosen_tickets, saved_view, search_of
from crm.workbench.sentence import chips_for, narrowing_chips, orderings_for
from tickets.choices import Priority
from tickets.models import Ticket
from tickets.services import catalogue

PAGE_SIZE = 50


def _page(rows: Any, ordering: tuple[str, ...], cursor: str | None) -> Page[Ticket]:
    try:
        return read_page(rows.for_list(), ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        # A cursor of another order or an old bookmark: begin at the beginning.
        return read_page(rows.for_list(), ordering=ordering, cursor=None, size=PAGE_SIZE)


@dataclass(frozen=True)
class ShownColumn:
    key: str
    label: str
    width: str


def _columns(view: SavedView | None) -> list[ShownColumn]:
    """The columns of the view, or the usual ones, in the order of the table."""
    keys = (view.columns if view else None) or USUAL
    return [ShownColumn(key, str(label), width) for key, (label, width) in COLUMNS.items() if key in keys]


def _views_context(user: User, view: SavedView | None) -> dict[str, Any]:
    """The person's views with their counts, and what the form for saving one needs."""
    sharing = Sharing.choices if user.has_perm("workbench.share_savedview") else Sharing.choices[:1]
    return {
        "views": selecting.counted(selecting.views_of(user), user),
        "may_save": user.has_perm("workbench.add_savedview"),
        "may_change": view is not None and view.can_change(user),
        "view_sentence": sentence_of(view.condition) if view else "",
        "view_reach": selecting.REACH.days if view and selecting.is_bounded(view) else None,
        "sharing": sharing,
        "teams": list(Team.objects.visible_to(user)) if len(sharing) > 1 else [],
    }


def _bulk_context(request: HttpRequest) -> dict[str, Any]:
    """What the bar for many tickets offers, and what was just done with it."""
    if not person_of(request).has_perm("workbench.add_bulkchange"):
        return {}
    return {
        "bulk_key": uuid4(),
        "bulk_queues": sorted(catalogue.queues().values(), key=lambda queue: queue.name),
        "bulk_priorities": Priority.choices,
        "done": done_of(request),
    }


@login_required
@permission_required("tickets.view_ticket", raise_exception=True)
@require_GET
def ticket_list(request: HttpRequest) -> HttpResponse:
    """A page of tickets."""
    user = person_of(request)
    view = saved_view(request)
    if view is not None and not is_readable(view):
        messages.error(request, _("视图“%(name)s”的条件已失效，请删除后重建。") % {"name": view.name})
        return redirect("ticket_list")
    asked = asked_of(request)
    chips = [*narrowing_chips(request, asked), *chips_for(request, view)]
    values = values_of(chips)
    search = search_of(request)
    rows = chosen_tickets(user, values, search, view, asked)
    page = _page(rows, orderings_for(view)[values["order"]][1], request.GET.get("cursor"))
    context = {
        "page": page,
        "chips": chips,
        "search": search,
        "asked": asked,
        # Of one period: the number of rows does not grow with the age of the system.
        "count": rows.count() if asked else None,
        "is_filtered": bool(search or asked) or any(item.is_set for item in chips if item.name != "order"),
        "view": view,
        "columns": _columns(view),
        "column_names": COLUMNS,
        **_views_context(user, view),
        **_bulk_context(request),
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
    view = saved_view(request)
    values = values_of(chips_for(request, view))
    rows: Any = chosen_tickets(person_of(request), values, search_of(request), view, asked_of(request))
    ordering = orderings_for(view)[values["order"]][1]
    try:
        return export_response(
            request,
            rows=rows.for_list().order_by(*ordering).iterator(chunk_size=1000),
            columns=EXPORT_COLUMNS,
            permission="tickets.export_ticket",
            kind="ticket",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("ticket_list")
