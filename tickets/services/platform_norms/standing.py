"""How one stands by the platforms' norms: over the rolling window, today, and if the next is missed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, cast

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from core import clock
from customers.models import Shop
from tickets.models import PlatformDay, PlatformNorm, PlatformTurn
from tickets.services import catalogue

if TYPE_CHECKING:
    from crm.staff.models import User

Key = tuple[int, int | None]


@dataclass(frozen=True)
class Tally:
    """Answered in time, of those that are decided; `waiting` may still be answered in time."""

    met: int = 0
    counted: int = 0
    waiting: int = 0
    target: Decimal | None = None

    @property
    def missed(self) -> int:
        return self.counted - self.met

    @property
    def rate(self) -> float | None:
        """None while nothing is decided."""
        return self.met / self.counted if self.counted else None

    @property
    def if_missed(self) -> float:
        """The rate when the next one is missed."""
        return self.met / (self.counted + 1)

    @property
    def misses_left(self) -> int | None:
        """How many of the next may be missed before the target is; None without a target."""
        if not self.target:
            return None
        allowed = (Decimal(self.met) / self.target).to_integral_value(ROUND_FLOOR) - self.counted
        return max(int(allowed), 0)

    @property
    def tone(self) -> str:
        """good, warn (the next miss costs the target) or bad; empty without a target."""
        if self.target is None or self.rate is None:
            return ""
        if Decimal(self.met) < self.target * self.counted:
            return "bad"
        return "warn" if self.misses_left == 0 else "good"


@dataclass(frozen=True)
class Standing:
    """One norm for one shop: the shop's window and day, and the person's own day."""

    norm: PlatformNorm
    shop: Shop | None
    window: Tally = field(default_factory=Tally)
    today: Tally = field(default_factory=Tally)
    mine: Tally = field(default_factory=Tally)
    next_due_at: datetime | None = None

    @property
    def is_mine(self) -> bool:
        return bool(self.mine.counted or self.mine.waiting)


@dataclass
class _Waiting:
    """Messages that may still be answered in time."""

    today: int = 0
    all: int = 0
    mine: int = 0
    next_due_at: datetime | None = None


def standings(*, person: "User | None" = None, now: datetime | None = None) -> list[Standing]:
    """Every active norm by shop, the most endangered first; `person` is whose own day is told. Two statements."""
    moment = now or clock.now()
    norms = {norm.pk: norm for norm in catalogue.in_force().platform_norms}
    if not norms:
        return []
    today = timezone.localtime(moment).date()
    sums = _sums(norms.values(), today, person)
    waiting = _waiting(moment, today, person)
    shops = {shop.pk: shop for shop in catalogue.in_force().shops.values()}
    found = [
        _standing(norms[norm_id], shops.get(shop_id or 0), row, waiting[norm_id, shop_id])
        for (norm_id, shop_id), row in sums.items()
    ]
    return sorted(found, key=_danger)


def _danger(row: Standing) -> tuple[int, float, str, int]:
    order = {"bad": 0, "warn": 1, "good": 2, "": 3}
    rate = row.window.rate
    return order[row.window.tone], rate if rate is not None else 1.0, row.norm.platform, row.norm.pk


def _sums(norms: Iterable[PlatformNorm], today: date, person: "User | None") -> dict[Key, dict[str, int]]:
    windows = [Q(norm=norm.pk, on__gt=today - timedelta(days=norm.window_days)) for norm in norms]
    is_today = Q(on=today)
    mine = is_today & Q(agent=person.pk if person else 0)
    rows = (
        PlatformDay.objects.filter(reduce(or_, windows), on__lte=today)
        .order_by()
        .values("norm_id", "shop_id")
        .annotate(
            window_asked=Sum("asked"),
            window_met=Sum("met"),
            today_asked=Sum("asked", filter=is_today, default=0),
            today_met=Sum("met", filter=is_today, default=0),
            mine_asked=Sum("asked", filter=mine, default=0),
            mine_met=Sum("met", filter=mine, default=0),
        )
    )
    return {(row["norm_id"], row["shop_id"]): cast(dict[str, int], row) for row in rows}


def _waiting(moment: datetime, today: date, person: "User | None") -> dict[Key, _Waiting]:
    """Open turns whose time is not over: a few minutes of messages."""
    found: dict[Key, _Waiting] = defaultdict(_Waiting)
    mine = Q(agent=person.pk if person else 0)
    is_today = Q(asked_at__gte=timezone.make_aware(datetime.combine(today, datetime.min.time())))
    rows = (
        PlatformTurn.objects.filter(answered_at=None, due_at__gt=moment)
        .order_by()
        .values("norm_id", "shop_id")
        .annotate(
            every=Count("pk"),
            fresh=Count("pk", filter=is_today),
            own=Count("pk", filter=mine & is_today),
            first=Min("due_at", filter=mine) if person else Min("due_at"),
        )
    )
    for row in rows:
        found[row["norm_id"], row["shop_id"]] = _Waiting(row["fresh"], row["every"], row["own"], row["first"])
    return found


def _standing(norm: PlatformNorm, shop: Shop | None, row: dict[str, int], waiting: _Waiting) -> Standing:
    def tally(name: str, still: int) -> Tally:
        return Tally(row[f"{name}_met"], row[f"{name}_asked"] - still, still, norm.target)

    return Standing(
        norm,
        shop,
        window=tally("window", waiting.all),
        today=tally("today", waiting.today),
        mine=tally("mine", waiting.mine),
        next_due_at=waiting.next_due_at,
    )


def next_due(ticket_id: int) -> PlatformTurn | None:
    """The platform's clock on a ticket: the first turn that nobody answered."""
    rows = PlatformTurn.objects.filter(ticket=ticket_id, answered_at=None).select_related("norm")
    return rows.order_by("due_at").first()
