"""Methods of settling complaints compared (C28), and remedies against none for similar complaints (D23).

Every figure is summed in the database over the closings of the period; nothing is read row by row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, CharField, Count, Func, StdDev
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from crm.insights.questions import Question
from crm.insights.remedies.cases import BAND, METHOD, REMEDIED, SEEN, SPEED, cases
from crm.insights.remedies.narrowing import Choices, keyed
from crm.insights.remedies.shares import FEWEST, Matched, Mean, Share, Stratum, matched
from tickets.grading.levels import ensure_levels

if TYPE_CHECKING:
    from crm.staff.models import User

_MINUTES = 60
SIGNIFICANCE = 0.05
#: Strata are listed by size; beyond these they are small.
MOST_STRATA = 50
_COUNTS = {"n": Count("pk")} | {key: Count("pk", filter=choice.condition) for key, choice in SEEN.items()}
_MEANS = {
    "cost_mean": Avg("cost"),
    "cost_deviation": StdDev("cost", sample=True),
    "minutes": Avg("handling_minutes"),
    "minutes_deviation": StdDev("handling_minutes", sample=True),
}


@dataclass(frozen=True)
class Line:
    """What complaints of one kind cost, took and led to. cost in yuan, hours from receipt to solution."""

    key: str
    label: str | Promise
    n: int
    satisfied: Share
    repurchased: Share
    repeated: Share
    cost: Mean
    hours: Mean

    @property
    def is_enough(self) -> bool:
        return self.n >= FEWEST


def _line(key: str, label: str | Promise, row: Mapping[str, Any]) -> Line:
    n = row["n"]
    return Line(
        key=key,
        label=label,
        n=n,
        satisfied=Share(row["satisfied"], row["rated"]),
        repurchased=Share(row["repurchased"], n),
        repeated=Share(row["repeated"], n),
        cost=Mean(_number(row["cost_mean"]), _number(row["cost_deviation"]), n),
        hours=Mean(_number(row["minutes"], _MINUTES), _number(row["minutes_deviation"], _MINUTES), n),
    )


def _number(value: Any, unit: int = 1) -> float | None:
    return None if value is None else float(value) / unit


def methods(user: "User", question: Question) -> list[Line]:
    """One line for each method that was used. A complaint settled by several counts for each of them."""
    rows = cases(user, question).annotate(key=Func("methods", function="unnest", output_field=CharField()))
    found = {row["key"]: row for row in rows.order_by().values("key").annotate(**_COUNTS, **_MEANS)}
    return [_line(key, choice.label, found[key]) for key, choice in METHOD.items() if key in found]


def total(user: "User", question: Question) -> Line:
    """All complaints of the period, each once."""
    return _line("", _("全部"), cases(user, question).aggregate(**_COUNTS, **_MEANS))


def speeds(user: "User", question: Question) -> list[Line]:
    """Remedied complaints by how soon they were settled."""
    return _grouped(cases(user, question, {"remedied": "yes"}), SPEED)


def _grouped(rows: Any, choices: Choices) -> list[Line]:
    found = {
        row["key"]: row
        for row in rows.annotate(key=keyed(choices)).order_by().values("key").annotate(**_COUNTS, **_MEANS)
    }
    return [_line(key, choice.label, found[key]) for key, choice in choices.items() if key in found]


@dataclass(frozen=True)
class Twin:
    """Complaints alike in category, level and price: those with a remedy and those without, by what was counted."""

    category: str
    level: str
    level_name: str
    band: str
    treated: Mapping[str, int]
    plain: Mapping[str, int]

    @property
    def band_label(self) -> str:
        return str(BAND[self.band].label)

    @property
    def size(self) -> int:
        return self.treated["n"] + self.plain["n"]

    @property
    def is_compared(self) -> bool:
        return bool(self.treated["n"] and self.plain["n"])


@dataclass(frozen=True)
class Effect:
    """One measure of remedied complaints against similar ones without."""

    key: str
    label: str
    is_better: bool
    found: Matched

    @property
    def verdict(self) -> str:
        """too_few, chance, better or worse."""
        if not self.found.is_enough or self.found.difference is None or self.found.p_value is None:
            return "too_few"
        if self.found.p_value >= SIGNIFICANCE or not self.found.difference:
            return "chance"
        return "better" if (self.found.difference > 0) == self.is_better else "worse"

    @property
    def verdict_label(self) -> str:
        return {
            "too_few": _("样本不足"),
            "chance": _("差异可能是偶然"),
            "better": _("显著更好"),
            "worse": _("显著更差"),
        }[self.verdict]

    @property
    def tone(self) -> str:
        return {"better": "good", "worse": "bad", "chance": "warn"}.get(self.verdict, "")


#: Measure, its hits and its base among what is counted, whether more is better.
_MEASURES = (
    ("satisfied", "satisfied", "rated", True),
    ("repurchased", "repurchased", "n", True),
    ("repeated", "repeated", "n", False),
)
_NOTHING = dict.fromkeys(_COUNTS, 0)


class RemedyEffect:
    """Twins of the period and what follows from them; one statement."""

    def __init__(self, user: "User", question: Question) -> None:
        self._rows = cases(user, question)

    @cached_property
    def twins(self) -> list[Twin]:
        """All strata, the largest first."""
        rows = self._rows.annotate(band=keyed(BAND), remedied=keyed(REMEDIED)).order_by()
        sides: dict[tuple[str, str, str], dict[str, Mapping[str, int]]] = {}
        for row in rows.values("category", "level_key", "band", "remedied").annotate(**_COUNTS):
            sides.setdefault((row["category"], row["level_key"], row["band"]), {})[row["remedied"]] = row
        names = {level.key: level.name for level in ensure_levels()}
        found = [
            Twin(category, level, names.get(level, ""), band, side.get("yes", _NOTHING), side.get("no", _NOTHING))
            for (category, level, band), side in sides.items()
        ]
        return sorted(found, key=lambda twin: (-twin.size, twin.category, twin.level, twin.band))

    @property
    def strata(self) -> list[Twin]:
        """Those worth a line of the page."""
        return self.twins[:MOST_STRATA]

    @cached_property
    def effects(self) -> list[Effect]:
        labels = {key: str(choice.label) for key, choice in SEEN.items()}
        return [
            Effect(key, labels[key], better, matched(self._strata(hits, base))) for key, hits, base, better in _MEASURES
        ]

    def _strata(self, hits: str, base: str) -> Iterator[Stratum]:
        for twin in self.twins:
            if twin.treated[base] or twin.plain[base]:
                yield Stratum(Share(twin.treated[hits], twin.treated[base]), Share(twin.plain[hits], twin.plain[base]))
