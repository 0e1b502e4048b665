"""What the desk shows: views with live counts, a list, and one ticket with what helps on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import clock
from core.events import Event
from core.keyset import Page, read_page
from core.text import row_id
from crm.staff.models import User
from crm.workbench.models import SavedView
from crm.workbench.saved_views import fields, selecting
from customers.models import Order, Shipment
from tickets.choices import OPEN_STATUSES, PAUSED_STATUSES, Metric, TicketStatus
from tickets.models import Ticket, TicketMessage

PAGE_SIZE = 30
SOON = fields.SOON
OTHER_ROWS = 8


@dataclass(frozen=True)
class View:
    """A named selection of tickets in the left pane."""

    key: str
    label: str | Promise
    icon: str
    condition: Callable[[User], Q]
    ordering: tuple[str, ...] = ("next_due_at", "id")


def _open(**extra: Any) -> Q:
    return Q(status__in=OPEN_STATUSES, **extra)


def _at_hand(**extra: Any) -> Q:
    """Open and not put away for later. The two views of clocks show what was put away too: promises run on."""
    return Q(**({"status__in": OPEN_STATUSES} | extra), snoozed_at=None)


VIEWS: dict[str, View] = {
    view.key: view
    for view in (
        View("mine", _("我负责的"), "user-check", lambda user: _at_hand(assignee=user)),
        View("waiting", _("待受理"), "inbox", lambda user: _at_hand(status=TicketStatus.NEW)),
        View(
            "soon",
            _("一小时内到期"),
            "hourglass-high",
            lambda user: _open(next_due_at__gte=clock.now(), next_due_at__lt=clock.now() + SOON),
        ),
        View("overdue", _("已超时"), "alert-octagon", lambda user: _open(next_due_at__lt=clock.now())),
        View("paused", _("等待与挂起"), "player-pause", lambda user: _at_hand(status__in=PAUSED_STATUSES)),
        View("human", _("待人工分类"), "help-circle", lambda user: _at_hand(needs_human_triage=True)),
        View("open", _("全部未结"), "stack-2", lambda user: _at_hand()),
        View("snoozed", _("稍后处理"), "zzz", lambda user: _open(snoozed_at__isnull=False)),
        View(
            "solved",
            _("已解决待关闭"),
            "circle-check",
            lambda user: Q(status=TicketStatus.SOLVED),
            ("-solved_at", "-id"),
        ),
    )
}
COUNTED = ("mine", "waiting", "soon", "overdue", "paused", "human", "open", "snoozed")


@dataclass(frozen=True)
class CountedView:
    view: View
    count: int | None
    nearest: Any = None


@dataclass(frozen=True)
class QueueCount:
    key: str
    name: str
    count: int
    waiting: int


@dataclass(frozen=True)
class LeftPane:
    """The product's views, and those that people made."""

    views: list[CountedView]
    saved: list[selecting.Counted]


def left_pane(user: User) -> LeftPane:
    """Every view with its count and nearest clock. One statement over open tickets, whatever the age of the system."""
    wanted: dict[str, Any] = {f"n_{key}": Count("pk", filter=VIEWS[key].condition(user)) for key in COUNTED}
    wanted.update({f"due_{key}": Min("next_due_at", filter=VIEWS[key].condition(user)) for key in ("mine", "waiting")})
    saved = selecting.views_of(user)
    wanted.update(selecting.aggregates(saved, user))
    found = Ticket.objects.visible_to(user).open().aggregate(**wanted)
    return LeftPane(
        [CountedView(view, found.get(f"n_{key}"), found.get(f"due_{key}")) for key, view in VIEWS.items()],
        [selecting.Counted(view, found.get(f"saved_{view.pk}")) for view in saved],
    )


def queue_counts(user: User) -> list[QueueCount]:
    """Open and waiting tickets by queue."""
    rows = (
        Ticket.objects.visible_to(user)
        .open()
        .values("queue__key", "queue__name", "queue__position")
        .annotate(count=Count("pk"), waiting=Count("pk", filter=Q(status=TicketStatus.NEW)))
        .order_by("queue__position", "queue__key")
    )
    return [QueueCount(row["queue__key"], row["queue__name"], row["count"], row["waiting"]) for row in rows]


@dataclass(frozen=True)
class Selection:
    """What the list shows: a view or a queue, and perhaps a search. `saved` is the view a person made."""

    view: str = "mine"
    queue: str = ""
    search: str = ""
    cursor: str | None = None
    saved: SavedView | None = None

    @classmethod
    def of(cls, query: Any, user: User) -> "Selection":
        view = query.get("view", "")
        saved = _saved(view, user)
        return cls(
            view=view if saved or view in VIEWS else ("" if query.get("queue") else "mine"),
            saved=saved,
            queue=query.get("queue", "")[:100],
            search=query.get("search", "").strip()[:200],
            cursor=query.get("cursor") or None,
        )

    @property
    def query(self) -> str:
        pairs = {"view": self.view, "queue": self.queue, "search": self.search}
        return urlencode({name: value for name, value in pairs.items() if value})


def _saved(word: str, user: User) -> SavedView | None:
    """The view of "saved-12"; one that the person may not see is as unknown as any other word."""
    number = word.removeprefix("saved-")
    if number == word:
        return None
    found: SavedView | None = SavedView.objects.visible_to(user).filter(pk=row_id(number)).first()
    return found if found and fields.is_readable(found) else None


def listed(user: User, selection: Selection) -> Page[Ticket]:
    """A page of the selection, the nearest clock first; a search looks at every ticket, the newest first."""
    rows: QuerySet[Ticket] = Ticket.objects.visible_to(user).for_list()
    ordering: tuple[str, ...] = ("next_due_at", "id")
    if selection.search:
        rows, ordering = rows.matching(selection.search), ("-created_at", "-id")
    elif selection.queue:
        rows = rows.open().filter(queue__key=selection.queue)
    elif selection.saved:
        rows = selecting.tickets_of(selection.saved, user).for_list()  # type: ignore[attr-defined]
        ordering = selecting.ORDERINGS[selection.saved.order]
    else:
        view = VIEWS[selection.view]
        rows, ordering = rows.filter(view.condition(user)), view.ordering
    return read_page(rows, ordering=ordering, cursor=selection.cursor, size=PAGE_SIZE)


@dataclass(frozen=True)
class ShownClock:
    """A promise as the header shows it."""

    name: str
    due_at: Any
    met_at: Any
    breached_at: Any
    paused: bool
    hint: str


def clocks_of(ticket: Ticket) -> list[ShownClock]:
    """The latest clock of every metric: running ones first, by due moment."""
    latest: dict[str, Any] = {}
    for row in ticket.clocks.select_related("policy", "calendar").order_by("cycle"):
        if row.cancelled_at is None:
            latest[row.metric] = row
    shown = [
        ShownClock(
            name=str(Metric(row.metric).label),
            due_at=row.due_at or getattr(ticket, f"{row.metric}_due_at") or row.started_at,
            met_at=row.met_at,
            breached_at=row.breached_at,
            paused=row.is_running and row.due_at is None,
            hint=f"{row.policy.name} · {row.calendar.name}",
        )
        for row in latest.values()
    ]
    return sorted(shown, key=lambda item: (item.met_at is not None, item.due_at))


def conversation_of(ticket: Ticket) -> list[TicketMessage]:
    """Messages oldest first, with authors and files."""
    return list(
        TicketMessage.objects.filter(ticket=ticket)
        .select_related("author", "channel", "script_version__item")
        .prefetch_related("attachments")
        .order_by("created_at", "id")
    )


def history_of(ticket: Ticket) -> list[Event]:
    """The newest events of the ticket."""
    rows = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk).select_related("actor")
    return list(rows.order_by("-id")[:100])


def orders_of(ticket: Ticket) -> list[Order]:
    """The customer's newest orders with their items and parcels."""
    parcels = Prefetch("shipments", Shipment.objects.select_related("carrier"))
    rows = Order.objects.filter(customer=ticket.customer_id).select_related("shop").prefetch_related("items", parcels)
    return list(rows.order_by("-ordered_at", "-pk")[:OTHER_ROWS])


def other_tickets_of(ticket: Ticket, user: User) -> list[Ticket]:
    """The customer's other tickets that the user may see, newest first."""
    rows = Ticket.objects.visible_to(user).filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return list(rows.for_list().order_by("-created_at", "-pk")[:OTHER_ROWS])
