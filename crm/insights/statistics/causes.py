"""Causes of complaints, several at once: of how many complaints each is one, and how much of all it weighs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.exports import Column
from crm.insights.questions import tickets_url
from crm.insights.statistics.asked import NONE
from crm.insights.statistics.tickets import TicketsAsked
from tickets.choices import Cause

if TYPE_CHECKING:
    from crm.staff.models import User

#: How much each cause of a complaint weighs (together 1), and how many complaints are like that.
Weighed = tuple[Mapping[str, Fraction], int]


@dataclass(frozen=True)
class CauseShare:
    """`of_complaints` may add to more than 1, because a complaint has several causes; `of_mentions` and
    `weighted` add to 1."""

    cause: str
    complaints: int
    of_complaints: Fraction
    of_mentions: Fraction
    weighted: Fraction


def evenly(causes: Iterable[str]) -> dict[str, Fraction]:
    """Every cause of a complaint weighs as much as the others."""
    named = list(causes)
    return {cause: Fraction(1, len(named)) for cause in named}


def cause_shares(weighed: Iterable[Weighed]) -> list[CauseShare]:
    """The shares of every cause that is named, the commonest first. Pure; complaints without causes are left out."""
    rows = [(weights, count) for weights, count in weighed if weights and count]
    complaints = sum(count for _weights, count in rows)
    mentions = sum(len(weights) * count for weights, count in rows)
    named, weight = dict[str, int](), dict[str, Fraction]()
    for weights, count in rows:
        for cause, part in weights.items():
            named[cause] = named.get(cause, 0) + count
            weight[cause] = weight.get(cause, Fraction(0)) + part * count
    return [
        CauseShare(cause, n, Fraction(n, complaints), Fraction(n, mentions), weight[cause] / complaints)
        for cause, n in sorted(named.items(), key=lambda item: (-item[1], item[0]))
    ]


@dataclass(frozen=True)
class CauseLine:
    label: str
    share: CauseShare
    url: str


@dataclass(frozen=True)
class CauseReport:
    """`known` complaints have causes, `unknown` have none yet, at `unknown_url`."""

    lines: list[CauseLine]
    known: int
    unknown: int
    unknown_url: str


def cause_report(user: "User", asked: TicketsAsked) -> CauseReport:
    """The shares of the complaints asked for. One statement: there are few different sets of causes."""
    sets = asked.tickets(user).values_list("causes").annotate(n=Count("pk"))
    counted = {tuple(causes): n for causes, n in sets}
    unknown = counted.pop((), 0)
    shares = cause_shares((evenly(causes), n) for causes, n in counted.items())
    lines = [CauseLine(str(Cause(one.cause).label), one, _url(asked, one.cause)) for one in shares]
    return CauseReport(lines, sum(counted.values()), unknown, _url(asked, NONE))


def _url(asked: TicketsAsked, cause: str) -> str:
    return tickets_url(**asked.narrowed(cause=cause).address)


def _percent(value: Fraction) -> float:
    return round(float(value) * 100, 1)


COLUMNS = [
    Column(lazy("原因"), "label"),
    Column(lazy("投诉数"), lambda line: line.share.complaints),
    Column(lazy("占投诉（%）"), lambda line: _percent(line.share.of_complaints)),
    Column(lazy("占提及（%）"), lambda line: _percent(line.share.of_mentions)),
    Column(lazy("加权占比（%）"), lambda line: _percent(line.share.weighted)),
]


def sizes(report: CauseReport) -> str:
    """What the shares are of."""
    return _("已注明原因 %(known)d 件，未注明 %(unknown)d 件") % {"known": report.known, "unknown": report.unknown}
