"""Giving tasks to departments: by when, to whom, and what happens when nobody is there."""

from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.calendars import legal_schedule, load_schedule
from core.procedures import registry
from core.procedures.choices import Alarm, DueClock, TaskNews, TaskState
from core.procedures.models import Department, ProcedureRun, ProcedureStep, ProcedureTask
from core.procedures.services import records
from core.procedures.services.departments import is_staffed
from core.procedures.template import Due, Step, TaskSpec
from core.timers import TimerSpec, arm, cancel

TASK_TIMER = "procedure.task_due"
TASK_SUBJECT = "procedure_task"


def due_moment(run: ProcedureRun, due: Due, start: datetime) -> datetime:
    """When the time limit ends; working time by the procedure's calendar, else by the law's working days."""
    if due.clock == DueClock.NATURAL:
        return start + timedelta(seconds=due.seconds)
    calendar_id = run.procedure.calendar_id
    schedule = load_schedule(calendar_id) if calendar_id else legal_schedule()
    return schedule.add(start, due.seconds)


def give(
    *,
    run: ProcedureRun,
    step: ProcedureStep,
    spec: "Step | TaskSpec",
    department: Department,
    origin: Department | None,
    actor: Any,
) -> ProcedureTask:
    """A task for a department, with its timer; the alarm is raised when nobody is there."""
    moment = clock.now()
    task = ProcedureTask(
        run=run,
        step=step,
        key=spec.key,
        title=spec.title,
        is_main=isinstance(spec, Step),
        department=department,
        origin=origin,
        due_at=due_moment(run, spec.due, moment),
        created_at=moment,
    )
    man(task)
    task.save()
    _arm(task)
    data = {"step": step.key, "due_at": task.due_at.isoformat(), "assignee": task.assignee_id}
    records.record_task(records.TASK_CREATED, task, actor, **data)
    if task.unstaffed_at is not None:
        alarm(task, Alarm.UNSTAFFED)
    else:
        tell(task, TaskNews.GIVEN, actor)
    return task


def man(task: ProcedureTask) -> None:
    """Who does it: the desk's tasks go to who has the subject in hand, others wait for the department."""
    run, department = task.run, task.department
    if department.key == registry.HOME:
        task.assignee_id = run.owner_id
        staffed = run.owner_id is not None or run.kind.is_staffed(run.subject_id) or is_staffed(department)
    else:
        task.assignee_id = None
        staffed = is_staffed(department)
    task.unstaffed_at = None if staffed else clock.now()


def _arm(task: ProcedureTask) -> None:
    arm(
        TimerSpec(
            key=f"procedure_task:{task.pk}",
            kind=TASK_TIMER,
            due_at=task.due_at,
            subject_type=TASK_SUBJECT,
            subject_id=task.pk,
        )
    )


def alarm(task: ProcedureTask, kind: str) -> None:
    """Somebody must look: an event, and a notice to who answers for the subject."""
    records.record_task(records.TASK_ALARM, task, None, alarm=str(kind))
    task.run.kind.alarm(task, kind)


def tell(task: ProcedureTask, news: TaskNews, actor: Any) -> None:
    """The department hears of it: whoever has taken the task, else all of its people. The desk sees its own."""
    if task.department.key == registry.HOME:
        return
    members = task.department.members.filter(is_active=True).values_list("pk", flat=True)
    people = {task.assignee_id} if task.assignee_id else set(members)
    task.run.kind.news(task, news, people, actor)


def end(task: ProcedureTask, state: TaskState, actor: Any) -> None:
    """The task is over; its timer too."""
    task.state = state
    task.done_at = clock.now()
    task.done_by = actor
    task.save(update_fields=["state", "done_at", "done_by", "proof"])
    cancel(subject_type=TASK_SUBJECT, subject_id=task.pk)


def drop_open(run: ProcedureRun, actor: Any) -> None:
    """Withdraw what is still open; whose work it was is told."""
    for task in run.tasks.filter(state=TaskState.OPEN).select_related("department"):
        task.run = run
        end(task, TaskState.CANCELLED, None)
        tell(task, TaskNews.WITHDRAWN, actor)


def note_next_due(run: ProcedureRun) -> None:
    """The one next moment of the run: the nearest end of an open task."""
    nearest = run.tasks.filter(state=TaskState.OPEN).order_by("due_at").values_list("due_at", flat=True).first()
    run.next_due_at = nearest or run.next_due_at
    run.save(update_fields=["next_due_at"])


def look_for_people() -> int:
    """Raise the alarm for open tasks whose department lost its last person; returns how many."""
    rows = ProcedureTask.objects.filter(state=TaskState.OPEN, unstaffed_at__isnull=True)
    found = 0
    for department in Department.objects.filter(pk__in=rows.values("department")).exclude(key=registry.HOME):
        if is_staffed(department):
            continue
        for task in rows.filter(department=department).select_related("department", "run__procedure"):
            task.unstaffed_at = clock.now()
            task.save(update_fields=["unstaffed_at"])
            alarm(task, Alarm.UNSTAFFED)
            found += 1
    return found


def moment_came(*, task_id: int, due_at: datetime) -> None:
    """The time limit of a task is over and it is not done."""
    task = ProcedureTask.objects.select_for_update(of=("self",)).filter(pk=task_id, due_at=due_at).first()
    if task is None or task.state != TaskState.OPEN or task.overdue_at is not None:
        return
    task.overdue_at = clock.now()
    task.save(update_fields=["overdue_at"])
    alarm(task, Alarm.OVERDUE)
