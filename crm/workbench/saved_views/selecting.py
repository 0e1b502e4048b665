"""Which tickets a view holds, and how many of them wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet

from core import clock
from core.conditions import ConditionError
from crm.staff.models import User
from crm.workbench.models import SavedView
from crm.workbench.models.saved_view import Order
from crm.workbench.saved_views.fields import asks_about, condition_for, wants_open_only
from tickets.models import Ticket

#: How far back views reach that include finished tickets.
REACH = timedelta(days=90)
MOST_SHOWN = 30
MOST_COUNTED = 99
ORDERINGS: dict[str, tuple[str, ...]] = {
    Order.NEWEST: ("-created_at", "-id"),
    Order.OLDEST: ("created_at", "id"),
    Order.DUE: ("next_due_at", "id"),
}


@dataclass(frozen=True)
class Counted:
    """A view in the left pane; `count` are its open tickets, None when its rule cannot be read any more."""

    view: SavedView
    count: int | None

    @property
    def key(self) -> str:
        return f"saved-{self.view.pk}"

    @property
    def shown(self) -> str:
        """ "12", or "99+": nobody works through more in a sitting."""
        if self.count is None:
            return ""
        return f"{MOST_COUNTED}+" if self.count > MOST_COUNTED else str(self.count)


def views_of(user: User) -> list[SavedView]:
    """The person's own views and those shared with them, own ones first."""
    rows: list[SavedView] = list(
        SavedView.objects.visible_to(user).order_by("position", "name", "id")[: MOST_SHOWN * 2]
    )
    return sorted(rows, key=lambda row: row.owner_id != user.pk)[:MOST_SHOWN]


def tickets_of(view: SavedView, user: User) -> QuerySet[Ticket]:
    """The tickets of the view within the person's sight; open ones, unless its rule names states.

    Finished tickets are without end: a view that includes them reaches back `REACH`, unless its rule says
    itself when they were created. Else a rule that few tickets fulfil would read every ticket there ever was.
    """
    rows: Any = Ticket.objects.visible_to(user)
    if not holds_finished(view):
        rows = rows.open()
    elif is_bounded(view):
        rows = rows.filter(created_at__gte=clock.now() - REACH)
    return rows.filter(condition_for(view.condition, user).q())  # type: ignore[no-any-return]


def holds_finished(view: SavedView) -> bool:
    """Whether finished tickets may be among those of the view."""
    asks = view.order != Order.DUE and asks_about(view.condition, "status")
    return asks and not wants_open_only(view.condition)


def is_bounded(view: SavedView) -> bool:
    """Whether the view holds only tickets of the last `REACH`."""
    return holds_finished(view) and not asks_about(view.condition, "created_at")


def aggregates(views: Sequence[SavedView], user: User) -> dict[str, Count]:
    """For an aggregate over open tickets, so that every view is counted in the statement that counts the others."""
    found = {}
    for view in views:
        try:
            found[f"saved_{view.pk}"] = Count("pk", filter=condition_for(view.condition, user).q())
        except ConditionError:
            continue  # A field or word of the rule is gone since: the view stands there without a number.
    return found


def counted(views: Sequence[SavedView], user: User) -> list[Counted]:
    """Views with their open tickets, in one statement that never looks at finished tickets."""
    wanted = aggregates(views, user)
    found = Ticket.objects.visible_to(user).open().aggregate(**wanted) if wanted else {}
    return [Counted(view, found.get(f"saved_{view.pk}")) for view in views]
