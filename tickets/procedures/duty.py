"""Who answers for complaints (C08): every open one has exactly one owner and one next due moment."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from core import clock
from core.procedures.choices import RunState
from core.procedures.models import ProcedureRun
from tickets.choices import OPEN_STATUSES, TicketType
from tickets.procedures.complaint import COMPLAINT
from tickets.procedures.following import GRACE
from tickets.procedures.kind import SUBJECT
from tickets.services.transfer_rules import staffed_queues

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


def _ways() -> dict[str, Q]:
    """How nobody may answer for an open complaint, the plainest first."""
    young = Q(created_at__gt=clock.now() - GRACE)
    run = ProcedureRun.objects.filter(
        subject_type=SUBJECT, subject_id=OuterRef("pk"), procedure__key=COMPLAINT, state=RunState.RUNNING
    )
    return {
        LEFT: Q(assignee__is_active=False),
        NOBODY: Q(assignee=None) & ~Q(queue__in=staffed_queues()),
        NO_PROCEDURE: ~young & Q(~Exists(run)),
    }


def _open_complaint() -> Q:
    return Q(type=TicketType.COMPLAINT, merged_into=None, status__in=OPEN_STATUSES)


def violating(rows: Any) -> Any:
    """Open complaints among `rows` that nobody answers for, with `violation` saying how; must be empty."""
    ways = _ways()
    judged = rows.filter(_open_complaint()).filter(reduce(or_, ways.values()))
    return judged.annotate(violation=_case(ways, Q()))


def _case(ways: dict[str, Q], among: Q) -> Case:
    whens = [When(among & way, then=Value(reason)) for reason, way in ways.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def ping_pong_runs(user: Any) -> Any:
    """Runs whose tasks went back and forth at least twice, the newest first."""
    rows: Any = ProcedureRun.objects.visible_to(user)  # type: ignore[attr-defined]
    return rows.filter(subject_type=SUBJECT, return_count__gte=2).for_list()


def with_answers(rows: Any) -> Any:
    """Complaints with all that `answer_of` reads, in the same statement."""
    runs = ProcedureRun.objects.filter(subject_type=SUBJECT, subject_id=OuterRef("pk"), procedure__key=COMPLAINT)
    shown = {name: name for name in ("id", "state", "step", "next_due_at", "return_count")}
    newest = runs.order_by("-pk").values(facts=JSONObject(**shown, department="department__key"))[:1]
    rows = rows.select_related("assignee", "grade__level")
    return rows.annotate(violation=_case(_ways(), _open_complaint()), run=Subquery(newest))


def answer_of(ticket: Any) -> Answer:
    """Who answers for a complaint that was read `with_answers`."""
    run = ticket.run or {}
    is_running = run.get("state") == RunState.RUNNING
    due = run.get("next_due_at")
    grade = getattr(ticket, "grade", None)
    return Answer(
        owner=ticket.assignee,
        department=run.get("department", ""),
        next_due_at=datetime.fromisoformat(due) if due and is_running else None,
        step=run.get("step", "") if is_running else "",
        run_id=run.get("id"),
        return_count=run.get("return_count", 0),
        violation=ticket.violation,
        level=grade.level.key if grade is not None else None,
    )
