"""Complaints about the same product, batch and issue: how many this week, and how fast they grow."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils.functional import Promise

from core import clock
from crm.insights.choices import ProblemState
from crm.insights.complaints.causes import likely_cause
from crm.insights.models import Problem
from tickets.choices import TicketType
from tickets.models import Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

WEEK = timedelta(days=7)
#: Fewer complaints in the week are no cluster.
FEWEST = 3
MOST = 50
#: Complaints read for their words; the newest.
MOST_READ = 2000
TERMS = 5
OPEN = (ProblemState.OPEN, ProblemState.ANALYSING, ProblemState.FIXING)
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Cluster:
    """`count` in the last seven days, `before` in the seven before; `problem` is the open record made of it."""

    product: str
    batch: str
    category: str
    count: int
    before: int
    terms: tuple[str, ...]
    cause: str | Promise
    tickets: tuple[int, ...]
    problem: Problem | None

    @property
    def growth(self) -> float | None:
        """Against the week before, None when there was nothing: then it is new."""
        return (self.count - self.before) / self.before if self.before else None

    @property
    def growth_text(self) -> str:
        return "—" if self.growth is None else f"{self.growth * 100:+.0f}%"

    @property
    def signature(self) -> str:
        return signature_of(self.product, self.batch, self.category)


def signature_of(product: str, batch: str, category: str) -> str:
    return "\x1f".join(("cluster", product, batch, category))


def complaints_of(user: "User", since: datetime) -> Any:
    """Complaints in sight since a moment, each counted once."""
    rows = Ticket.objects.visible_to(user)
    return rows.filter(type=TicketType.COMPLAINT, merged_into=None, created_at__gte=since).order_by()


def clusters_of(user: "User", *, now: datetime | None = None) -> list[Cluster]:
    """The largest first. Three statements over two weeks of complaints."""
    now = now or clock.now()
    recent = Q(created_at__gte=now - WEEK)
    rows = complaints_of(user, now - 2 * WEEK).filter(created_at__lt=now)
    grouped = rows.values("product", "batch", "category").annotate(
        n=Count("pk", filter=recent), before=Count("pk", filter=~recent)
    )
    found = list(grouped.filter(n__gte=FEWEST).exclude(product="", category="").order_by("-n", "product")[:MOST])
    words, ids = _inside(rows.filter(recent), {(row["product"], row["batch"], row["category"]) for row in found})
    signatures = [signature_of(row["product"], row["batch"], row["category"]) for row in found]
    known = {one.signature: one for one in Problem.objects.filter(signature__in=signatures, state__in=OPEN)}
    clusters = []
    for row, signature in zip(found, signatures, strict=True):
        key = (row["product"], row["batch"], row["category"])
        terms = tuple(term for term, _n in words[key].most_common(TERMS))
        cause = likely_cause(row["category"], terms)
        clusters.append(Cluster(*key, row["n"], row["before"], terms, cause, tuple(ids[key]), known.get(signature)))
    return clusters


def _inside(rows: Any, wanted: set[Key]) -> tuple[dict[Key, Counter[str]], dict[Key, list[int]]]:
    words: dict[Key, Counter[str]] = {key: Counter() for key in wanted}
    ids: dict[Key, list[int]] = {key: [] for key in wanted}
    if not wanted:
        return words, ids
    read = rows.order_by("-created_at", "-id").values_list("pk", "product", "batch", "category", "triage_terms")
    for pk, product, batch, category, terms in read[:MOST_READ]:
        key = (product, batch, category)
        if key in wanted:
            words[key].update(terms)
            ids[key].append(pk)
    return words, ids
