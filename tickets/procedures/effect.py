"""What became of a solution (C21): promised against done, days, cost and the customer's verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.procedures.choices import StepState, TaskState
from core.procedures.models import ProcedureRun, ProcedureStep, ProcedureTask
from core.wording import listed
from tickets.models import Compensation
from tickets.procedures.complaint import COMPLAINT
from tickets.procedures.facts import SOLUTIONS
from tickets.procedures.kind import SUBJECT

EXECUTE = "execute"
_SATISFIED_FROM = 4
VERDICTS = {"satisfied": _("满意"), "unsatisfied": _("不满意"), "unreachable": _("未接通")}


@dataclass(frozen=True)
class Effect:
    """A solution as it was promised and as it was carried out; what is not known yet is None."""

    run: ProcedureRun
    solution: str
    promised_amount: Decimal | None
    promised_on: date | None
    paid: Decimal
    cost: Decimal
    done_at: datetime | None
    open_tasks: int
    days: int | None
    verdict: str
    score: int | None

    @property
    def is_late(self) -> bool | None:
        """Whether it was done after the promised day; None while there is nothing to compare."""
        if self.done_at is None or self.promised_on is None:
            return None
        return timezone.localtime(self.done_at).date() > self.promised_on

    @property
    def is_short(self) -> bool:
        """Whether less was paid than promised although everything counts as done."""
        return self.done_at is not None and self.promised_amount is not None and self.paid < self.promised_amount

    @property
    def verdict_text(self) -> str:
        return str(VERDICTS.get(self.verdict, ""))


def effects_of(runs: Iterable[ProcedureRun]) -> dict[int, Effect]:
    """By run, for runs whose solution was proposed; in a constant number of statements."""
    rows = [run for run in runs if run.procedure.key == COMPLAINT and run.data.get("solution")]
    paid = dict(
        Compensation.objects.filter(ticket__in=[run.subject_id for run in rows], status="paid")
        .order_by()
        .values_list("ticket_id")
        .annotate(total=Sum("amount"))
    )
    done = dict(
        ProcedureStep.objects.filter(run__in=rows, key=EXECUTE, state=StepState.DONE).values_list("run_id", "done_at")
    )
    open_tasks: dict[int, int] = {}
    waiting = ProcedureTask.objects.filter(run__in=rows, step__key=EXECUTE, state=TaskState.OPEN)
    for run_id in waiting.values_list("run_id", flat=True):
        open_tasks[run_id] = open_tasks.get(run_id, 0) + 1
    return {run.pk: _effect(run, paid.get(run.subject_id), done.get(run.pk), open_tasks.get(run.pk, 0)) for run in rows}


def _effect(run: ProcedureRun, compensated: Decimal | None, done_at: datetime | None, open_tasks: int) -> Effect:
    data = run.data
    labels = {key: str(label) for key, label in SOLUTIONS}
    refunded = Decimal(data.get("paid") or 0)
    score = data.get("score")
    return Effect(
        run=run,
        solution=listed(labels.get(key, key) for key in data["solution"]),
        promised_amount=Decimal(data["amount"]) if data.get("amount") else None,
        promised_on=date.fromisoformat(data["promised_on"]) if data.get("promised_on") else None,
        paid=refunded or compensated or Decimal(0),
        # What the task paid may be the compensation that stands on the ticket: the larger is the cost.
        cost=max(refunded, compensated or Decimal(0)),
        done_at=done_at,
        open_tasks=open_tasks,
        days=(done_at - run.started_at).days if done_at is not None else None,
        verdict=str(data.get("verdict") or _of_score(score)),
        score=score,
    )


def _of_score(score: Any) -> str:
    if not isinstance(score, int):
        return ""
    return "satisfied" if score >= _SATISFIED_FROM else "unsatisfied"


def effect_of(run: ProcedureRun) -> Effect | None:
    return effects_of([run]).get(run.pk)


def executed_runs(user: Any) -> Any:
    """Runs of the complaint SOP whose solution was carried out, the newest first."""
    rows: Any = ProcedureRun.objects.visible_to(user)  # type: ignore[attr-defined]
    done = ProcedureStep.objects.filter(run=OuterRef("pk"), key=EXECUTE, state=StepState.DONE)
    return rows.filter(Exists(done), subject_type=SUBJECT, procedure__key=COMPLAINT).for_list()
