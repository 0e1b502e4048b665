"""部门任务: what waits for the person's departments, the nearest end first; done with one click and its proof."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, NotAllowed
from core.keyset import BadCursor, Page, read_page
from core.procedures.models import ProcedureTask
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.procedures import showing
from crm.workbench.procedures.desk import TASK_VERBS, do_task

PAGE_SIZE = 30


@dataclass(frozen=True)
class Tab:
    """A part of the list; `empty` says what an empty one means."""

    key: str
    label: str | Promise
    empty: str | Promise
    ordering: tuple[str, ...] = ("due_at", "id")
    codename: str = "core.view_proceduretask"


TABS = {
    tab.key: tab
    for tab in (
        Tab("mine", lazy("我的部门"), lazy("流程交给您所在部门的任务会出现在这里。")),
        Tab(
            "alarm",
            lazy("需要安排"),
            lazy("部门没有人或任务超时的，会出现在这里。"),
            codename="core.supervise_proceduretask",
        ),
        Tab("open", lazy("全部待办"), lazy("您能看到的工单没有未完成的任务。")),
        Tab("done", lazy("已完成"), lazy("部门完成的任务会出现在这里。"), ("-done_at", "-id")),
    )
}
_ALARM = Q(unstaffed_at__isnull=False) | Q(overdue_at__isnull=False)


def _rows(user: User, tab: str) -> Any:
    rows: Any = ProcedureTask.objects.visible_to(user).for_list()  # type: ignore[attr-defined]
    if tab == "done":
        return rows.filter(state="done").of_departments(user)
    if tab == "alarm":
        return rows.open().filter(_ALARM)
    return rows.open() if tab == "open" else rows.open().of_departments(user)


def _page(rows: Any, tab: Tab, cursor: str | None) -> Page[ProcedureTask]:
    try:
        return read_page(rows, ordering=tab.ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=tab.ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("core.view_proceduretask", raise_exception=True)
@require_GET
def task_list(request: HttpRequest) -> HttpResponse:
    """Tasks of one tab."""
    user = person_of(request)
    offered = [tab for tab in TABS.values() if user.has_perm(tab.codename)]
    tab = next((one for one in offered if one.key == request.GET.get("tab")), offered[0])
    page = _page(_rows(user, tab.key), tab, request.GET.get("cursor"))
    context = {
        "page": page,
        "tasks": showing.show_tasks(page.rows, user),
        "tab": tab,
        "tabs": offered,
        "departments": showing.departments() if user.has_perm("core.supervise_proceduretask") else [],
        "own": list(user.departments.filter(is_active=True)),  # type: ignore[attr-defined]
    }
    return render(request, "workbench/procedures/tasks.html", context)


@login_required
@permission_required("core.complete_proceduretask", raise_exception=True)
@require_POST
def task_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Finish, take, return or pass on a task; a fault is said above the list, with what was typed kept."""
    user = person_of(request)
    rows: Any = ProcedureTask.objects.visible_to(user).for_list()  # type: ignore[attr-defined]
    task = rows.filter(pk=pk).first()
    if task is None or verb not in TASK_VERBS:
        raise Http404
    try:
        told = do_task(task, user, verb, request.POST)
    except NotAllowed:
        raise
    except DomainError as error:
        return _again(request, user, task, error)
    messages.success(request, told)
    return redirect(request.POST.get("next", "") if request.POST.get("next", "").startswith("/tasks/") else "task_list")


def _again(request: HttpRequest, user: User, task: ProcedureTask, error: DomainError) -> HttpResponse:
    """The one task again, with its faults beside the fields."""
    fresh = ProcedureTask.objects.visible_to(user).for_list().get(pk=task.pk)  # type: ignore[attr-defined]
    shown = showing.show_tasks([fresh], user)[0]
    again = showing.show_task(
        fresh, user, shown.card, may_open=shown.may_open, may_do=shown.may_do, typed=request.POST, faults=error.fields
    )
    context = {
        "page": Page([fresh], None, None),
        "tasks": [again],
        "tab": TABS["mine"],
        "tabs": [tab for tab in TABS.values() if user.has_perm(tab.codename)],
        "fault": error.message,
        "departments": showing.departments() if user.has_perm("core.supervise_proceduretask") else [],
        "own": [],
    }
    return render(request, "workbench/procedures/tasks.html", context, status=error.status)
