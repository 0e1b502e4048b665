"""Which tickets the address of the ticket list means: the sentence, a search, a saved view."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from core import clock
from core.text import row_id
from crm.insights.statistics.tickets import TicketsAsked
from crm.staff.models import User
from crm.workbench.desk import SOON
from crm.workbench.models import SavedView
from crm.workbench.saved_views import selecting
from crm.workbench.saved_views.pages import view_or_404
from crm.workbench.sentence import UNFINISHED
from tickets.models import Ticket

SEARCH_LENGTH = 200


def search_of(request: HttpRequest) -> str:
    """The words searched for."""
    return request.GET.get("search", "").replace("\x00", "").strip()[:SEARCH_LENGTH]


def saved_view(request: HttpRequest) -> SavedView | None:
    """The view that the address names (`saved=12`), or 404 for one the person may not see."""
    word = request.GET.get("saved", "")
    pk = row_id(word)
    return None if pk is None else view_or_404(request, pk)


def asked_of(request: HttpRequest) -> TicketsAsked | None:
    """The days and whatever else a report sent the person here with; None without days."""
    has_days = request.GET.get("from") or request.GET.get("to")
    return TicketsAsked.of(request.GET) if has_days else None


def chosen_tickets(
    user: User,
    values: dict[str, str],
    search: str,
    view: SavedView | None = None,
    asked: TicketsAsked | None = None,
) -> QuerySet[Ticket]:
    """The tickets the sentence describes, among those of the view; with `asked`, those a report counts."""
    rows: Any = selecting.tickets_of(view, user) if view else Ticket.objects.visible_to(user)
    if asked is not None:
        rows = rows.filter(asked.q())
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
    return rows  # type: ignore[no-any-return]


def _by_assignee(rows: Any, user: User, value: str) -> Any:
    match value:
        case "":
            return rows
        case "me":
            return rows.filter(assignee=user)
        case "none":
            return rows.filter(assignee=None)
    return rows.filter(assignee_id=int(value))
