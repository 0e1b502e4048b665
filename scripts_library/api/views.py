"""Scripts over HTTP: thin views over the services."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.versions.api import VersionedViewSet, rights, version_schemas
from scripts_library import services
from scripts_library.api.filters import ScriptFilter
from scripts_library.api.serializers import (
    PlaceholderSerializer,
    RenderedSerializer,
    RenderSerializer,
    ScriptCreateSerializer,
    ScriptSerializer,
    ScriptUpdateSerializer,
    ScriptVersionSerializer,
)
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.placeholders import PLACEHOLDERS
from scripts_library.rendering import render_script
from scripts_library.suggestion import SCRIPTS

CREATE = example(
    "退款进度",
    {"key": "REFUND-01", "title": "退款到账时间", "kind": "professional", "topic": "退款"},
    request_only=True,
)
DRAFT = example(
    "第一版",
    {
        "body": "{{customer_name}}您好，订单 {{order_no}} 的退款将在 {{refund_days}} 个工作日内原路退回。",
        "note": "首版",
    },
    request_only=True,
)
RENDERED = example(
    "已填写",
    {"text": "陈女士您好，订单 TB20261118001 已为您催办。", "missing": [], "version": 7, "number": 2},
    status="200",
)


@extend_schema_view(
    create=extend_schema(examples=[CREATE]),
    **version_schemas("scripts", ScriptVersionSerializer, examples=[DRAFT]),
)
class ScriptViewSet(VersionedViewSet):
    """话术：编写、审核、发布、检索，以及按工单填写。"""

    model = ScriptTemplate
    corpus = SCRIPTS
    filterset_class = ScriptFilter
    read_serializer_class = ScriptSerializer
    version_serializer_class = ScriptVersionSerializer
    serializer_classes = {
        "create": ScriptCreateSerializer,
        "partial_update": ScriptUpdateSerializer,
        "render_text": RenderSerializer,
    }
    required_permissions = rights(ScriptTemplate, ScriptVersion) | {
        "render_text": "scripts_library.render_scripttemplate",
        "placeholders": "scripts_library.view_scripttemplate",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("shop")

    def create_item(self, data: dict[str, Any]) -> ScriptTemplate:
        return services.create_script(actor=self.request.user, **data)

    def update_instance(self, instance: Any, serializer: Any) -> ScriptTemplate:
        changes = serializer.validated_data
        return services.update_script(script=instance, actor=self.request.user, changes=changes)

    @extend_schema(request=RenderSerializer, responses=RenderedSerializer, examples=[RENDERED])
    @action(detail=True, methods=["post"], url_path="render")
    def render_text(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """用工单的信息填写当前版本。"""
        script = self.get_object()
        ticket = self.validated()["ticket"]
        version, rendered = render_script(script=script, ticket=ticket, actor=request.user)
        return Response(
            {"text": rendered.text, "missing": rendered.missing, "version": version.pk, "number": version.number}
        )

    @extend_schema(responses=PlaceholderSerializer(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def placeholders(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """可用的占位符。"""
        rows = [{"name": name, "label": str(label)} for name, label in PLACEHOLDERS.items()]
        return Response(PlaceholderSerializer(rows, many=True).data)
