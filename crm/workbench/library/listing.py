"""Which texts the list shows, and how each stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.keyset import BadCursor, Page, read_page
from core.ranking.scoring import rank
from core.versions.choices import VersionStatus
from crm.workbench.chips import Chip, chip, values_of
from crm.workbench.library.kinds import Library
from scripts_library.models import ScriptUsage

PAGE_SIZE = 50
SEARCH_LENGTH = 200
USAGE_DAYS = 30
ENDING = timedelta(days=30)
EXPIRED, RETIRED, LIVE = "expired", "retired", "live"
WAITING = (VersionStatus.DRAFT, VersionStatus.IN_REVIEW, VersionStatus.APPROVED)
VERSION_TONES = {
    VersionStatus.DRAFT: "",
    VersionStatus.IN_REVIEW: "info",
    VersionStatus.APPROVED: "accent",
    VersionStatus.PUBLISHED: "good",
    VersionStatus.REJECTED: "bad",
    VersionStatus.RETIRED: "",
}


@dataclass(frozen=True)
class State:
    """How a text stands, for a chip."""

    label: str | Promise
    tone: str
    icon: str


def state_of(item: Any, now: datetime) -> State:
    """Whether the text is in use now, and if not, why."""
    live = item.live_version
    if live is None:
        return State(lazy("已下线"), "", "archive") if item.published_count else State(lazy("未发布"), "", "pencil")
    if live.valid_until and live.valid_until < now:
        return State(lazy("已过期"), "bad", "clock-x")
    if live.valid_from and live.valid_from > now:
        return State(lazy("未生效"), "info", "clock-play")
    if live.valid_until and live.valid_until < now + ENDING:
        return State(lazy("即将过期"), "warn", "hourglass-high")
    return State(lazy("使用中"), "good", "circle-check")


@dataclass
class Listing:
    """A page of the list with what its template shows."""

    page: Page[Any]
    chips: list[Chip]
    search: str
    is_filtered: bool


def listing_for(request: HttpRequest, library: Library) -> Listing:
    """The texts the address asks for, each with `state`, `waiting` (newest version under way) and `usage`."""
    user = request.user
    visible = library.model._default_manager.visible_to(user)  # type: ignore[attr-defined]
    status = [
        ("", _("全部")),
        (LIVE, _("使用中")),
        (EXPIRED, _("已过期")),
        *((value, VersionStatus(value).label) for value in WAITING),
        (RETIRED, _("已下线")),
    ]
    chips = [chip(request.GET, "status", status, before=_("显示")), *library.facets(request, visible)]
    values = values_of(chips)
    search = request.GET.get("search", "").replace("\x00", "").strip()[:SEARCH_LENGTH]
    rows = _narrowed(visible, library, values)
    if search:
        page = Page(_found(rows, library, user, values["status"], search), None, None)
    else:
        page = _read(_by_status(rows, library, user, values["status"]), request.GET.get("cursor"))
    _dress(page.rows, library, user)
    return Listing(page, chips, search, bool(search) or any(item.is_set for item in chips))


def _narrowed(rows: Any, library: Library, values: dict[str, str]) -> Any:
    wanted = {name: value for name, value in values.items() if name != "status" and value}
    rows = rows.filter(**wanted).select_related("live_version", "owner")
    return rows.defer("search") if library.corpus is not None else rows


def _by_status(rows: Any, library: Library, user: Any, status: str) -> Any:
    if status == LIVE:
        return rows.live()
    if status == EXPIRED:
        return rows.filter(live_version__valid_until__lt=clock.now())
    if status == RETIRED:
        return rows.filter(live_version=None, published_count__gt=0)
    if status:
        versions: Any = library.version_model._default_manager
        waiting = versions.visible_to(user).filter(item=OuterRef("pk"), status=status)
        return rows.filter(Exists(waiting))
    return rows


def _read(rows: Any, cursor: str | None) -> Page[Any]:
    try:
        return read_page(rows, ordering=("-updated_at", "-id"), cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=("-updated_at", "-id"), cursor=None, size=PAGE_SIZE)


def _found(rows: Any, library: Library, user: Any, status: str, search: str) -> list[Any]:
    """The best texts in use, best first, then those not in use whose code or title holds the words.

    Expired texts come only when asked for.
    """
    ids: list[int] = []
    if library.corpus is None:
        words = Q(key__icontains=search) | Q(title__icontains=search)
        return list(_by_status(rows, library, user, status).filter(words).order_by("-updated_at", "-pk")[:PAGE_SIZE])
    if status in ("", LIVE, EXPIRED):
        eligible = _by_status(rows, library, user, status or LIVE)
        ids = rank(corpus=library.corpus, eligible=eligible, query=search, collection=None, limit=PAGE_SIZE)
    ranked = {row.pk: row for row in rows.filter(pk__in=ids)}
    best = [ranked[pk] for pk in ids if pk in ranked]
    if status in (LIVE, EXPIRED):
        return best
    versions: Any = library.version_model._default_manager
    titled = versions.visible_to(user).filter(item=OuterRef("pk"), title__icontains=search)
    words = Q(key__icontains=search) | Q(title__icontains=search) | Exists(titled)
    others = _by_status(rows, library, user, status).filter(words).exclude(pk__in=ids)
    if not status:
        others = others.filter(live_version=None)
    return best + list(others.order_by("-updated_at", "-pk")[: PAGE_SIZE - len(best)])


def _dress(rows: list[Any], library: Library, user: Any) -> None:
    ids = [row.pk for row in rows]
    versions: Any = library.version_model._default_manager
    under_way = versions.visible_to(user).filter(item__in=ids, status__in=WAITING).order_by("number")
    waiting = {version.item_id: version for version in under_way.defer("body")}
    usage = recent_usage(ids) if library.is_script else {}
    now = clock.now()
    for row in rows:
        row.state = state_of(row, now)
        row.waiting = waiting.get(row.pk)
        row.waiting_tone = VERSION_TONES[row.waiting.status] if row.waiting else ""
        row.usage = usage.get(row.pk, 0)


def recent_usage(item_ids: list[int]) -> dict[int, int]:
    """How often each script was sent in the last USAGE_DAYS days."""
    since = clock.now() - timedelta(days=USAGE_DAYS)
    rows = ScriptUsage.objects.filter(version__item__in=item_ids, used_at__gte=since).values("version__item")
    return {row["version__item"]: row["uses"] for row in rows.annotate(uses=Count("pk")).order_by()}
