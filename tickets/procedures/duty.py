"""Who answers for complaints (C08): every open one has exactly one owner and one next due moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Q, Value, When
from django.utils.translation import gettext_lazy as _

from core import clock
from core.procedures.models import ProcedureRun
from tickets.choices import TicketType
from tickets.models import ComplaintGrade, Ticket
from tickets.procedures.complaint import COMPLAINT
from tickets.procedures.following import GRACE, without_run
from tickets.procedures.kind import SUBJECT
from tickets.services.transfer_rules import staffed_queue_ids

NO_PROCEDURE, NOBODY, LEFT = "no_procedure", "nobody", "left"
REASONS = {
    NO_PROCEDURE: _("没有流程，没有下一时限"),
    NOBODY: _("无人负责，所在队列没有人"),
    LEFT: _("负责人已停用"),
}


@dataclass(frozen=True)
class Answer:
    """Who answers for a complaint now, and by when something must happen next."""

    owner: Any
    department: str
    next_due_at: datetime | None
    step: str
    run_id: int | None
    return_count: int
    violation: str
    level: str | None


def violating(rows: Any) -> Any:
    """Open complaints among `rows` that nobody answers for, with `violation` saying how; must be empty."""
    young = Q(created_at__gt=clock.now() - GRACE)
    stray = Q(pk__in=without_run().values("pk")) & ~young
    nobody = Q(assignee=None) & ~Q(queue__in=staffed_queue_ids())
    left = Q(assignee__is_active=False)
    judged = rows.open().filter(type=TicketType.COMPLAINT, merged_into=None)
    return judged.filter(stray | nobody | left).annotate(
        violation=Case(
            When(left, then=Value(LEFT)),
            When(nobody, then=Value(NOBODY)),
            default=Value(NO_PROCEDURE),
            output_field=CharField(),
        )
    )


def ping_pong_runs(user: Any) -> Any:
    """Runs whose tasks went back and forth at least twice, the newest first."""
    rows: Any = ProcedureRun.objects.visible_to(user)  # type: ignore[attr-defined]
    return rows.filter(subject_type=SUBJECT, return_count__gte=2).for_list()


def answers_for(tickets: Iterable[Ticket]) -> dict[int, Answer]:
    """By ticket, in a constant number of statements."""
    found = {ticket.pk: ticket for ticket in tickets}
    runs: dict[int, ProcedureRun] = {}
    rows = ProcedureRun.objects.filter(subject_type=SUBJECT, subject_id__in=list(found), procedure__key=COMPLAINT)
    for run in rows.select_related("department").order_by("pk"):
        runs[run.subject_id] = run
    wrong = {row.pk: row.violation for row in violating(Ticket.objects.filter(pk__in=list(found))).only("pk")}
    levels = dict(ComplaintGrade.objects.filter(ticket__in=list(found)).values_list("ticket_id", "level__key"))
    return {pk: _answer(ticket, runs.get(pk), wrong.get(pk, ""), levels.get(pk)) for pk, ticket in found.items()}


def _answer(ticket: Ticket, run: ProcedureRun | None, violation: str, level: str | None) -> Answer:
    running = run is not None and run.state == "running"
    return Answer(
        owner=ticket.assignee,
        department=run.department.key if run is not None else "",
        next_due_at=run.next_due_at if run is not None and running else None,
        step=run.step if run is not None and running else "",
        run_id=run.pk if run is not None else None,
        return_count=run.return_count if run is not None else 0,
        violation=violation,
        level=level,
    )
