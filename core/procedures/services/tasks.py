"""What people do with tasks: take, finish, return, pass on."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, InvalidInput
from core.procedures import proofs
from core.procedures.choices import Alarm, TaskNews, TaskState
from core.procedures.models import Department, ProcedureTask, TaskHandover
from core.procedures.services import giving, records, running
from core.procedures.services.access import require_may_do, require_may_steer

#: From this return between departments on, it is a case of ping-pong (C08).
PING_PONG = 2


def _locked(task: ProcedureTask) -> ProcedureTask:
    """The task with its run, the run locked first as every verb does."""
    run = running.lock(task.run)
    found: ProcedureTask = (
        ProcedureTask.objects.select_for_update(of=("self",))
        .select_related("department", "origin", "assignee", "step")
        .get(pk=task.pk)
    )
    found.run = run
    if found.state != TaskState.OPEN:
        raise Conflict(_("任务%(state)s，不能再操作。") % {"state": found.get_state_display()}, code="not_open")
    return found


@transaction.atomic
def take(*, task: ProcedureTask, actor: Any) -> ProcedureTask:
    """The person does it themselves."""
    task = _locked(task)
    require_may_do(task, actor)
    task.assignee = actor
    task.unstaffed_at = None
    task.save(update_fields=["assignee", "unstaffed_at"])
    return task


@transaction.atomic
def complete(
    *, task: ProcedureTask, actor: Any, proof: Mapping[str, Any], items: Mapping[str, bool] | None = None
) -> ProcedureTask:
    """Finish it with its proof. The main task of a step finishes the step; `items` are ticked before."""
    task = _locked(task)
    require_may_do(task, actor)
    if task.is_main:
        if items:
            running.tick(run=task.run, actor=actor, items=items)
        running.complete_step(run=task.run, actor=actor, proof=proof)
        task.refresh_from_db()
        return task
    values = proofs.checked(task.spec.proof, proof)
    task.proof = proofs.packed(values)
    giving.end(task, TaskState.DONE, actor)
    plain = proofs.plain(task.spec.proof, values)
    if plain:
        task.run.data = {**task.run.data, **plain}
        task.run.save(update_fields=["data"])
    records.record_task(records.TASK_DONE, task, actor, step=task.step.key)
    giving.note_next_due(task.run)
    return task


@transaction.atomic
def give_back(*, task: ProcedureTask, actor: Any, reason: str) -> ProcedureTask:
    """Return it to the department it came from."""
    task = _locked(task)
    require_may_do(task, actor)
    target = task.origin or task.run.department
    if target.pk == task.department_id:
        raise Conflict(_("任务就在来源部门，不能退回。"), code="same_department")
    return _hand(task, target, actor, reason, is_return=True)


@transaction.atomic
def pass_on(*, task: ProcedureTask, actor: Any, department: Department, reason: str) -> ProcedureTask:
    """Give it to another department. Back to where it came from counts as a return."""
    task = _locked(task)
    require_may_steer(task.run, actor)
    if department.pk == task.department_id:
        sentence = _("任务已在%(department)s。") % {"department": department.name}
        raise InvalidInput(sentence, fields={"department": [sentence]})
    return _hand(task, department, actor, reason, is_return=department.pk == task.origin_id)


def _hand(task: ProcedureTask, target: Department, actor: Any, reason: str, *, is_return: bool) -> ProcedureTask:
    running.require_reason(reason)
    source = task.department
    TaskHandover.objects.create(
        task=task, source=source, target=target, is_return=is_return, reason=reason[:500], actor=actor
    )
    task.department, task.origin = target, source
    giving.man(task)
    run = task.run
    if is_return:
        task.return_count += 1
        run.return_count += 1
        run.save(update_fields=["return_count"])
    task.save(update_fields=["department", "origin", "assignee", "unstaffed_at", "return_count"])
    if task.is_main:
        task.step.department = target
        task.step.save(update_fields=["department"])
    kind = records.TASK_RETURNED if is_return else records.TASK_PASSED
    records.record_task(kind, task, actor, source=source.name, returns=run.return_count)
    if is_return and run.return_count >= PING_PONG:
        giving.alarm(task, Alarm.RETURNED)
    elif task.unstaffed_at is not None:
        giving.alarm(task, Alarm.UNSTAFFED)
    if task.unstaffed_at is None:
        giving.tell(task, TaskNews.GIVEN, actor)
    return task
