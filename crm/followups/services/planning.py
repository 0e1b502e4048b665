"""Rules that plan visits by themselves."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from core import clock
from core.conditions import parse
from crm.followups.choices import PlanTrigger
from crm.followups.models import FollowUpPlan, FollowUpVisit
from crm.followups.services.visits import plan_visit
from customers.models import Customer, Order
from tickets.choices import Confirmation
from tickets.models import Ticket
from tickets.services.facts import TICKET_FIELDS, TicketFacts

COMPLAINT_PLAN = "complaint_closed"
# Orders signed longer ago than this before a plan could see them are not caught up on.
CATCH_UP = timedelta(days=2)


def active_plans(trigger: str) -> list[FollowUpPlan]:
    """The plans in force. The house rule for closed complaints exists from the start."""
    if trigger == PlanTrigger.TICKET_CLOSED:
        FollowUpPlan.objects.get_or_create(
            key=COMPLAINT_PLAN,
            defaults={
                "name": "投诉关闭后 3 天回访",
                "trigger": PlanTrigger.TICKET_CLOSED,
                "delay_days": 3,
                "condition": {"field": "type", "op": "eq", "value": "complaint"},
            },
        )
    return list(FollowUpPlan.objects.filter(trigger=trigger, is_active=True))


def plan_after_close(*, ticket_id: int, closed_at: datetime) -> list[FollowUpVisit]:
    """Plan the visits of a closed ticket; the same closing again plans nothing new."""
    ticket = (
        Ticket.objects.select_related("customer", "channel", "shop", "queue", "assignee")
        .filter(pk=ticket_id, merged_into=None)
        .first()
    )
    if ticket is None or ticket.confirmation == Confirmation.CANCELLED:
        return []
    started_at = ticket.closed_at if ticket.closed_at is not None and ticket.closed_at <= closed_at else closed_at
    facts = TicketFacts(ticket)
    return [
        plan_visit(
            actor=None,
            customer=ticket.customer,
            ticket=ticket,
            assignee=ticket.assignee,
            due_at=started_at + timedelta(days=plan.delay_days),
            plan=plan,
            key=f"{plan.key}:ticket:{ticket.pk}:{closed_at.isoformat()}",
            planned_from=started_at,
        )
        for plan in active_plans(PlanTrigger.TICKET_CLOSED)
        if parse(plan.condition, TICKET_FIELDS).matches(facts)
    ]


def plan_after_signing() -> int:
    """Plan visits for orders signed lately; returns how many are new."""
    planned = 0
    for plan in active_plans(PlanTrigger.ORDER_SIGNED):
        orders = Order.objects.select_related("customer").filter(
            signed_at__gt=clock.now() - CATCH_UP, signed_at__lte=clock.now(), customer__merged_into=None
        )
        planned += _plan_for(
            plan,
            [
                (f"{plan.key}:order:{order.pk}", order.customer, order.signed_at + timedelta(days=plan.delay_days))
                for order in orders
                if order.signed_at is not None
            ],
        )
    return planned


def plan_quarterly() -> int:
    """Plan one visit a quarter for each important customer; returns how many are new."""
    moment = clock.now()
    local = timezone.localtime(moment)
    quarter = f"{local.year}Q{(local.month + 2) // 3}"
    important = Customer.objects.filter(
        Q(important_until=None) | Q(important_until__gt=moment), important=True, merged_into=None
    )
    return sum(
        _plan_for(
            plan,
            [
                (f"{plan.key}:customer:{customer.pk}:{quarter}", customer, moment + timedelta(days=plan.delay_days))
                for customer in important
            ],
        )
        for plan in active_plans(PlanTrigger.QUARTERLY)
    )


def _plan_for(plan: FollowUpPlan, wanted: Iterable[tuple[str, Customer, datetime]]) -> int:
    wanted = list(wanted)
    keys = [key for key, _customer, _due_at in wanted]
    known = set(FollowUpVisit.objects.filter(key__in=keys).values_list("key", flat=True))
    fresh = [item for item in wanted if item[0] not in known]
    for key, customer, due_at in fresh:
        plan_visit(actor=None, customer=customer, due_at=due_at, plan=plan, key=key)
    return len(fresh)
