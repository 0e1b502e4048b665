"""Which runs and tasks, and who sees them."""

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from core.procedures import registry


def own_departments(user: Any) -> Any:
    """Ids of the departments a person belongs to."""
    return apps.get_model("core", "Department").objects.filter(members=user, is_active=True).values("pk")


def _sight(user: Any) -> Q:
    """Runs about subjects the person sees."""
    condition = Q(pk__in=[])
    for kind in registry.kinds.values():
        if user.has_perm(kind.codename):
            condition |= Q(subject_type=kind.key) & kind.sight(user)
    return condition


class RunQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "RunQuerySet":
        """Runs about what the person sees, and those that gave their department something to do."""
        if not user.is_active or not user.has_perm("core.view_procedurerun"):
            return self.none()
        if user.sees_everything:
            return self.all()
        tasks = apps.get_model("core", "ProcedureTask").objects.filter(run=models.OuterRef("pk"))
        at_work = models.Exists(tasks.filter(Q(department__in=own_departments(user)) | Q(assignee=user)))
        return self.filter(_sight(user) | at_work)

    def running(self) -> "RunQuerySet":
        return self.filter(state="running")

    def about(self, subject_type: str, subject_id: int) -> "RunQuerySet":
        return self.filter(subject_type=subject_type, subject_id=subject_id)

    def for_list(self) -> "RunQuerySet":
        """With what a row shows."""
        return self.select_related("procedure", "version", "owner", "department")


class TaskQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "TaskQuerySet":
        """Tasks of one's departments, one's own, and those about what one sees."""
        if not user.is_active or not user.has_perm("core.view_proceduretask"):
            return self.none()
        if user.sees_everything:
            return self.all()
        runs = apps.get_model("core", "ProcedureRun").objects.filter(pk=models.OuterRef("run"))
        return self.filter(
            Q(department__in=own_departments(user)) | Q(assignee=user) | models.Exists(runs.filter(_sight(user)))
        )

    def open(self) -> "TaskQuerySet":
        return self.filter(state="open")

    def of_departments(self, user: Any) -> "TaskQuerySet":
        """What waits for the person: of their departments, or given to them by name."""
        return self.filter(Q(department__in=own_departments(user)) | Q(assignee=user))

    def for_list(self) -> "TaskQuerySet":
        return self.select_related(
            "department", "origin", "assignee", "done_by", "step", "run__procedure", "run__version"
        )
