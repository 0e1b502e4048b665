"""Shapes of procedures, runs and tasks over HTTP."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.calendars.models import BusinessCalendar
from core.language import mask_text
from core.procedures import proofs, registry
from core.procedures.choices import ProofKind
from core.procedures.models import (
    Department,
    Duty,
    Procedure,
    ProcedureRun,
    ProcedureStep,
    ProcedureTask,
    ProcedureVersion,
)
from core.procedures.services import templates
from core.procedures.template import Proof, Step
from core.versions.api import VERSION_FIELDS, VersionSerializer, VersionWriteSerializer

_STEPS = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
_OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field(_STEPS)
class StepsField(serializers.JSONField):
    """The steps of a version; what is wrong with them is said by the version."""


@extend_schema_field(_OBJECT)
class ObjectField(serializers.JSONField):
    """Values by key."""

    default_error_messages = {"object": gettext_lazy("请提交一个 JSON 对象。")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            self.fail("object")
        return dict(value)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "boolean"}})
class TicksField(ObjectField):
    """Lines of the checklist, each done or not."""

    default_error_messages = {"switch": gettext_lazy("每一项须为 true 或 false。")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value = super().to_internal_value(data)
        if not all(isinstance(one, bool) for one in value.values()):
            self.fail("switch")
        return value


class DepartmentField(serializers.SlugRelatedField):  # type: ignore[type-arg]
    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("read_only"):
            kwargs["queryset"] = Department.objects.filter(is_active=True)
        super().__init__(slug_field="key", **kwargs)


class DepartmentSerializer(StrictModelSerializer):
    """部门与成员。"""

    head = PersonSerializer(allow_null=True)
    members = PersonSerializer(many=True)

    class Meta:
        model = Department
        fields = ["id", "key", "name", "head", "members", "is_active"]


class DepartmentWriteSerializer(StrictModelSerializer):
    """部门：编号建立后不能修改。"""

    class Meta:
        model = Department
        fields = ["key", "name", "head", "members", "is_active"]


class DutySerializer(StrictModelSerializer):
    """职责分工（RACI）：某分类的某一步由谁执行、负责、咨询、知会；分类留空适用于其余分类。"""

    procedure = serializers.SlugRelatedField(slug_field="key", queryset=Procedure.objects.all())
    category = CleanCharField(max_length=100, required=False, allow_blank=True)
    step = CleanCharField(max_length=40)
    responsible = DepartmentField()
    accountable = DepartmentField(required=False, allow_null=True)
    consulted = serializers.ListField(child=CleanCharField(max_length=40), required=False, max_length=20)
    informed = serializers.ListField(child=CleanCharField(max_length=40), required=False, max_length=20)

    class Meta:
        model = Duty
        fields = ["id", "procedure", "category", "step", "responsible", "accountable", "consulted", "informed"]
        validators: list[Any] = []


class ProcedureVersionWriteSerializer(VersionWriteSerializer):
    """流程步骤。每一步：key、title、department、due {seconds, clock}、checklist、proof、tasks。

    另有 when（进入条件）、leave（离开条件）、auto（满足条件时自动完成）和 public（客户看到的名称）。
    """

    body = None  # type: ignore[assignment]
    steps = StepsField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | {"body": templates.words_of(attrs["steps"])} if "steps" in attrs else attrs


class ProcedureVersionSerializer(VersionSerializer):
    """`body` 是步骤的文字说明，用于阅读和比较。"""

    write_serializer_class = ProcedureVersionWriteSerializer
    steps = StepsField(read_only=True)

    class Meta:
        model = ProcedureVersion
        fields = [*VERSION_FIELDS, "steps"]
        read_only_fields = fields


class ProcedureSerializer(StrictModelSerializer):
    """流程模板。`live_version` 是当前使用的版本；进行中的实例保留开始时的版本。"""

    owner = PersonSerializer(allow_null=True)
    live_version = ProcedureVersionSerializer(allow_null=True)

    class Meta:
        model = Procedure
        fields = [
            "id", "key", "title", "subject_type", "calendar", "owner", "live_version", "created_at", "updated_at",
        ]  # fmt: skip


class ProcedureUpdateSerializer(StrictSerializer):
    title = CleanCharField(max_length=200)
    calendar = serializers.PrimaryKeyRelatedField(
        queryset=BusinessCalendar.objects.all(), required=False, allow_null=True
    )


class ProcedureCreateSerializer(ProcedureUpdateSerializer):
    """新流程。带 steps 时同时建立第一份草稿。"""

    key = CleanCharField(max_length=100)
    subject_type = CleanCharField(max_length=40, required=False)
    steps = StepsField(required=False)


class ProofSerializer(serializers.Serializer):
    """一项凭证：要求与已提交的值。"""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=ProofKind.choices)
    required = serializers.BooleanField()  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    value = serializers.JSONField(allow_null=True)


class ItemSerializer(serializers.Serializer):
    key = serializers.CharField()
    text = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    done = serializers.BooleanField()


class SubjectSerializer(serializers.Serializer):
    type = serializers.CharField()
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)


def _proof_rows(specs: tuple[Proof, ...], stored: str, *, masked: bool) -> list[dict[str, Any]]:
    values = proofs.unpacked(stored)
    if masked:
        values = {key: mask_text(value) if isinstance(value, str) else value for key, value in values.items()}
    return [
        {
            "key": spec.key,
            "label": spec.label,
            "kind": spec.kind,
            "required": spec.required,
            "choices": [list(pair) for pair in spec.choices],
            "value": values.get(spec.key),
        }
        for spec in specs
    ]


class TaskSerializer(serializers.ModelSerializer):
    """部门任务。`is_main` 的任务就是步骤本身：完成它即完成这一步。"""

    run = serializers.IntegerField(source="run_id")
    procedure = serializers.CharField(source="run.procedure.key")
    subject = serializers.SerializerMethodField()
    step = serializers.CharField(source="step.key")
    department = serializers.CharField(source="department.key")
    origin = serializers.CharField(source="origin.key", allow_null=True, default=None)
    assignee = PersonSerializer(allow_null=True)
    done_by = PersonSerializer(allow_null=True)
    proof = serializers.SerializerMethodField()

    class Meta:
        model = ProcedureTask
        fields = (
            "id", "run", "procedure", "subject", "step", "key", "title", "is_main", "department", "origin", "assignee",
            "state", "due_at", "created_at", "done_at", "done_by", "proof", "return_count", "unstaffed_at",
            "overdue_at",
        )  # fmt: skip

    @extend_schema_field(SubjectSerializer)
    def get_subject(self, task: ProcedureTask) -> dict[str, Any]:
        return subject_of(task.run, self.context)

    @extend_schema_field(ProofSerializer(many=True))
    def get_proof(self, task: ProcedureTask) -> list[dict[str, Any]]:
        # The main task's proof is the step's.
        stored = task.step.proof if task.is_main else task.proof
        return _proof_rows(task.spec.proof, stored, masked=self.context["request"].user.is_auditor)


def subject_of(run: ProcedureRun, context: dict[str, Any]) -> dict[str, Any]:
    """The subject with its number; the cards of a page are read together by the view."""
    cards = context.get("cards")
    if cards is None:
        card = run.kind.cards([run.subject_id]).get(run.subject_id)
    else:
        card = cards.get((run.subject_type, run.subject_id))
    return {"type": run.subject_type, "id": run.subject_id, "number": card.number if card else None}


class ProcedureStepSerializer(serializers.ModelSerializer):
    """实例中的一步：检查项、凭证、任务，以及离开前还缺什么。"""

    department = serializers.CharField(source="department.key")
    done_by = PersonSerializer(allow_null=True)
    instructions = serializers.SerializerMethodField()
    checklist = serializers.SerializerMethodField()
    proof = serializers.SerializerMethodField()

    class Meta:
        model = ProcedureStep
        fields = (
            "key", "title", "department", "state", "entered_at", "due_at", "done_at", "done_by", "instructions",
            "checklist", "proof",
        )  # fmt: skip

    def _plan(self, row: ProcedureStep) -> Step:
        return next(step for step in row.run.version.plan if step.key == row.key)

    def get_instructions(self, row: ProcedureStep) -> str:
        return self._plan(row).instructions

    @extend_schema_field(ItemSerializer(many=True))
    def get_checklist(self, row: ProcedureStep) -> list[dict[str, Any]]:
        return [
            {"key": item.key, "text": item.text, "required": item.required, "done": item.key in row.ticked}
            for item in self._plan(row).checklist
        ]

    @extend_schema_field(ProofSerializer(many=True))
    def get_proof(self, row: ProcedureStep) -> list[dict[str, Any]]:
        return _proof_rows(self._plan(row).proof, row.proof, masked=self.context["request"].user.is_auditor)


class RunSerializer(serializers.ModelSerializer):
    """一次流程：负责人唯一（人，或没有人时的部门），下一时限唯一。"""

    procedure = serializers.CharField(source="procedure.key")
    version = serializers.IntegerField(source="version.number")
    subject = serializers.SerializerMethodField()
    owner = PersonSerializer(allow_null=True)
    department = serializers.CharField(source="department.key")
    data = ObjectField()

    class Meta:
        model = ProcedureRun
        fields: tuple[str, ...] = (
            "id", "procedure", "version", "subject", "category", "state", "step", "owner", "department",
            "next_due_at", "return_count", "data", "started_at", "ended_at", "end_reason",
        )  # fmt: skip

    @extend_schema_field(SubjectSerializer)
    def get_subject(self, run: ProcedureRun) -> dict[str, Any]:
        return subject_of(run, self.context)


class RunDetailSerializer(RunSerializer):
    """流程实例及其步骤和任务。"""

    steps = serializers.SerializerMethodField()
    tasks = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "steps", "tasks")

    @extend_schema_field(ProcedureStepSerializer(many=True))
    def get_steps(self, run: ProcedureRun) -> Any:
        rows = list(run.steps.select_related("department", "done_by"))
        for row in rows:
            row.run = run
        return ProcedureStepSerializer(rows, many=True, context=self.context).data

    @extend_schema_field(TaskSerializer(many=True))
    def get_tasks(self, run: ProcedureRun) -> Any:
        rows: Any = run.tasks
        found = list(rows.all().for_list().order_by("id"))
        return TaskSerializer(found, many=True, context=self.context).data


class RunCreateSerializer(StrictSerializer):
    """启动流程：流程的 key，对象的编号（例如工单号）。"""

    procedure = serializers.SlugRelatedField(
        slug_field="key", queryset=Procedure.objects.select_related("live_version")
    )
    subject = CleanCharField(max_length=40)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = registry.kinds.get(attrs["procedure"].subject_type)
        found = kind.find(self.context["request"].user, attrs["subject"]) if kind is not None else None
        if found is None:
            raise serializers.ValidationError({"subject": [_("没有这个对象，或您无权查看。")]})
        return {"procedure": attrs["procedure"], "subject_id": found}


class TickSerializer(StrictSerializer):
    items = TicksField()


class WorkSerializer(StrictSerializer):
    """凭证按 key 填写；items 是同时勾选的检查项。"""

    proof = ObjectField(required=False)
    items = TicksField(required=False)


class TaskReasonSerializer(StrictSerializer):
    reason = CleanCharField(max_length=300, multiline=True)


class SendBackSerializer(TaskReasonSerializer):
    step = CleanCharField(max_length=40)


class PassSerializer(TaskReasonSerializer):
    department = DepartmentField()
