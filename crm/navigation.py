"""What stands in the rail: one line per place. A place whose page is not installed, or that
the person may not open, is left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Place:
    key: str
    label: str | Promise
    icon: str
    url_names: tuple[str, ...]  # the first that is installed
    permission: str
    group: int
    shortcut: str
    keywords: str
    is_rare: bool = False  # behind "more" rather than in the rail


@dataclass(frozen=True)
class Rail:
    """The rail as one person sees it: what stands in it, and by headings what stands behind "more"."""

    groups: list[list["Entry"]]
    rest: list[tuple[str | Promise, list["Entry"]]]

    @property
    def is_beyond(self) -> bool:
        """Whether the current place stands behind "more"."""
        return any(entry.is_current for _head, held in self.rest for entry in held)


@dataclass(frozen=True)
class Entry:
    """A place as one person sees it."""

    place: Place
    url: str
    is_current: bool


#: Of the groups behind "more".
HEADINGS: dict[int, str | Promise] = {2: _("服务"), 3: _("改进与统计")}
PLACES = (
    Place("home", _("首页"), "home", ("home",), "tickets.view_ticket", 1, "g h", "sy home"),
    Place("workbench", _("工作台"), "layout-columns", ("workbench",), "tickets.view_ticket", 1, "g w", "gzt workbench"),
    Place(
        "tickets",
        pgettext_lazy("many", "工单"),
        "ticket",
        ("ticket_list", "admin:tickets_ticket_changelist"),
        "tickets.view_ticket",
        1,
        "g t",
        "gd tickets",
    ),
    Place("board", _("看板"), "layout-dashboard", ("board",), "tickets.supervise_ticket", 1, "g b", "zgkb board"),
    Place(
        "customers",
        pgettext_lazy("many", "客户"),
        "users",
        ("customers:list",),
        "customers.view_customer",
        1,
        "g c",
        "kh customers",
    ),
    Place(
        "scripts",
        pgettext_lazy("many", "话术"),
        "message-2",
        ("script_list", "admin:scripts_library_scripttemplate_changelist"),
        "scripts_library.view_scripttemplate",
        2,
        "g s",
        "hs scripts",
    ),
    Place(
        "articles",
        _("知识库"),
        "book",
        ("article_list", "admin:knowledge_article_changelist"),
        "knowledge.view_article",
        2,
        "g k",
        "zsk knowledge",
    ),
    Place(
        "products",
        _("产品资料"),
        "shield-heart",
        ("safety_list",),
        "knowledge.view_safetysheet",
        2,
        "g e",
        "cpzl aqzl gzzd products safety diagnosis",
        is_rare=True,
    ),
    Place(
        "visits",
        pgettext_lazy("many", "回访"),
        "phone-check",
        ("visit_list", "admin:followups_followupvisit_changelist"),
        "followups.view_followupvisit",
        2,
        "g v",
        "hf visits",
    ),
    Place(
        "appointments",
        pgettext_lazy("many", "上门预约"),
        "calendar-time",
        ("appointment_list",),
        "tickets.view_appointment",
        2,
        "g y",
        "smyy appointments",
        is_rare=True,
    ),
    Place(
        "recalls",
        _("召回"),
        "rotate-2",
        ("recall_list",),
        "customers.view_recall",
        2,
        "g z",
        "zh fwzd recalls disruptions",
        is_rare=True,
    ),
    Place(
        "logistics",
        _("物流"),
        "truck-delivery",
        ("exception_list",),
        "customers.view_shipmentexception",
        2,
        "g d",
        "wl wlyc shipments parcels",
        is_rare=True,
    ),
    Place(
        "aftersales",
        _("售后"),
        "package",
        ("aftersales_list",),
        "tickets.view_aftersales",
        2,
        "g x",
        "sh aftersales returns refunds",
    ),
    Place(
        "legal",
        pgettext_lazy("many", "法定时限"),
        "gavel",
        ("legal_board",),
        "tickets.view_legalclock",
        2,
        "g l",
        "fdsx fw legal",
    ),
    Place(
        "approvals",
        pgettext_lazy("many", "审批"),
        "user-check",
        ("approval_list",),
        "core.view_approvalrequest",
        2,
        "g p",
        "sp approvals",
    ),
    Place(
        "tasks",
        _("部门任务"),
        "checklist",
        ("task_list",),
        "core.view_proceduretask",
        2,
        "g f",
        "bmrw lc tasks procedures",
        is_rare=True,
    ),
    Place(
        "rooms",
        _("会商"),
        "messages",
        ("room_list",),
        "tickets.view_room",
        2,
        "g o",
        "hs gktz rooms posts",
        is_rare=True,
    ),
    Place(
        "breaches",
        _("未达标"),
        "clipboard-x",
        ("breach_list", "admin:tickets_normbreach_changelist"),
        "tickets.view_normbreach",
        2,
        "g n",
        "wdb norms breaches",
        is_rare=True,
    ),
    Place(
        "problems",
        pgettext_lazy("many", "问题单"),
        "bug",
        ("problem_list",),
        "insights.view_report",
        3,
        "g j",
        "wtd problems analysis",
        is_rare=True,
    ),
    Place(
        "improvements",
        pgettext_lazy("many", "改进项"),
        "trending-up",
        ("improvement_list",),
        "insights.view_report",
        3,
        "g u",
        "gjx improvements",
        is_rare=True,
    ),
    Place(
        "innovations",
        pgettext_lazy("many", "创新"),
        "bulb",
        ("innovation_list",),
        "insights.view_report",
        3,
        "g q",
        "cx innovations",
        is_rare=True,
    ),
    Place("reports", _("报表"), "chart-bar", ("report_list",), "insights.view_report", 3, "g r", "bb reports"),
    Place(
        "offline",
        _("离线导入"),
        "file-import",
        ("import_list",),
        "tickets.view_importbatch",
        3,
        "g i",
        "lxdr offline import",
        is_rare=True,
    ),
    Place(
        "quality",
        _("质检"),
        "clipboard-check",
        ("quality_list",),
        "performance.view_qualitysample",
        3,
        "g g",
        "zj quality",
        is_rare=True,
    ),
    Place("team", _("团队"), "users-group", ("team",), "staff.view_team", 3, "g m", "td team"),
    Place("settings", _("设置"), "settings", ("admin:index",), "core.change_settings", 4, "g a", "sz settings admin"),
)


def entries(user: Any, path: str) -> list[Entry]:
    """The person's rail. The current entry is the one whose address is the longest prefix of the path."""
    found = [(place, url) for place in PLACES if user.has_perm(place.permission) and (url := _address(place))]
    fitting = [url for _place, url in found if path == url or (url != "/" and path.startswith(url))]
    current = max(fitting, key=len, default="")
    return [Entry(place, url, url == current) for place, url in found]


def rail(items: Iterable[Entry]) -> Rail:
    """Groups as the places give them; each group of rare places under its heading."""
    items = list(items)
    often = _by_group(item for item in items if not item.place.is_rare)
    rest = _by_group(item for item in items if item.place.is_rare)
    return Rail(list(often.values()), [(HEADINGS[number], held) for number, held in rest.items()])


def _by_group(items: Iterable[Entry]) -> dict[int, list[Entry]]:
    groups: dict[int, list[Entry]] = {}
    for item in items:
        groups.setdefault(item.place.group, []).append(item)
    return dict(sorted(groups.items()))


def _address(place: Place) -> str:
    for name in place.url_names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""
