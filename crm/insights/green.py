"""Repair, trade-in, recycling and green packaging among after-sales, with their share (D18).

What is tried out (virtual trying, virtual repair) is counted apart and is no part of any share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from core.statistics import wilson
from crm.insights.service_times import share
from crm.insights.statistics.returns import ReturnsAsked
from tickets.aftersales_choices import AfterSalesKind, ExperimentKind, GreenOption

if TYPE_CHECKING:
    from crm.staff.models import User

PLAIN = Q(experiment="")


@dataclass(frozen=True)
class GreenLine:
    """One option: how many requests chose it, of how many; `low` and `high` bound the share (Wilson, 95 %)."""

    key: str
    label: str | Promise
    count: int
    n: int
    url: str

    @property
    def share(self) -> float | None:
        return share(self.count, self.n)

    @property
    def share_text(self) -> str:
        return "—" if self.share is None else f"{self.share:.1%}"

    @property
    def interval_text(self) -> str:
        if not self.n:
            return ""
        found = wilson(self.count, self.n)
        return f"{found.low:.1%} – {found.high:.1%}" if found else ""


@dataclass(frozen=True)
class GreenShare:
    """`lines` are options of ordinary requests, of which there are `n`; `experiments` are counted beside them."""

    n: int
    lines: list[GreenLine]
    experiments: list[GreenLine]


def green_share(asked: ReturnsAsked, user: "User") -> GreenShare:
    """The options of the days asked for, within the person's sight. One query."""
    wanted: dict[str, Q] = {
        AfterSalesKind.REPAIR.value: PLAIN & Q(kind=AfterSalesKind.REPAIR),
        **{option.value: PLAIN & Q(green=option) for option in GreenOption},
        **{kind.value: Q(experiment=kind) for kind in ExperimentKind},
    }
    counts = {key: Count("pk", filter=condition) for key, condition in wanted.items()}
    found: Mapping[str, int] = asked.requests(user).aggregate(n=Count("pk", filter=PLAIN), **counts)
    n = found["n"]
    options: list[tuple[str, str | Promise, dict[str, str]]] = [
        (AfterSalesKind.REPAIR.value, AfterSalesKind.REPAIR.label, {"kind": AfterSalesKind.REPAIR.value}),
        *((option.value, option.label, {"green": option.value}) for option in GreenOption),
    ]
    return GreenShare(
        n,
        [GreenLine(key, label, found[key], n, _rows(asked, experiment="no", **more)) for key, label, more in options],
        [GreenLine(one.value, one.label, found[one], n, _rows(asked, experiment=one.value)) for one in ExperimentKind],
    )


def _rows(asked: ReturnsAsked, **more: str) -> str:
    """The list of exactly these requests."""
    try:
        return f"{reverse('aftersales_list')}?{urlencode({**asked.address, 'tab': 'all', **more})}"
    except NoReverseMatch:
        return ""
