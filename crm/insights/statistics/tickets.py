"""Tickets as the statistics count them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.insights.days import Period
from crm.insights.statistics.asked import NONE, Asked, Reader, equals
from customers.choices import ShopPlatform
from customers.models import Shop
from tickets.choices import COMPENSATION_COST, Cause, Metric
from tickets.models import Compensation, ComplaintLevel, SLAClock, SLATarget, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

OUTCOMES: dict[str, str | Promise] = {
    "handled": _("解决过"),
    "met": _("按时解决"),
    "missed": _("解决超时"),
    "reopened": _("重开过"),
    "compensated": _("有补偿"),
}
NOTHING = _("未指明")
MOST_NAMED = 2000
#: What may narrow a list beside the filters it has, with the words for it.
PARTS: dict[str, str | Promise] = {
    "shop": _("店铺"),
    "platform": _("平台"),
    "category": _("分类"),
    "product": _("商品"),
    "level": _("级别"),
    "cause": _("原因"),
    "outcome": _("情况"),
}


def missed(period: Period) -> Any:
    """Tickets whose time for a solution ran out; none did before the period in which they came."""
    rows = SLAClock.objects.filter(metric=Metric.RESOLUTION, breached_at__gte=period.start)
    return rows.order_by().values("ticket_id")


def _named(rows: Any) -> Any:
    """Few tickets are named one by one: else a list that is to show fifty of them, newest first, would look through
    every ticket of the period for those. Many are found soon."""
    found = list(rows.values_list("ticket_id", flat=True).distinct()[: MOST_NAMED + 1])
    return found if len(found) <= MOST_NAMED else rows


def promised() -> Any:
    """Policies that promise a solution in time."""
    return SLATarget.objects.filter(metric=Metric.RESOLUTION).order_by().values("policy_id")


def _outcome(word: str, period: Period) -> Q:
    match word:
        case "handled":
            return Q(solve_count__gt=0)
        case "met":
            return Q(solve_count__gt=0, sla_policy__in=promised()) & ~Q(pk__in=missed(period))
        case "missed":
            return Q(pk__in=_named(missed(period)))
        case "reopened":
            return Q(reopen_count__gt=0)
        case "compensated":
            paid = Compensation.objects.filter(status__in=COMPENSATION_COST, decided_at__gte=period.start)
            return Q(pk__in=paid.order_by().values("ticket_id"))
    return Q(pk__in=())


def _cause(word: str, _period: Period) -> Q:
    return Q(causes=[]) if word == NONE else Q(causes__contains=[word])


def _level(word: str, period: Period) -> Q:
    if word == NONE:
        return Q(grade__level__key=None)
    # A grade keeps when its complaint was received: its index holds the levels in that order.
    return Q(grade__level__key=word, grade__received_at__gte=period.start, grade__received_at__lt=period.end)


def _names_of(name: str) -> dict[str, str]:
    """Words of a part as people know them, where they have other names."""
    match name:
        case "shop":
            return dict(Shop.objects.values_list("key", "name"))
        case "level":
            return dict(ComplaintLevel.objects.values_list("key", "name"))
    found = {"platform": ShopPlatform.choices, "cause": Cause.choices, "outcome": OUTCOMES.items()}.get(name, ())
    return {word: str(label) for word, label in found}


def label_of(name: str, word: str) -> str:
    return str(NOTHING) if word == NONE else _names_of(name).get(word, word)


class TicketsAsked(Asked):
    """Tickets received on these days; one merged into another is not counted again."""

    moment = "created_at"
    readers: ClassVar[Mapping[str, Reader]] = {
        "type": equals("type"),
        "queue": equals("queue__key"),
        "channel": equals("channel__key"),
        "shop": equals("shop__key"),
        "platform": equals("shop__platform"),
        "category": equals("category", empty=""),
        "product": equals("product", empty=""),
        "level": _level,
        "cause": _cause,
        "outcome": _outcome,
    }

    def q(self) -> Q:
        return super().q() & Q(merged_into=None)

    def tickets(self, user: "User") -> Any:
        """Those in the person's sight."""
        return Ticket.objects.visible_to(user).filter(self.q()).order_by()
