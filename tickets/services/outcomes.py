"""Looking at a closed complaint again after thirty days (C24): did the customer complain again, buy again, how
satisfied were they. The row is written once and kept as it was."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum

from core.events import record_events
from core.procedures.choices import StepState
from core.procedures.models import ProcedureRun, ProcedureStep
from core.wording import listed
from customers.models import Order
from customers.rules import BOUGHT
from tickets import events
from tickets.aftersales_choices import AfterSalesKind, AfterSalesState, RefundStatus
from tickets.choices import CompensationStatus, Confirmation, TicketStatus, TicketType
from tickets.grading.guard import level_of
from tickets.models import AfterSales, Compensation, ComplaintOutcome, Refund, Ticket
from tickets.models.outcome import APOLOGY
from tickets.procedures.complaint import COMPLAINT
from tickets.procedures.effect import EXECUTE
from tickets.procedures.facts import SOLUTIONS
from tickets.procedures.kind import SUBJECT
from tickets.services.precedents import order_of
from tickets.services.transitions import OUTCOME_AFTER

RECORDED = "ticket.outcome_recorded"
METHODS = dict(SOLUTIONS)
#: What a finished request of after-sales counts as.
_METHOD_OF = {
    AfterSalesKind.RETURN_REFUND: "return",
    AfterSalesKind.REFUND_ONLY: "refund",
    AfterSalesKind.EXCHANGE: "exchange",
    AfterSalesKind.REPAIR: "repair",
    AfterSalesKind.PRICE_DIFFERENCE: "compensation",
    AfterSalesKind.COMPENSATION: "compensation",
}
_CARRIED_OUT = (AfterSalesState.DONE, AfterSalesState.FED_BACK, AfterSalesState.EVALUATED)


@dataclass(frozen=True)
class Reviews:
    """What the customer said afterwards: the newest score 1–5, how the return visit ended ("" for none)."""

    score: int | None = None
    verdict: str = ""


ReviewReader = Callable[[Ticket], Reviews]
_readers: list[ReviewReader] = []


def register_reviews(reader: ReviewReader) -> None:
    """Tell, once at start-up, who knows what customers answered."""
    _readers.append(reader)


@dataclass(frozen=True)
class _Settled:
    """How a complaint was settled, and what for."""

    methods: list[str]
    cost: Decimal
    rating: int | None


@transaction.atomic
def evaluate(*, ticket_id: int, closed_at: datetime) -> ComplaintOutcome | None:
    """Record what became of the closing; None when the complaint was taken up again, withdrawn or merged since."""
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("customer", "queue").defer("search")
    ticket = rows.filter(pk=ticket_id, type=TicketType.COMPLAINT, status=TicketStatus.CLOSED, merged_into=None).first()
    if ticket is None or ticket.closed_at != closed_at or ticket.confirmation == Confirmation.CANCELLED:
        return None
    known = ComplaintOutcome.objects.filter(ticket=ticket, closed_at=closed_at).first()
    if known is not None:
        return known  # type: ignore[no-any-return]
    settled, reviews, order = _settled(ticket), _reviews_of(ticket), order_of(ticket)
    outcome = ComplaintOutcome.objects.create(
        ticket=ticket,
        closed_at=closed_at,
        category=ticket.category,
        level=level_of(ticket),
        price=order.paid if order is not None and order.paid > 0 else None,
        methods=settled.methods,
        cost=settled.cost,
        handling_minutes=max(int(((ticket.solved_at or closed_at) - ticket.created_at).total_seconds() // 60), 0),
        satisfaction=reviews.score if reviews.score is not None else settled.rating,
        verdict=reviews.verdict,
        **_repeats(ticket, closed_at),
        **_repurchase(ticket, closed_at),
    )
    told = {"outcome": outcome.pk, "repeats": outcome.repeat_count, "repurchases": outcome.repurchase_count}
    record_events([events.ticket_event(RECORDED, ticket, None, **told)])
    return outcome  # type: ignore[no-any-return]


def _reviews_of(ticket: Ticket) -> Reviews:
    return next((reader(ticket) for reader in _readers), Reviews())


def _settled(ticket: Ticket) -> _Settled:
    """What was carried out: after-sales, money that was paid, and the solution of a procedure that was executed."""
    done = list(AfterSales.objects.filter(ticket=ticket, state__in=_CARRIED_OUT).order_by("id"))
    methods = {_METHOD_OF[AfterSalesKind(row.kind)] for row in done}
    compensated = _paid(Compensation.objects.filter(ticket=ticket, status=CompensationStatus.PAID))
    refunded = _paid(Refund.objects.filter(ticket=ticket, status=RefundStatus.PAID))
    methods |= {"compensation"} if compensated else set()
    if refunded and not methods & {"refund", "return"}:
        methods.add("refund")
    solution, paid = _executed(ticket)
    methods |= solution
    ratings = [row.rating for row in done if row.rating is not None]
    return _Settled(
        methods=[key for key in METHODS if key in methods] or [APOLOGY],
        # What the procedure's task paid may be the refund or compensation that stands on the ticket.
        cost=max(compensated + refunded, paid),
        rating=ratings[-1] if ratings else None,
    )


def _paid(rows: Any) -> Decimal:
    return rows.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _executed(ticket: Ticket) -> tuple[set[str], Decimal]:
    """Solution and sum of the newest complaint procedure whose solution was carried out."""
    runs: Any = ProcedureRun.objects
    done = ProcedureStep.objects.filter(
        run__in=runs.about(SUBJECT, ticket.pk).filter(procedure__key=COMPLAINT), key=EXECUTE, state=StepState.DONE
    )
    data = done.order_by("-run_id").values_list("run__data", flat=True).first() or {}
    return set(data.get("solution") or ()) & set(METHODS), Decimal(str(data.get("paid") or 0))


def _repeats(ticket: Ticket, closed_at: datetime) -> dict[str, Any]:
    """Complaints of the customer within the thirty days about the same order, product or kind of problem."""
    same = Q()
    for name in ("order_no", "product", "category"):
        if value := getattr(ticket, name):
            same |= Q(**{name: value})
    if not same:
        return {}
    rows = Ticket.objects.filter(
        same,
        customer=ticket.customer_id,
        type=TicketType.COMPLAINT,
        merged_into=None,
        created_at__gt=closed_at,
        created_at__lte=closed_at + OUTCOME_AFTER,
    ).exclude(pk=ticket.pk)
    found = list(rows.order_by("created_at", "pk").values_list("pk", flat=True))
    return {"repeat_count": len(found), "repeat_ticket_id": found[0] if found else None}


def _repurchase(ticket: Ticket, closed_at: datetime) -> dict[str, Any]:
    """Paid orders of the customer within the thirty days; refunded ones are no repurchase."""
    rows = Order.objects.filter(
        customer=ticket.customer_id,
        status__in=BOUGHT,
        ordered_at__gt=closed_at,
        ordered_at__lte=closed_at + OUTCOME_AFTER,
    )
    found = rows.aggregate(count=Count("pk"), total=Sum("paid"))
    return {"repurchase_count": found["count"], "repurchase_amount": found["total"] or Decimal(0)}


def latest_of(ticket: Ticket) -> ComplaintOutcome | None:
    """The newest look back on a complaint."""
    rows = ComplaintOutcome.objects.for_list().filter(ticket=ticket)
    return rows.order_by("-closed_at").first()  # type: ignore[no-any-return]


def methods_text(methods: Iterable[str]) -> str:
    """`退款、补偿`"""
    return listed(METHODS.get(method, method) for method in methods)
