"""Writing templates: identities, drafts, and who answers for their steps. The verbs of versions are core.versions'."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from core.procedures import registry, template, writing
from core.procedures.models import Department, Duty, Procedure, ProcedureVersion
from core.procedures.services.departments import ensure_departments, unknown_keys
from core.versions import services as versions
from core.versions.choices import Origin, VersionStatus


def create_procedure(*, actor: Any, key: str, title: str, **columns: Any) -> Procedure:
    """A new procedure without steps; add them with `draft`."""
    _check_subject(columns.get("subject_type", "ticket"))
    made: Procedure = versions.create_item(model=Procedure, actor=actor, scope={}, key=key, title=title, **columns)
    return made


def update_procedure(*, procedure: Procedure, actor: Any, changes: Mapping[str, Any]) -> Procedure:
    """Change title, calendar or owner of the identity."""
    changed: Procedure = versions.update_item(item=procedure, actor=actor, changes=changes)
    return changed


def _check_subject(subject_type: str) -> None:
    if subject_type not in registry.kinds:
        sentence = _("没有这种适用对象。")
        raise InvalidInput(sentence, fields={"subject_type": [sentence]})


def words_of(steps: Any) -> str:
    """The steps in words, which the history compares; "—" when they are wrong (the check names the fault)."""
    names = {row.key: row.name for row in ensure_departments().values()}
    fields = registry.condition_fields()
    if template.problems(steps, departments=names, fields=fields):
        return "—"
    return writing.described(steps, names, fields)


def draft(*, procedure: Procedure, actor: Any, steps: Any, **columns: Any) -> ProcedureVersion:
    """The next version as a draft. Raises InvalidInput that names the step at fault."""
    made: Any = versions.draft_version(item=procedure, actor=actor, body=words_of(steps), steps=steps, **columns)
    return made  # type: ignore[no-any-return]


def edit(*, version: ProcedureVersion, actor: Any, changes: Mapping[str, Any]) -> ProcedureVersion:
    """Change a draft; its words follow its steps."""
    more = {"body": words_of(changes["steps"])} if "steps" in changes else {}
    changed: Any = versions.edit_draft(version=version, actor=actor, changes={**changes, **more})
    return changed  # type: ignore[no-any-return]


@transaction.atomic
def install(
    *,
    key: str,
    title: str,
    steps: list[dict[str, Any]],
    duties: Sequence[Mapping[str, Any]] = (),
    subject: str = "ticket",
) -> Procedure:
    """A built-in procedure: made and published once, then the shop's own to change."""
    known = Procedure.objects.filter(key=key).first()
    if known is not None:
        return known
    departments = ensure_departments()
    procedure = Procedure.objects.create(key=key, title=title, subject_type=subject)
    version = ProcedureVersion(
        item=procedure,
        number=1,
        title=title,
        body=words_of(steps),
        steps=steps,
        status=VersionStatus.PUBLISHED,
        origin=Origin.IMPORTED,
        published_at=clock.now(),
    )
    versions.check_words(version)
    version.save()
    versions.set_live(version)
    for line in duties:
        _add_duty(procedure, line, departments)
    record_event(
        kind="procedure.installed", subject_type="procedure", subject_id=procedure.pk, actor=None, payload={"key": key}
    )
    return procedure


def _add_duty(procedure: Procedure, line: Mapping[str, Any], departments: Mapping[str, Department]) -> None:
    Duty.objects.create(
        procedure=procedure,
        category=line.get("category", ""),
        step=line["step"],
        responsible=departments[line["responsible"]],
        accountable=departments.get(line.get("accountable", "")),
        consulted=list(line.get("consulted", ())),
        informed=list(line.get("informed", ())),
    )


@transaction.atomic
def save_duty(*, duty: Duty | None, actor: Any, values: dict[str, Any]) -> Duty:
    """Make or change a line of the RACI table. It holds for steps that begin from now on."""
    verb = "add" if duty is None else "change"
    if not actor.has_perm(f"core.{verb}_duty"):
        raise NotAllowed(_("您没有维护职责分工的权限。"))
    duty = duty or Duty()
    for name, value in values.items():
        setattr(duty, name, value)
    _check_duty(duty)
    duty.save()
    record_event(
        kind="duty.saved",
        subject_type="procedure",
        subject_id=duty.procedure_id,
        actor=actor,
        payload={"category": duty.category, "step": duty.step, "responsible": duty.responsible.key},
    )
    return duty


def _check_duty(duty: Duty) -> None:
    live = duty.procedure.live_version
    if live is not None and duty.step not in {step.key for step in live.plan}:
        sentence = _("流程“%(title)s”没有步骤“%(step)s”。") % {"title": duty.procedure.title, "step": duty.step}
        raise InvalidInput(sentence, fields={"step": [sentence]})
    unknown = unknown_keys([*duty.consulted, *duty.informed])
    if unknown:
        sentence = _("没有部门“%(key)s”。") % {"key": unknown[0]}
        name = "consulted" if unknown[0] in duty.consulted else "informed"
        raise InvalidInput(sentence, fields={name: [sentence]})
    same = Duty.objects.filter(procedure=duty.procedure, category=duty.category, step=duty.step).exclude(pk=duty.pk)
    if same.exists():
        sentence = _("这个分类的这一步已有分工。")
        raise InvalidInput(sentence, code="duplicate", fields={"step": [sentence]})


def duty_for(procedure: Procedure, category: str, step: str) -> Duty | None:
    """The line for the category, else the line for all others."""
    rows = Duty.objects.filter(procedure=procedure, step=step, category__in=["", category])
    return rows.select_related("responsible", "accountable").order_by("-category").first()
