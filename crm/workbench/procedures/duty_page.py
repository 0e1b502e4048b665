"""投诉责任 (C08): open complaints that nobody answers for, which must be none, and those sent back and forth."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.keyset import BadCursor, Page, read_page
from core.procedures.models import ProcedureRun, TaskHandover
from crm.staff.person import person_of
from tickets.models import Ticket
from tickets.procedures import duty, effect
from tickets.procedures.kind import SUBJECT

PAGE_SIZE = 30
MOST_SHOWN = 100


@dataclass(frozen=True)
class Case:
    """A complaint that went back and forth, with the way of its tasks."""

    run: ProcedureRun
    ticket: Ticket | None
    handovers: list[TaskHandover]


@login_required
@permission_required("insights.view_report", raise_exception=True)
@require_GET
def solution_effects(request: HttpRequest) -> HttpResponse:
    """Solutions that were carried out, the newest first: promised against done, cost, verdict."""
    user = person_of(request)
    page = _page(effect.executed_runs(user), request.GET.get("cursor"))
    found = effect.effects_of(page.rows)
    ids = [run.subject_id for run in page.rows]
    tickets = {row.pk: row for row in Ticket.objects.visible_to(user).filter(pk__in=ids).defer("search")}
    rows = [(found[run.pk], tickets.get(run.subject_id)) for run in page.rows if run.pk in found]
    return render(request, "workbench/procedures/effects.html", {"page": page, "rows": rows})


def _page(rows: Any, cursor: str | None) -> Page[ProcedureRun]:
    try:
        return read_page(rows, ordering=("-id",), cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=("-id",), cursor=None, size=PAGE_SIZE)


def _cases(runs: list[ProcedureRun], user: Any) -> list[Case]:
    ids = [run.subject_id for run in runs if run.subject_type == SUBJECT]
    tickets = {row.pk: row for row in Ticket.objects.visible_to(user).filter(pk__in=ids).defer("search")}
    passed: dict[int, list[TaskHandover]] = {}
    rows = TaskHandover.objects.filter(task__run__in=runs).select_related("task", "source", "target").order_by("id")
    for row in rows.defer("reason"):
        passed.setdefault(row.task.run_id, []).append(row)
    return [Case(run, tickets.get(run.subject_id), passed.get(run.pk, [])) for run in runs]


@login_required
@permission_required("insights.view_report", raise_exception=True)
@require_GET
def complaint_duty(request: HttpRequest) -> HttpResponse:
    """Violations in full (up to a hundred), ping-pong cases page by page."""
    user = person_of(request)
    wrong = list(duty.violating(Ticket.objects.visible_to(user)).for_list().order_by("pk")[:MOST_SHOWN])
    for ticket in wrong:
        ticket.why = duty.REASONS[ticket.violation]
    page = _page(duty.ping_pong_runs(user), request.GET.get("cursor"))
    context = {"wrong": wrong, "page": page, "cases": _cases(page.rows, user), "most": MOST_SHOWN}
    return render(request, "workbench/procedures/duty.html", context)
