"""Who may do what with runs and tasks."""

from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotAllowed
from core.procedures import registry
from core.procedures.models import Department, ProcedureRun, ProcedureTask


def sees_subject(run: ProcedureRun, user: Any) -> bool:
    """Whether the person may look at what the run is about."""
    if not user.has_perm(run.kind.codename):
        return False
    return bool(user.sees_everything) or ProcedureRun.objects.filter(run.kind.sight(user), pk=run.pk).exists()


def belongs_to(user: Any, department: Department) -> bool:
    """Whether the person is of the department. One query for all departments, kept on the person."""
    if not hasattr(user, "_department_ids"):
        user._department_ids = frozenset(Department.objects.filter(members=user).values_list("pk", flat=True))
    return department.pk in user._department_ids


def may_do(task: ProcedureTask, user: Any) -> bool:
    """Whether the person may finish the task: it is theirs, their department's, or a thing of the desk they see."""
    if not user.has_perm("core.complete_proceduretask"):
        return False
    if task.assignee_id == user.pk or belongs_to(user, task.department):
        return True
    is_desk = task.department.key == registry.HOME or user.has_perm("core.supervise_proceduretask")
    return is_desk and sees_subject(task.run, user)


def may_steer(run: ProcedureRun, user: Any) -> bool:
    """Whether the person may pass its tasks on and send steps back: who has the subject in hand, or supervises."""
    if not user.has_perm("core.change_procedurerun"):
        return False
    return run.owner_id == user.pk or sees_subject(run, user)


def require_may_do(task: ProcedureTask, user: Any) -> None:
    if not may_do(task, user):
        raise NotAllowed(_("这是%(department)s的任务，您不能处理。") % {"department": task.department.name})


def require_may_steer(run: ProcedureRun, user: Any) -> None:
    if not may_steer(run, user):
        raise NotAllowed(_("您没有调整这个流程的权限。"))
