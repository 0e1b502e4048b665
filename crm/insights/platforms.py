"""Platforms side by side: our figures by our definition, and the platform's own share with its definition (A23)."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext as _

from crm.insights.metrics import METRICS, Figure
from crm.insights.querysets import Totals
from crm.insights.questions import Question
from customers.choices import ShopPlatform
from tickets.choices import ChannelKind, CompensationStatus
from tickets.models import Channel, Compensation, PlatformDay, PlatformNorm
from tickets.querysets import sight
from tickets.services.platform_norms.counting import platform_of

if TYPE_CHECKING:
    from crm.staff.models import User

PLATFORMS = (
    ShopPlatform.TAOBAO,
    ShopPlatform.TMALL,
    ShopPlatform.JD,
    ShopPlatform.DOUYIN,
    ShopPlatform.PDD,
    ShopPlatform.KUAISHOU,
    ShopPlatform.XIAOHONGSHU,
    ShopPlatform.WECHAT,
    ShopPlatform.OWN,
)
COLUMNS = ("first_response", "fast_replies", "resolution", "satisfaction")
_OWN_KINDS = frozenset({ChannelKind.WEB, ChannelKind.CHAT})


@dataclass(frozen=True)
class OwnShare:
    """The platform's share as it defines it; `rate` None while nothing was counted."""

    name: str
    definition: str
    met: int
    asked: int

    @property
    def rate(self) -> float | None:
        return self.met / self.asked if self.asked else None


@dataclass(frozen=True)
class PlatformRow:
    """One platform. Not connected: no channel of ours leads there, and no figure is shown."""

    label: str
    is_connected: bool
    figures: list[Figure]
    shares: list[OwnShare]
    cost: Decimal | None


def by_platform(user: "User", question: Question) -> list[PlatformRow]:
    """A row for every platform, connected or not. Five statements."""
    channels = {channel.pk: _place(channel) for channel in Channel.objects.select_related("shop").defer("secret")}
    totals: dict[str, Totals] = {}
    for channel_id, counted in question.counts(user).totals_by("channel_id").items():
        platform = channels.get(channel_id, "")
        totals[platform] = totals.get(platform, Counter()) + counted
    costs = _costs(user, question, channels)
    shares = _shares(question)
    connected = {platform for platform in channels.values() if platform}
    return [
        PlatformRow(
            label=str(platform.label),
            is_connected=platform in connected,
            figures=[METRICS[name].figure(totals.get(platform, Counter())) for name in COLUMNS],
            shares=shares.get(platform, []),
            cost=costs.get(platform),
        )
        for platform in PLATFORMS
    ]


def _place(channel: Channel) -> str:
    """The platform a channel leads to; pages of one's own are the own site."""
    if channel.kind == ChannelKind.WECHAT:
        return ShopPlatform.WECHAT
    if channel.kind in _OWN_KINDS:
        return ShopPlatform.OWN
    return platform_of(channel)


def _costs(user: "User", question: Question, channels: dict[int, str]) -> dict[str, Decimal]:
    """What was paid to customers in the period; nothing known is no entry."""
    first, last = question.period.start, question.period.end
    rows = Compensation.objects.filter(
        sight(user, "ticket__"), status=CompensationStatus.PAID, paid_at__gte=first, paid_at__lt=last
    )
    if question.queue is not None:
        rows = rows.filter(ticket__queue=question.queue)
    found: dict[str, Decimal] = {}
    for row in rows.order_by().values("ticket__channel").annotate(paid=Sum("amount")):
        platform = channels.get(row["ticket__channel"], "")
        found[platform] = found.get(platform, Decimal(0)) + row["paid"]
    return found


def _shares(question: Question) -> dict[str, list[OwnShare]]:
    """Every norm in force with what was counted in the period. The shop's whole, as platforms count."""
    period = question.period
    rows = PlatformDay.objects.filter(on__gte=period.first, on__lte=period.last).order_by().values("norm")
    sums = {row["norm"]: row for row in rows.annotate(asked=Sum("asked"), met=Sum("met"))}
    found: dict[str, list[OwnShare]] = {}
    for norm in PlatformNorm.objects.filter(is_active=True):
        counted = sums.get(norm.pk, {"asked": 0, "met": 0})
        share = OwnShare(norm.name, norm.definition or _("以商家后台口径为准"), counted["met"], counted["asked"])
        found.setdefault(norm.platform, []).append(share)
    return found
