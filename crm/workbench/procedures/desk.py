"""The desk's tab 流程: how far the procedures of a ticket are, and going on with them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError, InvalidInput
from core.procedures.models import Department, Procedure, ProcedureRun, ProcedureTask
from core.procedures.services import running, tasks
from core.procedures.services.templates import duty_for
from core.procedures.template import Step
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require, ticket_or_404
from crm.workbench.procedures import showing
from tickets.choices import Confirmation, TicketStatus, TicketType
from tickets.grading import escalation, guard, levels
from tickets.models import ComplaintLevel, Escalation, Ticket
from tickets.procedures.effect import effects_of
from tickets.procedures.kind import SUBJECT
from tickets.services.outcomes import latest_of
from tickets.services.transitions import OUTCOME_AFTER

MOST_RUNS = 5


def procedure_context(
    ticket: Ticket, user: User, *, typed: QueryDict | None = None, faults: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    """What the tab shows: the runs of the ticket, those under way first, and what may be started."""
    rows: Any = ProcedureRun.objects
    runs = list(rows.about(SUBJECT, ticket.pk).for_list().order_by("-id")[:MOST_RUNS])
    runs.sort(key=lambda run: run.state != "running")
    shown = [showing.show_run(run, user, typed=typed, faults=faults) for run in runs]
    under_way = {run.procedure_id for run in runs if run.state == "running"}
    may_start = user.has_perm("core.add_procedurerun") and ticket.is_open and not ticket.merged_into_id
    offered = Procedure.objects.filter(subject_type=SUBJECT).live().exclude(pk__in=under_way) if may_start else []
    effects = effects_of(runs)
    for one in shown:
        one.run.effect = effects.get(one.run.pk)
    current = next((one for one in shown if one.current is not None), None)
    duty = duty_for(current.run.procedure, current.run.category, current.run.step) if current else None
    names = {row.key: row.name for row in showing.departments()}
    return {
        **_graveness(ticket, user),
        **_looked_back(ticket, user),
        "runs": shown,
        "offered": list(offered),
        "duty": duty,
        "consulted": [names.get(key, key) for key in duty.consulted] if duty else [],
        "informed": [names.get(key, key) for key in duty.informed] if duty else [],
        "departments": [row for row in showing.departments() if user.has_perm("core.change_procedurerun")],
    }


def _looked_back(ticket: Ticket, user: User) -> dict[str, Any]:
    """What became of a closed complaint, or when that will be looked at."""
    if ticket.type != TicketType.COMPLAINT:
        return {}
    is_closed = ticket.status == TicketStatus.CLOSED and ticket.closed_at is not None and not ticket.merged_into_id
    will_be = is_closed and ticket.confirmation != Confirmation.CANCELLED
    return {
        "outcome": latest_of(ticket),
        "outcome_at": ticket.closed_at + OUTCOME_AFTER if will_be and ticket.closed_at else None,
        "may_make_case": user.has_perm("knowledge.add_articleversion"),
    }


def _graveness(ticket: Ticket, user: User) -> dict[str, Any]:
    """How grave the complaint is and what holds it up."""
    level = guard.level_of(ticket)
    rank = level.rank if level is not None else 0
    graver = [one for one in levels.ensure_levels() if one.is_active and one.rank > rank]
    may_raise = user.has_perm("tickets.escalate_ticket") and ticket.is_open
    raised = list(escalation.active_of(ticket))
    for one in raised:
        one.may_take = one.taken_at is None and escalation.may_take(one, user)
        one.waits = one.approval is not None and one.approval.state == "pending"
    return {
        "level": level,
        "graver": list(reversed(graver)) if may_raise and ticket.type == TicketType.COMPLAINT else [],
        "raised": raised,
        "may_raise": may_raise,
    }


def _answer(
    request: HttpRequest, ticket: Ticket, error: DomainError | None, told: str = "", *, typed: bool = False
) -> HttpResponse:
    """The tab after an action; a fault keeps what was typed."""
    kept = request.POST if error is not None and typed else None
    context = procedure_context(ticket, person_of(request), typed=kept, faults=error.fields if error else None)
    side = {"tab": "procedure", **context, "fault": error.message if error else "", "told": told}
    response = render(request, "workbench/procedures/side.html", {"side": side, "ticket": ticket})
    if error is None:
        response["HX-Trigger"] = "kean:changed"
    return response


def _run_of(request: HttpRequest, ticket: Ticket, pk: int) -> ProcedureRun:
    rows: Any = ProcedureRun.objects
    found: ProcedureRun | None = rows.about(SUBJECT, ticket.pk).for_list().filter(pk=pk).first()
    if found is None or not person_of(request).has_perm("core.view_procedurerun"):
        raise Http404
    return found


@login_required
@require_POST
def procedure_start(request: HttpRequest, number: str) -> HttpResponse:
    """Begin a procedure on the ticket."""
    ticket = ticket_or_404(request, number)
    require(request, "core.add_procedurerun", _("您没有启动流程的权限。"))
    procedure = Procedure.objects.filter(subject_type=SUBJECT, key=request.POST.get("procedure", "")).first()
    error: DomainError | None = None
    try:
        if procedure is None:
            raise InvalidInput(_("请选择流程。"))
        running.start(procedure=procedure, subject_id=ticket.pk, actor=request.user)
    except DomainError as refused:
        error = refused
    return _answer(request, ticket, error, _("流程已启动。"))


Verb = Callable[[ProcedureRun, User, QueryDict], str]


def _advance(run: ProcedureRun, user: User, typed: QueryDict) -> str:
    step = running.plan_of(run, run.step)
    items = showing.ticks_given(step, typed)
    if items:
        running.tick(run=run, actor=user, items=items)
    if typed.get("do") == "save":
        return _("勾选已保存。")
    running.complete_step(run=run, actor=user, proof=showing.proof_given(step.proof, typed))
    return _("“%(title)s”已完成。") % {"title": step.title}


def _send_back(run: ProcedureRun, user: User, typed: QueryDict) -> str:
    reason = typed.get("reason", "").strip()
    running.send_back(run=run, actor=user, step=typed.get("step", ""), reason=reason)
    return _("已退回。")


def _cancel(run: ProcedureRun, user: User, typed: QueryDict) -> str:
    running.cancel_run(run=run, actor=user, reason=typed.get("reason", "").strip())
    return _("流程已终止。")


VERBS: dict[str, Verb] = {"advance": _advance, "back": _send_back, "cancel": _cancel}


@login_required
@require_POST
def procedure_act(request: HttpRequest, number: str, pk: int, verb: str) -> HttpResponse:
    """Tick and complete the current step, send it back, or end the run."""
    ticket = ticket_or_404(request, number)
    run = _run_of(request, ticket, pk)
    if verb not in VERBS:
        raise Http404
    codename = "core.complete_proceduretask" if verb == "advance" else "core.change_procedurerun"
    require(request, codename, _("您没有处理流程的权限。"))
    error: DomainError | None = None
    told = ""
    try:
        told = VERBS[verb](run, person_of(request), request.POST)
    except DomainError as refused:
        error = refused
    return _answer(request, ticket, error, told, typed=verb == "advance")


@login_required
@require_POST
def procedure_task(request: HttpRequest, number: str, pk: int, verb: str) -> HttpResponse:
    """Do something with one task of the ticket's runs."""
    ticket = ticket_or_404(request, number)
    rows: Any = ProcedureTask.objects
    task = rows.for_list().filter(pk=pk, run__subject_type=SUBJECT, run__subject_id=ticket.pk).first()
    if task is None or verb not in TASK_VERBS:
        raise Http404
    require(request, "core.complete_proceduretask", _("您没有处理部门任务的权限。"))
    error: DomainError | None = None
    told = ""
    try:
        told = do_task(task, person_of(request), verb, request.POST)
    except DomainError as refused:
        error = refused
    return _answer(request, ticket, error, told)


def do_task(task: ProcedureTask, user: User, verb: str, typed: QueryDict) -> str:
    """One verb of a task from a form; the sentence that says it is done."""
    return TASK_VERBS[verb](task, user, typed)


def _complete(task: ProcedureTask, user: User, typed: QueryDict) -> str:
    spec = task.spec
    items = showing.ticks_given(spec, typed) if isinstance(spec, Step) else None
    tasks.complete(task=task, actor=user, proof=showing.proof_given(spec.proof, typed), items=items)
    return _("“%(title)s”已完成。") % {"title": task.title}


def _take(task: ProcedureTask, user: User, typed: QueryDict) -> str:
    tasks.take(task=task, actor=user)
    return _("已由您处理。")


def _give_back(task: ProcedureTask, user: User, typed: QueryDict) -> str:
    done = tasks.give_back(task=task, actor=user, reason=typed.get("reason", "").strip())
    return _("已退回%(department)s。") % {"department": done.department.name}


def _pass_on(task: ProcedureTask, user: User, typed: QueryDict) -> str:
    target = Department.objects.filter(key=typed.get("department", ""), is_active=True).first()
    if target is None:
        raise InvalidInput(_("请选择部门。"), fields={"department": []})
    tasks.pass_on(task=task, actor=user, department=target, reason=typed.get("reason", "").strip())
    return _("已转给%(department)s。") % {"department": target.name}


TASK_VERBS: dict[str, Callable[[ProcedureTask, User, QueryDict], str]] = {
    "complete": _complete,
    "take": _take,
    "return": _give_back,
    "pass": _pass_on,
}


@login_required
@require_POST
def level_change(request: HttpRequest, number: str) -> HttpResponse:
    """A person raises the level of a complaint."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.escalate_ticket", _("您没有调整投诉级别的权限。"))
    error: DomainError | None = None
    try:
        chosen = ComplaintLevel.objects.filter(key=request.POST.get("level", ""), is_active=True).first()
        if chosen is None:
            raise InvalidInput(_("请选择级别。"))
        reason = request.POST.get("reason", "")
        levels.set_level(ticket=ticket, actor=person_of(request), level=chosen, reason=reason)
    except DomainError as refused:
        error = refused
    return _answer(request, ticket, error, _("级别已调整。"))


@login_required
@require_POST
def escalation_act(request: HttpRequest, number: str, pk: int, verb: str) -> HttpResponse:
    """Take a raised ticket up, or ask to lower it."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.escalate_ticket", _("您没有升级工单的权限。"))
    found = Escalation.objects.filter(pk=pk, ticket=ticket).first()
    if found is None or verb not in ("take", "end"):
        raise Http404
    error: DomainError | None = None
    told = _("已接手。") if verb == "take" else _("降级申请已提交，批准前升级仍有效。")
    try:
        if verb == "take":
            escalation.take(escalation=found, actor=person_of(request))
        else:
            escalation.ask_end(escalation=found, actor=person_of(request), reason=request.POST.get("reason", ""))
    except DomainError as refused:
        error = refused
    return _answer(request, ticket, error, told)
