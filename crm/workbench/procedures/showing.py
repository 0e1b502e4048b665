"""What the pages say of runs and tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from core.language import mask_text
from core.procedures import proofs, registry
from core.procedures.api.runs import cards_of
from core.procedures.choices import ProofKind, StepState, TaskState
from core.procedures.models import Department, ProcedureRun, ProcedureStep, ProcedureTask
from core.procedures.services import access, running
from core.procedures.template import Item, Proof, Step
from crm.staff.models import User
from tickets.models import Ticket


@dataclass(frozen=True)
class Line:
    """A line of a checklist with whether it is ticked."""

    item: Item
    done: bool


@dataclass(frozen=True)
class Field:
    """A proof as a form field; `value` is what was typed."""

    proof: Proof
    name: str
    value: Any
    fault: str = ""

    @property
    def input_type(self) -> str:
        return {ProofKind.DATE.value: "date"}.get(self.proof.kind, "text")


def fields_of(specs: tuple[Proof, ...], typed: QueryDict | None, faults: Mapping[str, list[str]]) -> list[Field]:
    found = []
    for proof in specs:
        name = f"proof_{proof.key}"
        value: Any = [] if proof.kind == ProofKind.CHOICES else ""
        if typed is not None:
            value = typed.getlist(name) if proof.kind == ProofKind.CHOICES else typed.get(name, "")
        fault = (faults.get(f"proof.{proof.key}") or [""])[0]
        found.append(Field(proof, name, value, fault))
    return found


def proof_given(specs: tuple[Proof, ...], typed: QueryDict) -> dict[str, Any]:
    """What was typed into the fields of these proofs."""
    return {
        proof.key: typed.getlist(f"proof_{proof.key}")
        if proof.kind == ProofKind.CHOICES
        else typed.get(f"proof_{proof.key}", "")
        for proof in specs
    }


def ticks_given(step: Step, typed: QueryDict) -> dict[str, bool]:
    """The checklist as it was sent: a line that is not among them is not ticked."""
    ticked = set(typed.getlist("tick"))
    return {item.key: item.key in ticked for item in step.checklist}


@dataclass(frozen=True)
class ShownStep:
    """A step of the bar and of the list below it."""

    row: ProcedureStep
    plan: Step
    number: int
    proof: list[tuple[str, str]]

    @property
    def is_late(self) -> bool:
        row = self.row
        return row.due_at is not None and row.done_at is not None and row.done_at > row.due_at


@dataclass(frozen=True)
class ShownTask:
    """A task in a list: what it is about, and what the person may do with it."""

    task: ProcedureTask
    card: registry.Card | None
    may_open: bool
    may_do: bool
    lines: list[Line]
    fields: list[Field]
    proof: list[tuple[str, str]]

    @property
    def prefix(self) -> str:
        """Begins the ids of its form."""
        return f"task-{self.task.pk}"

    @property
    def is_plain(self) -> bool:
        """Nothing to tick and nothing to fill in: one click is enough."""
        return not self.lines and not self.fields


@dataclass(frozen=True)
class ShownRun:
    """A run on the desk."""

    run: ProcedureRun
    steps: list[ShownStep]
    current: ShownStep | None
    main: ShownTask | None
    others: list[ShownTask]
    hindrances: list[str]
    may_steer: bool
    earlier: list[ShownStep]
    duty: Any = None

    @property
    def done_share(self) -> int:
        over = sum(step.row.state in (StepState.DONE, StepState.SKIPPED) for step in self.steps)
        return round(100 * over / len(self.steps)) if self.steps else 0


def shown_proof(specs: tuple[Proof, ...], stored: str, user: User) -> list[tuple[str, str]]:
    pairs = proofs.shown(specs, proofs.unpacked(stored))
    return [(label, mask_text(value)) for label, value in pairs] if user.is_auditor else pairs


def show_task(
    task: ProcedureTask,
    user: User,
    card: registry.Card | None,
    *,
    may_open: bool,
    may_do: bool,
    typed: QueryDict | None = None,
    faults: Mapping[str, list[str]] | None = None,
) -> ShownTask:
    spec = task.spec
    is_open = task.state == TaskState.OPEN
    lines = [Line(item, item.key in task.step.ticked) for item in spec.checklist] if isinstance(spec, Step) else []
    stored = task.step.proof if task.is_main else task.proof
    return ShownTask(
        task=task,
        card=card,
        may_open=may_open,
        may_do=may_do,
        lines=lines if is_open else [],
        fields=fields_of(spec.proof, typed, faults or {}) if is_open else [],
        proof=shown_proof(spec.proof, stored, user) if not is_open else [],
    )


def show_tasks(rows: list[ProcedureTask], user: User) -> list[ShownTask]:
    """A page of tasks; their subjects and the person's sight are read together."""
    cards = cards_of([task.run for task in rows])
    ids = {task.run.subject_id for task in rows if task.run.subject_type == "ticket"}
    seen = set(Ticket.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    supervises = user.has_perm("core.supervise_proceduretask")
    completes = user.has_perm("core.complete_proceduretask")
    found = []
    for task in rows:
        sees = task.run.subject_id in seen
        is_desk = task.department.key == registry.HOME or supervises
        mine = task.assignee_id == user.pk or access.belongs_to(user, task.department)
        card = cards.get((task.run.subject_type, task.run.subject_id))
        found.append(show_task(task, user, card, may_open=sees, may_do=completes and (mine or (is_desk and sees))))
    return found


def show_run(
    run: ProcedureRun, user: User, *, typed: QueryDict | None = None, faults: Mapping[str, list[str]] | None = None
) -> ShownRun:
    """A run for somebody who sees its ticket."""
    plan = {step.key: step for step in run.version.plan}
    rows = list(run.steps.select_related("department", "done_by"))
    steps = [
        ShownStep(row, plan[row.key], number, shown_proof(plan[row.key].proof, row.proof, user))
        for number, row in enumerate(rows, start=1)
    ]
    current = next((step for step in steps if step.row.state == StepState.ACTIVE), None)
    tasks: Any = run.tasks
    main, others = None, []
    for task in tasks.all().for_list().order_by("id"):
        may_do = task.state == TaskState.OPEN and access.may_do(task, user)
        if task.is_main and task.state == TaskState.OPEN:
            main = show_task(task, user, None, may_open=True, may_do=may_do, typed=typed, faults=faults)
        elif not task.is_main and task.state != TaskState.CANCELLED:
            others.append(show_task(task, user, None, may_open=True, may_do=may_do))
    hindrances = []
    if current is not None:
        found = running.hindrances(run, current.plan, current.row)
        hindrances = [*found.get("tasks", []), *found.get("leave", [])]
    return ShownRun(
        run=run,
        steps=steps,
        current=current,
        main=main,
        others=others,
        hindrances=hindrances,
        may_steer=access.may_steer(run, user),
        earlier=[step for step in steps if step.row.state == StepState.DONE],
    )


def departments() -> list[Department]:
    return list(Department.objects.filter(is_active=True))
