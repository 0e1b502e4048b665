"""Budgets of compensation: setting them, what is used, and telling once when 80 and 100 percent are gone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.translation import gettext as _

from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from crm.insights.days import SHANGHAI, Period, day_of
from crm.insights.models import BudgetAlarm, CompensationBudget
from crm.insights.models.budget import THRESHOLDS
from customers.models import Shop
from tickets.choices import COMPENSATION_COST, NoticeKind
from tickets.models import Compensation
from tickets.services import notices

if TYPE_CHECKING:
    from crm.staff.models import User

RIGHT = "insights.change_compensationbudget"
MOST = Decimal(10) ** 10
_NOTICES = {80: NoticeKind.BUDGET_WARNED, 100: NoticeKind.BUDGET_SPENT}


def used_up(spent: Decimal, budget: Decimal) -> list[int]:
    """The thresholds that `spent` has reached. Pure and exact: 79.99 % is not 80 %."""
    return [percent for percent in THRESHOLDS if spent * 100 >= budget * percent]


@dataclass(frozen=True)
class Use:
    """A budget, what its month cost so far, and the thresholds reached."""

    budget: CompensationBudget
    spent: Decimal

    @property
    def reached(self) -> list[int]:
        return used_up(self.spent, self.budget.amount)

    @property
    def percent(self) -> Decimal:
        """With two decimals, never rounded up: 79.999 % is shown below 80."""
        return (self.spent * 10000 // self.budget.amount) / 100

    @property
    def percent_text(self) -> str:
        return f"{self.percent:.2f}%"

    @property
    def left(self) -> Decimal:
        return self.budget.amount - self.spent

    @property
    def tone(self) -> str:
        return {0: "good", 1: "warn", 2: "bad"}[len(self.reached)]


def spent_in(month: date, shop_id: int | None) -> Decimal:
    """What was decided for in the month, of the shop or of all, whoever asks: a budget is the company's."""
    found = _cost_of(month, shop_id).aggregate(sum=Sum("amount"))["sum"]
    return found or Decimal(0)


def _cost_of(month: date, shop_id: int | None) -> Any:
    period = Period.month_of(month)
    rows = Compensation.objects.filter(
        status__in=COMPENSATION_COST, decided_at__gte=period.start, decided_at__lt=period.end
    )
    if shop_id is None:
        return rows
    return rows.filter(Q(ticket__shop=shop_id) | Q(disruption_order__order__shop=shop_id))


def uses(first: date, last: date) -> list[Use]:
    """The budgets of the months between two days, the newest month first."""
    rows = CompensationBudget.objects.filter(month__gte=first.replace(day=1), month__lte=last)
    budgets = list(rows.select_related("shop", "set_by"))
    spent = _spent_by_month([row.month for row in budgets])
    return [Use(row, spent.get((row.month, row.shop_id), Decimal(0))) for row in budgets]


def _spent_by_month(months: Sequence[date]) -> dict[tuple[date, int | None], Decimal]:
    """What was decided for in these months by shop, and under None of all of them together. One statement."""
    if not months:
        return {}
    shop = Coalesce("ticket__shop_id", "disruption_order__order__shop_id")
    month = TruncMonth("decided_at", tzinfo=SHANGHAI)
    rows = Compensation.objects.filter(
        status__in=COMPENSATION_COST,
        decided_at__gte=Period.month_of(min(months)).start,
        decided_at__lt=Period.month_of(max(months)).end,
    )
    found: dict[tuple[date, int | None], Decimal] = defaultdict(Decimal)
    summed = rows.order_by().values_list(month, shop).annotate(sum=Sum("amount"))
    for at, shop_id, amount in summed:
        found[at.date(), None] += amount
        if shop_id is not None:
            found[at.date(), shop_id] += amount
    return found


@transaction.atomic
def set_budget(*, actor: "User", month: date, amount: Decimal, shop: Shop | None = None) -> CompensationBudget:
    """Set the budget of a month; what is used up of it already is told at once."""
    if not actor.has_perm(RIGHT):
        raise NotAllowed(_("您没有设置补偿预算的权限。"))
    if not amount.is_finite() or not Decimal(1) <= amount < MOST or amount != round(amount, 2):
        sentence = _("预算须不少于 1 元，最多两位小数。")
        raise InvalidInput(sentence, fields={"amount": [sentence]})
    if not 2000 <= month.year <= 2100:
        sentence = _("请选择 2000 到 2100 年间的月份。")
        raise InvalidInput(sentence, fields={"month": [sentence]})
    budget, _is_new = CompensationBudget.objects.update_or_create(
        month=month.replace(day=1), shop=shop, defaults={"amount": amount, "set_by": actor}
    )
    record_event(
        kind="report.budget_set",
        subject_type="compensation_budget",
        subject_id=budget.pk,
        actor=actor,
        payload={"month": f"{budget.month:%Y-%m}", "shop": budget.shop_id, "amount": str(amount)},
        audience=f"user:{actor.pk}",
    )
    warn(budget)
    return budget


def watch(compensation_ids: Iterable[int]) -> None:
    """Look at the budgets that these compensations count against."""
    decided = Compensation.objects.filter(pk__in=list(compensation_ids), decided_at__isnull=False)
    shop_of = Coalesce("ticket__shop_id", "disruption_order__order__shop_id")
    touched = {(day_of(at).replace(day=1), shop) for at, shop in decided.values_list("decided_at", shop_of)}
    if not touched:
        return
    wanted = Q(pk__in=())
    for month, shop in touched:
        wanted |= Q(month=month) & (Q(shop=None) | Q(shop=shop))
    for budget in CompensationBudget.objects.filter(wanted).order_by("pk"):
        warn(budget)


def warn(budget: CompensationBudget) -> list[BudgetAlarm]:
    """Tell those who may set budgets of every threshold that is reached and was not told. The row is what makes it
    once: of several at the same moment one inserts it."""
    spent = spent_in(budget.month, budget.shop_id)
    reached, ticket = used_up(spent, budget.amount), _latest_ticket(budget)
    made = []
    # Until a ticket cost something no notice can be given; it is then, and not before, that it was told.
    for percent in reached if ticket is not None else ():
        alarm, is_new = BudgetAlarm.objects.get_or_create(
            month=budget.month,
            shop=budget.shop,
            percent=percent,
            defaults={"spent": spent, "amount": budget.amount},
        )
        if is_new:
            made.append(alarm)
            _tell(percent, ticket)
    return made


def _latest_ticket(budget: CompensationBudget) -> Any:
    """The ticket of the newest compensation, which notices hang on."""
    rows = _cost_of(budget.month, budget.shop_id).filter(ticket__isnull=False).select_related("ticket")
    last = rows.order_by("-decided_at", "-id").first()
    return last.ticket if last is not None else None


def _tell(percent: int, ticket: Any) -> None:
    people: Any = get_user_model().objects
    told = [person.pk for person in people.active() if person.has_perm(RIGHT)]
    notices.notify(users=told, kind=_NOTICES[percent], ticket=ticket)
