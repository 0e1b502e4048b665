"""The life of a run: started once per subject, step after step, each left only when it is really done."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.conditions import parse
from core.errors import Conflict, InvalidInput
from core.procedures import proofs, registry
from core.procedures.choices import RunState, StepState, TaskState
from core.procedures.models import Department, Procedure, ProcedureRun, ProcedureStep, ProcedureTask
from core.procedures.services import giving, records
from core.procedures.services.access import require_may_do, require_may_steer
from core.procedures.services.departments import ensure_departments
from core.procedures.services.templates import duty_for
from core.procedures.template import Step
from core.versions.services import usable_version
from core.wording import listed, parts

REASON_LENGTH = 300


@transaction.atomic
def start(*, procedure: Procedure, subject_id: int, actor: Any) -> ProcedureRun:
    """Begin the live version on a subject. Conflict when a run of the same procedure is under way there."""
    version = usable_version(procedure)
    kind = registry.kinds[procedure.subject_type]
    departments = ensure_departments()
    running = ProcedureRun.objects.running().filter(procedure=procedure).about(kind.key, subject_id)  # type: ignore[attr-defined]
    if running.exists():
        raise Conflict(_("这个流程已在进行中。"), code="already_running")
    moment, first = clock.now(), version.plan[0]
    run = ProcedureRun(
        procedure=procedure,
        version=version,
        subject_type=kind.key,
        subject_id=subject_id,
        category=kind.category(subject_id),
        owner_id=kind.owner(subject_id),
        department=departments[registry.HOME],
        step=first.key,
        starter=actor,
        started_at=moment,
    )
    run.next_due_at = giving.due_moment(run, first.due, moment)
    run.save()
    ProcedureStep.objects.bulk_create(
        ProcedureStep(run=run, position=number, key=step.key, title=step.title, department=departments[step.department])
        for number, step in enumerate(version.plan)
    )
    records.record(records.STARTED, run, actor, version=version.number)
    _enter(run, 0, actor, origin=None)
    return run


def lock(run: ProcedureRun) -> ProcedureRun:
    """The run's row, locked until the transaction ends: verbs happen one after another."""
    found: ProcedureRun = (
        ProcedureRun.objects.select_for_update(of=("self",))
        .select_related("procedure", "version", "owner", "department")
        .get(pk=run.pk)
    )
    return found


def _require_running(run: ProcedureRun) -> None:
    if run.state != RunState.RUNNING:
        raise Conflict(_("流程%(state)s，不能再操作。") % {"state": run.get_state_display()}, code="not_running")


def _require_worker(run: ProcedureRun, actor: Any) -> None:
    """The step is done by its department, or by who has the subject in hand where that is the desk."""
    main = open_main(run)
    if main is not None:
        main.run = run
        require_may_do(main, actor)


def plan_of(run: ProcedureRun, key: str) -> Step:
    """The step as the run's version describes it."""
    return next(step for step in run.version.plan if step.key == key)


def _fits(run: ProcedureRun, raw: Mapping[str, Any]) -> bool:
    return not raw or parse(raw, run.kind.fields).matches(run.kind.facts(run))


def _enter(run: ProcedureRun, position: int, actor: Any, *, origin: Department | None) -> None:
    """Go to the step at `position`, or the next one that applies; past the last the run is done."""
    plan = run.version.plan
    rows = {row.position: row for row in run.steps.select_related("department")}
    while position < len(plan) and not _fits(run, plan[position].when):
        rows[position].state = StepState.SKIPPED
        rows[position].save(update_fields=["state"])
        position += 1
    if position == len(plan):
        _finish(run, actor)
        return
    step, row = plan[position], rows[position]
    duty = duty_for(run.procedure, run.category, step.key)
    row.department = duty.responsible if duty is not None else row.department
    row.state, row.entered_at, row.done_at, row.done_by = StepState.ACTIVE, clock.now(), None, None
    main = giving.give(run=run, step=row, spec=step, department=row.department, origin=origin, actor=actor)
    row.due_at = main.due_at
    row.save(update_fields=["department", "state", "entered_at", "due_at", "done_at", "done_by"])
    departments = ensure_departments() if step.tasks else {}
    for spec in step.tasks:
        if _fits(run, spec.when):
            target = departments[spec.department]
            giving.give(run=run, step=row, spec=spec, department=target, origin=row.department, actor=actor)
    run.step = step.key
    run.save(update_fields=["step"])
    giving.note_next_due(run)
    _go_on_alone(run)


def _finish(run: ProcedureRun, actor: Any) -> None:
    run.state, run.ended_at, run.next_due_at = RunState.DONE, clock.now(), None
    run.save(update_fields=["state", "ended_at", "next_due_at"])
    records.record(records.DONE, run, actor)


def current(run: ProcedureRun) -> ProcedureStep:
    """The step the run stands at."""
    found: ProcedureStep = run.steps.select_related("department").get(key=run.step)
    return found


def _go_on_alone(run: ProcedureRun) -> None:
    """Leave a step that goes on by itself as soon as it may."""
    step = plan_of(run, run.step)
    if run.state != RunState.RUNNING or not step.auto:
        return
    row = current(run)
    if hindrances(run, step, row) or any(proof.required for proof in step.proof):
        return
    _leave(run, step, row, None, {})


def hindrances(run: ProcedureRun, step: Step, row: ProcedureStep) -> dict[str, list[str]]:
    """Why the step cannot be left yet: open required lines, open tasks of others, conditions."""
    found: dict[str, list[str]] = {}
    lines = [item.text for item in step.checklist if item.required and item.key not in row.ticked]
    if lines:
        found["checklist"] = lines
    others = row.tasks.filter(state=TaskState.OPEN, is_main=False).select_related("department")
    waiting = [f"{task.department.name}：{task.title}" for task in others]
    if waiting:
        found["tasks"] = waiting
    if step.leave:
        unmet = parse(step.leave, run.kind.fields).unmet(run.kind.facts(run))
        if unmet:
            found["leave"] = unmet
    return found


_SENTENCES = {
    "checklist": gettext_lazy("请先完成必选检查项：%(what)s"),
    "tasks": gettext_lazy("还有未完成的任务：%(what)s"),
    "leave": gettext_lazy("尚不满足离开条件：%(what)s"),
}


def _refuse(found: Mapping[str, Sequence[str]]) -> None:
    if not found:
        return
    said = [str(_SENTENCES[name]) % {"what": listed(what)} for name, what in found.items()]
    fields = {name: list(what) for name, what in found.items()}
    raise Conflict(_("%(sentences)s。") % {"sentences": parts(said)}, code="step_not_done", fields=fields)


@transaction.atomic
def tick(*, run: ProcedureRun, actor: Any, items: Mapping[str, bool]) -> ProcedureStep:
    """Tick or untick lines of the current step's checklist."""
    run = lock(run)
    _require_running(run)
    _require_worker(run, actor)
    row, step = current(run), plan_of(run, run.step)
    unknown = set(items) - {item.key for item in step.checklist}
    if unknown:
        sentence = _("当前步骤没有检查项“%(key)s”。") % {"key": sorted(unknown)[0]}
        raise InvalidInput(sentence, fields={"items": [sentence]})
    for key, done in items.items():
        if not done:
            row.ticked.pop(key, None)
        elif key not in row.ticked:
            row.ticked[key] = {"by": actor.pk, "name": str(actor), "at": clock.now().isoformat()}
    row.save(update_fields=["ticked"])
    return row


@transaction.atomic
def complete_step(*, run: ProcedureRun, actor: Any, proof: Mapping[str, Any]) -> ProcedureRun:
    """Leave the current step. Checklist, tasks, proof and condition must be met; all follows in one transaction."""
    run = lock(run)
    _require_running(run)
    _require_worker(run, actor)
    row, step = current(run), plan_of(run, run.step)
    _refuse(hindrances(run, step, row))
    _leave(run, step, row, actor, proofs.checked(step.proof, proof))
    return run


def _leave(run: ProcedureRun, step: Step, row: ProcedureStep, actor: Any, values: Mapping[str, Any]) -> None:
    row.state, row.done_at, row.done_by = StepState.DONE, clock.now(), actor
    row.proof = proofs.packed(values)
    row.save(update_fields=["state", "done_at", "done_by", "proof"])
    plain = proofs.plain(step.proof, values)
    if plain:
        run.data = {**run.data, **plain}
        run.save(update_fields=["data"])
    main = row.tasks.filter(is_main=True, state=TaskState.OPEN).select_related("department").first()
    if main is not None:
        main.run = run
        giving.end(main, TaskState.DONE, actor)
    run.kind.left(run, step.key, actor)
    records.record(records.STEP_DONE, run, actor, step=step.key, title=step.title, is_late=_is_late(row))
    _enter(run, row.position + 1, actor, origin=row.department)


def _is_late(row: ProcedureStep) -> bool:
    return row.due_at is not None and row.done_at is not None and row.done_at > row.due_at


@transaction.atomic
def send_back(*, run: ProcedureRun, actor: Any, step: str, reason: str) -> ProcedureRun:
    """Go back to an earlier step that was done; open tasks are withdrawn. Counts as a return between departments."""
    run = lock(run)
    _require_running(run)
    require_may_steer(run, actor)
    row = current(run)
    target = run.steps.filter(key=step, position__lt=row.position, state=StepState.DONE).first()
    if target is None:
        sentence = _("只能退回到已完成的前序步骤。")
        raise InvalidInput(sentence, fields={"step": [sentence]})
    require_reason(reason)
    giving.drop_open(run, actor)
    run.steps.filter(position__gt=target.position).update(state=StepState.WAITING, done_at=None, done_by=None)
    for later in run.steps.filter(position__gte=target.position).exclude(ticked={}):
        later.ticked = {}
        later.save(update_fields=["ticked"])
    if target.department_id != row.department_id:
        run.return_count += 1
        run.save(update_fields=["return_count"])
    records.record(records.SENT_BACK, run, actor, step=target.key, title=target.title, reason=reason)
    _enter(run, target.position, actor, origin=row.department)
    return run


def require_reason(reason: str) -> None:
    if not reason.strip():
        sentence = _("请填写原因。")
        raise InvalidInput(sentence, fields={"reason": [sentence]})


@transaction.atomic
def cancel_run(*, run: ProcedureRun, actor: Any, reason: str) -> ProcedureRun:
    """End a run before its end. `actor` None: its subject went away."""
    run = lock(run)
    _require_running(run)
    if actor is not None:
        require_may_steer(run, actor)
    require_reason(reason)
    giving.drop_open(run, actor)
    run.steps.filter(state=StepState.ACTIVE).update(state=StepState.SKIPPED)
    run.state, run.ended_at, run.next_due_at = RunState.CANCELLED, clock.now(), None
    run.end_reason = reason[:REASON_LENGTH]
    run.save(update_fields=["state", "ended_at", "next_due_at", "end_reason"])
    records.record(records.CANCELLED, run, actor, reason=run.end_reason)
    return run


@transaction.atomic
def follow(*, run: ProcedureRun, facts: Mapping[str, Any] | None = None) -> ProcedureRun:
    """The subject changed: owner and category follow it, and a step that goes on by itself may go on."""
    run = lock(run)
    if run.state != RunState.RUNNING:
        return run
    owner = run.kind.owner(run.subject_id)
    if facts:
        run.data = {**run.data, **facts}
    run.category = run.kind.category(run.subject_id)
    was, run.owner_id = run.owner_id, owner
    run.save(update_fields=["owner", "category", "data"])
    if was != owner:
        for task in run.tasks.filter(state=TaskState.OPEN, department__key=registry.HOME).select_related("department"):
            task.run = run
            giving.man(task)
            task.save(update_fields=["assignee", "unstaffed_at"])
    _go_on_alone(run)
    return run


def open_main(run: ProcedureRun) -> ProcedureTask | None:
    """The task of the current step itself."""
    found: ProcedureTask | None = (
        run.tasks.filter(is_main=True, state=TaskState.OPEN)
        .select_related("department", "origin", "assignee", "step")
        .first()
    )
    return found
