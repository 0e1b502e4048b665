"""What these pages share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from core.keyset import BadCursor, Page, read_page

PAGE_SIZE = 50


@dataclass(frozen=True)
class Tab:
    """A part of a list; `empty` says what an empty one means."""

    key: str
    label: str | Promise
    empty: str | Promise
    ordering: tuple[str, ...] = ("-id",)


@dataclass(frozen=True)
class Place:
    """A neighbouring page in the row of links above a list."""

    url_name: str
    label: str | Promise
    permission: str


PARCELS = (
    Place("exception_list", lazy("物流异常"), "customers.view_shipmentexception"),
    Place("shipment_list", lazy("包裹"), "customers.view_shipment"),
    Place("order_list", lazy("订单"), "customers.view_order"),
    Place("outreach_list", lazy("主动联系"), "customers.view_outreach"),
)


def page_of(rows: Any, ordering: Sequence[str], cursor: str | None) -> Page[Any]:
    """The page at a cursor; a wrong one is the first page."""
    try:
        return read_page(rows, ordering=ordering, cursor=cursor or None, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=ordering, cursor=None, size=PAGE_SIZE)


def is_dialog(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]


def back(request: HttpRequest, url_name: str, *args: Any) -> HttpResponse:
    """To where the dialog was opened, which keeps its tab, filters and place."""
    if is_dialog(request):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect(url_name, *args)
