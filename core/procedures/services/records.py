"""The shapes of procedure events: they stand in the history of the subject."""

from typing import Any

from core.events import record_event
from core.procedures.models import ProcedureRun, ProcedureTask

STARTED = "procedure.started"
STEP_DONE = "procedure.step_done"
SENT_BACK = "procedure.sent_back"
DONE = "procedure.done"
CANCELLED = "procedure.cancelled"
TASK_CREATED = "procedure.task_created"
TASK_DONE = "procedure.task_done"
TASK_PASSED = "procedure.task_passed"
TASK_RETURNED = "procedure.task_returned"
TASK_ALARM = "procedure.alarm"


def record(kind: str, run: ProcedureRun, actor: Any, /, **data: Any) -> None:
    """An event of the run, told to who hears of its subject; words of people are not in it."""
    record_event(
        kind=kind,
        subject_type=run.subject_type,
        subject_id=run.subject_id,
        actor=actor,
        payload={run.subject_type: run.subject_id, "run": run.pk, "procedure": run.procedure.title, **data},
        audience=run.kind.audience(run.subject_id),
    )


def record_task(kind: str, task: ProcedureTask, actor: Any, /, **data: Any) -> None:
    """An event of one task."""
    values = {"task": task.pk, "title": task.title, "department": task.department.name, **data}
    record(kind, task.run, actor, **values)
