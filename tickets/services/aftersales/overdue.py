"""A limit that ran out is a norm that was not met: one list, one count with those of the clocks (D04)."""

from datetime import datetime

from tickets.aftersales_choices import AfterSalesState
from tickets.choices import BreachKind, BreachSource, NormStage
from tickets.models import AfterSales, NormBreach
from tickets.services.norms import breaches

_S = AfterSalesState
#: States in which we owe the next step. The buyer sends goods back and evaluates; approvals expire by themselves.
_STAGES = {
    _S.APPLIED: NormStage.ACCEPTED,
    _S.INSPECTING: NormStage.HANDLED,
    _S.DECIDING: NormStage.HANDLED,
    _S.EXECUTING: NormStage.HANDLED,
    _S.DONE: NormStage.FEEDBACK,
    _S.REFUSED: NormStage.FEEDBACK,
}


def record(request: AfterSales, *, state: str, due_at: datetime) -> None:
    """Once for each end, whether its timer or a late step finds it; in the name of whoever handled it."""
    stage = _STAGES.get(AfterSalesState(state))
    # What is tried out has no norms yet.
    if stage is None or request.experiment:
        return
    ticket = request.ticket
    found = NormBreach(
        key=f"aftersales:{request.pk}:{due_at.isoformat()}",
        ticket=ticket,
        stage=stage,
        kind=BreachKind.AFTERSALES,
        source=BreachSource.CLOCK,
        aftersales=request,
        at=due_at,
        queue_id=ticket.queue_id,
        assignee_id=request.handler_id or ticket.assignee_id,
    )
    breaches.record_found([found])
