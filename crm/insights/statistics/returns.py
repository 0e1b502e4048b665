"""Returns by reason, by who advised the customer and by which script (D19)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from core.exports import Column
from core.text import row_id
from crm.insights.service_times import share
from crm.insights.statistics.asked import NONE, Asked, Reader, equals, numbered
from crm.insights.statistics.tickets import label_of as ticket_label_of
from scripts_library.models import ScriptVersion
from tickets.aftersales_choices import AfterSalesKind, AfterSalesReason
from tickets.models import AfterSales

if TYPE_CHECKING:
    from crm.staff.models import User


class ReturnsAsked(Asked):
    """After-sales requests made on these days, whatever became of them."""

    moment = "requested_at"
    readers: ClassVar[Mapping[str, Reader]] = {
        "kind": equals("kind"),
        "reason": equals("reason"),
        "shop": equals("order__shop__key"),
        "platform": equals("order__shop__platform"),
        "advisor": numbered("advice__author"),
        "script": numbered("advice__script_version"),
    }

    def requests(self, user: "User") -> Any:
        """Those in the person's sight."""
        return AfterSales.objects.visible_to(user).filter(self.q()).order_by()


USUAL = {"kind": AfterSalesKind.RETURN_REFUND.value}


def label_of(name: str, word: str) -> str:
    """A word of the address as people know it."""
    group = next((one for one in GROUPS.values() if one.key == name), None)
    if group is None:
        return ticket_label_of(name, word)
    return str(group.nothing) if word == NONE else group.names([word]).get(word, word)


def _reason_names(_words: list[str]) -> dict[str, str]:
    return {value: str(label) for value, label in AfterSalesReason.choices}


def _ids(words: list[str]) -> list[int]:
    return [pk for pk in map(row_id, words) if pk is not None]


def _person_names(words: list[str]) -> dict[str, str]:
    return {str(person.pk): person.name for person in get_user_model().objects.filter(pk__in=_ids(words))}


def _script_names(words: list[str]) -> dict[str, str]:
    rows = ScriptVersion.objects.filter(pk__in=_ids(words)).values_list("pk", "item__key", "title", "number")
    return {str(pk): f"{key} {title} v{number}" for pk, key, title, number in rows}


@dataclass(frozen=True)
class Group:
    key: str
    label: str | Promise
    path: str
    nothing: str | Promise
    names: Callable[[list[str]], dict[str, str]]


GROUPS = {
    group.key: group
    for group in (
        Group("reason", lazy("退货原因"), "reason", "", _reason_names),
        Group("advisor", lazy("当时的客服"), "advice__author_id", lazy("没有人工回复"), _person_names),
        Group("script", lazy("当时的话术"), "advice__script_version_id", lazy("没有用话术"), _script_names),
    )
}


@dataclass(frozen=True)
class Line:
    """`misadvised` of the `count` requests say that the goods were not as our people had told."""

    label: str
    count: int
    share: float
    misadvised: int
    url: str
    misadvised_url: str

    @property
    def misadvised_share(self) -> float | None:
        return share(self.misadvised, self.count)


@dataclass(frozen=True)
class Table:
    group: Group
    lines: list[Line]
    count: int


def returns_table(user: "User", asked: ReturnsAsked, group: Group) -> Table:
    """A line for every value, the commonest first. One statement and one for names."""
    wrong = Count("pk", filter=Q(reason=AfterSalesReason.MISADVISED))
    found = asked.requests(user).values_list(group.path).annotate(n=Count("pk"), wrong=wrong)
    rows = sorted(((str(value or NONE), n, bad) for value, n, bad in found), key=lambda row: (-row[1], row[0]))
    total = sum(n for _key, n, _bad in rows)
    names = group.names([key for key, _n, _bad in rows])
    lines = [
        Line(
            str(group.nothing) if key == NONE else names.get(key, key),
            n,
            n / total,
            bad,
            list_url(asked.narrowed(**{group.key: key})),
            list_url(asked.narrowed(**{group.key: key, "reason": AfterSalesReason.MISADVISED.value})),
        )
        for key, n, bad in rows
    ]
    return Table(group, lines, total)


def list_url(asked: ReturnsAsked) -> str:
    """The list of exactly these requests."""
    try:
        return f"{reverse('aftersales_list')}?{asked.query}"
    except NoReverseMatch:
        return ""


COLUMNS = [
    Column(lazy("分组"), lambda row: str(row[0])),
    Column(lazy("名称"), lambda row: row[1].label),
    Column(lazy("退货申请"), lambda row: row[1].count),
    Column(lazy("占比（%）"), lambda row: round(row[1].share * 100, 1)),
    Column(lazy("与客服描述不符"), lambda row: row[1].misadvised),
    Column(lazy("其中占比（%）"), lambda row: round((row[1].misadvised_share or 0) * 100, 1)),
]
