"""What the plan of a disruption gave, order by order, in the ledger of compensations: booked once, then paid,
reversed and reconciled like every other."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Q, Sum

from core import clock
from core.events import Event, EventData, record_events
from customers.disruptions.running import APPLIED, INSERT, SUBJECT
from customers.models import Disruption, DisruptionOrder
from tickets.choices import CompensationForm, CompensationStatus
from tickets.compensation.marks import gettext_noop
from tickets.models import Compensation
from tickets.services.compensations import GOODWILL

KINDS = [APPLIED]
#: One event for a whole plan; `compensations` names one of every shop, which is what budgets ask for.
BOOKED = "compensation.booked"
#: Translated where it is read.
BASIS = gettext_noop("服务中断补偿方案")


def book(events: Iterable[Event]) -> None:
    """Write down what these plans gave. Heard twice, nothing is written twice: an order has one compensation."""
    for event in events:
        disruption = Disruption.objects.filter(pk=event.subject_id or 0).first()
        actor = get_user_model().objects.filter(pk=event.actor_id or 0).first()
        if disruption is not None and actor is not None and not disruption.is_drill:
            _book(disruption, actor)


def _book(disruption: Disruption, actor: Any) -> None:
    given = DisruptionOrder.objects.filter(disruption=disruption, amount__gt=0, compensation=None)
    orders: Sequence[DisruptionOrder] = list(given.select_related("order").order_by("pk"))
    if not orders:
        return
    made = [_compensation(disruption, row, actor) for row in orders]
    Compensation.objects.bulk_create(made, batch_size=INSERT, ignore_conflicts=True)
    of_shops = {row.order.shop_id: row.pk for row in orders}
    samples = Compensation.objects.filter(disruption_order__in=of_shops.values()).order_by("pk")
    total = sum((row.amount for row in made), Decimal(0))
    told = {"orders": len(made), "total": str(total), "compensations": list(samples.values_list("pk", flat=True))}
    record_events([EventData(kind=BOOKED, subject_type=SUBJECT, subject_id=disruption.pk, actor=actor, payload=told)])


def _compensation(disruption: Disruption, row: DisruptionOrder, actor: Any) -> Compensation:
    amount, paid, moment = row.amount or Decimal(0), row.order.paid, row.applied_at or clock.now()
    return Compensation(
        disruption_order=row,
        case=GOODWILL,
        form=CompensationForm.TRANSFER,
        inputs={"P": str(paid), "plan": disruption.plan, "disruption": disruption.pk},
        amount=amount,
        refund=Decimal(0),
        additional=amount,
        total=amount,
        basis=[BASIS],
        terms=[{"label": disruption.title, "amount": str(amount)}],
        notes=[],
        price=paid,
        status=CompensationStatus.GRANTED,
        granted_by=actor,
        granted_at=moment,
        decided_at=moment,
    )


def figures_of(disruption: Disruption) -> dict[str, Any]:
    """How much of the plan is booked and how much of that was paid out."""
    rows = Compensation.objects.filter(disruption_order__disruption=disruption).order_by()
    paid = Q(status=CompensationStatus.PAID)
    found = rows.aggregate(booked=Count("pk"), paid=Count("pk", filter=paid), paid_sum=Sum("amount", filter=paid))
    return {**found, "paid_sum": found["paid_sum"] or Decimal(0)}
