"""Departments: who belongs to them, and whether anybody does."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from core.procedures import registry
from core.procedures.choices import TaskState
from core.procedures.models import Department, ProcedureTask

#: The departments a service desk works with, by key; the first owns what customers bring.
BUILT_IN = (
    (registry.HOME, "客服"),
    ("product", "产品"),
    ("merchant", "商家"),
    ("logistics", "物流"),
    ("warehouse", "仓库"),
    ("finance", "财务"),
)


def ensure_departments() -> dict[str, Department]:
    """The departments by key; the built-in ones exist from the start."""
    found = {row.key: row for row in Department.objects.all()}
    missing = [Department(key=key, name=name) for key, name in BUILT_IN if key not in found]
    if missing:
        Department.objects.bulk_create(missing, ignore_conflicts=True)
        found = {row.key: row for row in Department.objects.all()}
    return found


@transaction.atomic
def save_department(
    *, department: Department | None, actor: Any, values: dict[str, Any], members: Sequence[Any] | None = None
) -> Department:
    """Make or change a department. Tasks that waited for somebody are told apart again."""
    verb = "add" if department is None else "change"
    if actor is not None and not actor.has_perm(f"core.{verb}_department"):
        raise NotAllowed(_("您没有维护部门的权限。"))
    if department is not None and values.get("key", department.key) != department.key:
        sentence = _("部门编号被流程引用，不能修改。")
        raise InvalidInput(sentence, fields={"key": [sentence]})
    department = department or Department()
    for name, value in values.items():
        setattr(department, name, value)
    clash = Department.objects.exclude(pk=department.pk)
    for name in ("key", "name"):
        if clash.filter(**{name: getattr(department, name)}).exists():
            sentence = _("该值已被占用。")
            raise InvalidInput(sentence, code="duplicate", fields={name: [sentence]})
    department.save()
    if members is not None:
        department.members.set(members)
    if is_staffed(department):
        waiting = ProcedureTask.objects.filter(department=department, state=TaskState.OPEN, unstaffed_at__isnull=False)
        waiting.update(unstaffed_at=None)
    record_event(
        kind="department.saved",
        subject_type="department",
        subject_id=department.pk,
        actor=actor,
        payload={"key": department.key, "members": sorted(department.members.values_list("pk", flat=True))},
    )
    return department


def is_staffed(department: Department) -> bool:
    """Whether anybody who still works here belongs to it."""
    return department.is_active and department.members.filter(is_active=True).exists()


def unknown_keys(keys: Collection[str]) -> list[str]:
    """Those that name no department."""
    known = set(Department.objects.filter(key__in=keys).values_list("key", flat=True))
    return sorted(set(keys) - known)
