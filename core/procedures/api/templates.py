"""/api/v1/procedures/, /departments/ and /duties/"""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.api.viewsets import KeanViewSet, WriteViewSet
from core.procedures.api import serializers as shapes
from core.procedures.models import Department, Duty, Procedure, ProcedureVersion
from core.procedures.services import departments, templates
from core.versions.api import VERSION_PEOPLE, VersionedViewSet, rights, version_schemas

_STEPS = [
    {
        "key": "check",
        "title": "核对",
        "department": "service",
        "due": {"seconds": 7200, "clock": "natural"},
        "checklist": [{"key": "order", "text": "订单已核对", "required": True}],
        "proof": [{"key": "amount", "label": "应退金额", "kind": "money", "required": True}],
    },
    {"key": "pay", "title": "退款", "department": "finance", "due": {"seconds": 86400, "clock": "working"}},
]
CREATE = example("退款流程", {"key": "refund-fast", "title": "快速退款", "steps": _STEPS}, request_only=True)
DRAFT = example("第二版", {"steps": _STEPS, "note": "缩短时限"}, request_only=True)
DEPARTMENT = example("质检部", {"key": "quality", "name": "质检", "members": []}, request_only=True)
DUTY = example(
    "质量问题由产品部调查",
    {"procedure": "complaint", "category": "商品质量问题", "step": "investigate", "responsible": "product"},
    request_only=True,
)


@extend_schema_view(
    create=extend_schema(examples=[CREATE], request=shapes.ProcedureCreateSerializer),
    **version_schemas("procedures", shapes.ProcedureVersionSerializer, examples=[DRAFT]),
)
class ProcedureViewSet(VersionedViewSet):
    """流程模板：编写、审核、发布；进行中的实例保留开始时的版本。"""

    model = Procedure
    content = "steps"
    filterset_class: Any = None
    read_serializer_class = shapes.ProcedureSerializer
    version_serializer_class = shapes.ProcedureVersionSerializer
    serializer_classes = {
        "create": shapes.ProcedureCreateSerializer,
        "partial_update": shapes.ProcedureUpdateSerializer,
    }
    required_permissions = rights(Procedure, ProcedureVersion)

    def get_queryset(self) -> Any:
        people = (f"live_version__{role}" for role in VERSION_PEOPLE)
        return KeanViewSet.get_queryset(self).select_related("owner", "live_version", *people)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return mixins.ListModelMixin.list(self, request, *args, **kwargs)

    def create_item(self, data: dict[str, Any]) -> Procedure:
        return templates.create_procedure(actor=self.request.user, **data)

    def draft_first(self, item: Procedure, content: Any) -> None:
        templates.draft(procedure=item, actor=self.request.user, steps=content)

    def update_instance(self, instance: Any, serializer: Any) -> Procedure:
        return templates.update_procedure(
            procedure=instance, actor=self.request.user, changes=serializer.validated_data
        )


@extend_schema_view(create=extend_schema(examples=[DEPARTMENT]))
class DepartmentViewSet(WriteViewSet):
    """部门及其成员：流程的步骤和任务交给部门。"""

    queryset = Department.objects.select_related("head").prefetch_related("members")
    visible_to_all = True
    ordering = ("id",)
    read_serializer_class = shapes.DepartmentSerializer
    serializer_class = shapes.DepartmentWriteSerializer
    required_permissions = {
        "list": "core.view_department",
        "retrieve": "core.view_department",
        "create": "core.add_department",
        "partial_update": "core.change_department",
    }

    def create_instance(self, serializer: Any) -> Department:
        return self._save(None, dict(serializer.validated_data))

    def update_instance(self, instance: Any, serializer: Any) -> Department:
        return self._save(instance, dict(serializer.validated_data))

    def _save(self, department: Department | None, values: dict[str, Any]) -> Department:
        members = values.pop("members", None)
        saved = departments.save_department(
            department=department, actor=self.request.user, values=values, members=members
        )
        return self._all_rows().get(pk=saved.pk)  # type: ignore[no-any-return]


@extend_schema_view(create=extend_schema(examples=[DUTY]))
class DutyViewSet(WriteViewSet):
    """职责分工表（RACI）：从下一个开始的步骤起生效。"""

    queryset = Duty.objects.select_related("procedure", "responsible", "accountable")
    visible_to_all = True
    ordering = ("id",)
    serializer_class = shapes.DutySerializer
    required_permissions = {
        "list": "core.view_duty",
        "retrieve": "core.view_duty",
        "create": "core.add_duty",
        "partial_update": "core.change_duty",
    }

    def create_instance(self, serializer: Any) -> Duty:
        return templates.save_duty(duty=None, actor=self.request.user, values=dict(serializer.validated_data))

    def update_instance(self, instance: Any, serializer: Any) -> Duty:
        return templates.save_duty(duty=instance, actor=self.request.user, values=dict(serializer.validated_data))
