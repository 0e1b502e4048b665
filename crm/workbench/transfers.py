"""Process defects (B15): tickets that were passed on three times or more, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core import clock
from core.keyset import BadCursor, Page, read_page
from crm.staff.person import person_of
from tickets.models import TicketTransfer

PAGE_SIZE = 30
RECENT = timedelta(days=30)
MOST_PAIRS = 5
_ORDERING = ("-at", "-id")


@dataclass(frozen=True)
class Defect:
    """A third or later transfer with the way the ticket went until then."""

    transfer: TicketTransfer
    path: list[str]


def _page(rows: Any, cursor: str | None) -> Page[TicketTransfer]:
    shown = rows.select_related("ticket", "source", "target", "actor", "confirmed_by")
    try:
        return read_page(shown, ordering=_ORDERING, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(shown, ordering=_ORDERING, cursor=None, size=PAGE_SIZE)


def _paths(transfers: Iterable[TicketTransfer]) -> dict[int, list[tuple[int, str, str]]]:
    """The transfers of each ticket as (number, from, to), in one statement."""
    found: dict[int, list[tuple[int, str, str]]] = {}
    rows = TicketTransfer.objects.done().filter(ticket__in=[row.ticket_id for row in transfers])
    for ticket, number, source, target in rows.order_by("number", "id").values_list(
        "ticket_id", "number", "source__name", "target__name"
    ):
        found.setdefault(ticket, []).append((number, source, target))
    return found


@login_required
@permission_required("insights.view_report", raise_exception=True)
@require_GET
def transfer_defects(request: HttpRequest) -> HttpResponse:
    """The list, with the pairs of groups between which it happened most in the last thirty days."""
    rows = TicketTransfer.objects.visible_to(person_of(request)).defects()
    page = _page(rows, request.GET.get("cursor"))
    paths = _paths(page.rows)
    defects = []
    for row in page.rows:
        way = [(source, target) for number, source, target in paths.get(row.ticket_id, []) if number <= row.number]
        defects.append(Defect(row, [way[0][0], *(target for _source, target in way)] if way else []))
    recent = rows.filter(at__gte=clock.now() - RECENT).order_by()
    pairs = recent.values("source__name", "target__name").annotate(n=Count("pk")).order_by("-n", "source__name")
    context = {"page": page, "defects": defects, "pairs": list(pairs[:MOST_PAIRS])}
    return render(request, "workbench/transfers.html", context)
