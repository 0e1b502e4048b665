"""The list of requests: by state, the nearest deadline first."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from core import clock
from core.keyset import BadCursor, Page, read_page
from crm.insights.statistics.returns import ReturnsAsked, label_of
from crm.staff.person import person_of
from crm.workbench.chips import Chip, chip, values_of
from customers.choices import ShopPlatform
from tickets.aftersales_choices import (
    FINISHED_STATES,
    OPEN_STATES,
    STATE_TONES,
    AfterSalesKind,
    AfterSalesReason,
    AfterSalesState,
    ExperimentKind,
    GreenOption,
)
from tickets.models import AfterSales

PAGE_SIZE = 40
_S = AfterSalesState


@dataclass(frozen=True)
class Tab:
    """A part of the list; `empty` says what an empty one means."""

    key: str
    label: str | Promise
    states: tuple[str, ...]
    empty: str | Promise
    ordering: tuple[str, ...] = ("due_at", "id")


TABS = {
    tab.key: tab
    for tab in (
        Tab("open", lazy("未办结"), OPEN_STATES, lazy("没有等着办的售后单。在工作台打开工单，用“售后”页登记。")),
        Tab("applied", lazy("待受理"), (_S.APPLIED, _S.APPROVING), lazy("新的售后申请会出现在这里。")),
        Tab("returning", lazy("待寄回"), (_S.RETURNING,), lazy("没有在等买家寄回的商品。")),
        Tab("inspecting", lazy("待验货"), (_S.INSPECTING,), lazy("没有到仓待验的商品。")),
        Tab("deciding", lazy("待决定"), (_S.DECIDING,), lazy("没有等着决定的售后单。")),
        Tab("executing", lazy("执行中"), (_S.EXECUTING,), lazy("没有在执行的售后单。")),
        Tab("telling", lazy("待反馈"), (_S.DONE, _S.REFUSED, _S.FED_BACK), lazy("办完的售后单在这里等着反馈和评价。")),
        Tab("all", lazy("全部"), tuple(AfterSalesState), lazy("还没有售后单。"), ("-requested_at", "-id")),
        Tab("ended", lazy("已结束"), FINISHED_STATES, lazy("结束的售后单会留在这里。"), ("-id",)),
    )
}


def _asked(request: HttpRequest) -> ReturnsAsked | None:
    """The days and whatever else a report sent the person here with; None without days."""
    has_days = request.GET.get("from") or request.GET.get("to")
    return ReturnsAsked.of(request.GET) if has_days else None


def _narrowing(request: HttpRequest, asked: ReturnsAsked | None) -> list[Chip]:
    """What a report narrowed the list by beside its own filters; each can be taken away."""
    names = {"shop": _("店铺"), "advisor": _("当时的客服"), "script": _("当时的话术")}
    return [
        chip(
            request.GET,
            name,
            [("", _("不限")), (asked[name], label_of(name, asked[name]))],
            before=label,
            after=_("，"),
        )
        for name, label in names.items()
        if asked and asked[name]
    ]


def _chips(request: HttpRequest, asked: ReturnsAsked | None) -> list[Chip]:
    query = request.GET
    return [
        *_narrowing(request, asked),
        chip(query, "kind", [("", _("全部方案")), *AfterSalesKind.choices]),
        chip(query, "reason", [("", _("任何原因")), *AfterSalesReason.choices], before=_("，因")),
        chip(query, "platform", [("", _("全部平台")), *ShopPlatform.choices], before=_("，来自")),
        chip(query, "handler", [("", _("任何人")), ("me", _("我"))], before=_("，由"), after=_("经办")),
        chip(query, "green", [("", _("不论环保方式")), *GreenOption.choices], before=_("，")),
        chip(query, "experiment", [("", _("含试验")), ("no", _("不含试验")), *ExperimentKind.choices], before=_("，")),
        chip(query, "late", [("", _("不论是否超时")), ("yes", _("已超时"))], before=_("，")),
    ]


def _condition(user: Any, values: dict[str, str]) -> Q:
    found = Q()
    for name, lookup in (("kind", "kind"), ("reason", "reason"), ("platform", "order__shop__platform")):
        if values[name]:
            found &= Q(**{lookup: values[name]})
    if values["green"]:
        found &= Q(green=values["green"])
    if values["experiment"]:
        found &= Q(experiment="" if values["experiment"] == "no" else values["experiment"])
    if values["handler"]:
        found &= Q(handler=user)
    if values["late"]:
        found &= Q(due_at__lt=clock.now())
    return found


def _page(rows: Any, tab: Tab, cursor: str | None) -> Page[AfterSales]:
    try:
        return read_page(rows, ordering=tab.ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=tab.ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("tickets.view_aftersales", raise_exception=True)
@require_GET
def aftersales_list(request: HttpRequest) -> HttpResponse:
    """Requests of one tab."""
    user = person_of(request)
    asked = _asked(request)
    tab = TABS.get(request.GET.get("tab", ""), TABS["all" if asked else "open"])
    chips = _chips(request, asked)
    rows: Any = AfterSales.objects.visible_to(user).filter(state__in=tab.states)
    rows = rows.filter(_condition(user, values_of(chips)))
    if asked is not None:
        rows = rows.filter(asked.q())
    page = _page(rows.for_list(), tab, request.GET.get("cursor"))
    for row in page.rows:
        row.tone = STATE_TONES[row.state]  # type: ignore[attr-defined]
    context = {
        "page": page,
        "tab": tab,
        "tabs": list(TABS.values()),
        "chips": chips,
        "asked": asked,
        # Of one period: the number of rows does not grow with the age of the system.
        "count": rows.count() if asked else None,
        "is_filtered": asked is not None or any(item.is_set for item in chips),
    }
    return render(request, "workbench/aftersales/list.html", context)
