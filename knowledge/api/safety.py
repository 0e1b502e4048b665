"""/api/v1/safety-sheets/ and /api/v1/safety-terms/"""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import WriteViewSet
from core.versions.api import (
    VERSION_FIELDS,
    VersionedViewSet,
    VersionSerializer,
    VersionWriteSerializer,
    rights,
    version_schemas,
)
from core.versions.importing import ImportReport
from knowledge.choices import SafetyTermKind
from knowledge.models import SafetySheet, SafetySheetVersion, SafetyTerm
from knowledge.models.safety import SHEET_TEXTS, SOURCE_LENGTH, TEXT_LENGTH
from knowledge.safety import sheets
from knowledge.safety.terms import save_term

CREATE = example("坚果酥", {"sku": "SNACK-01", "title": "每日坚果酥 200g"}, request_only=True)
DRAFT = example(
    "第一版",
    {
        "body": "小麦粉、花生、白砂糖、植物油",
        "allergens": "花生、麸质",
        "contraindications": "花生过敏者禁食",
        "suitable_for": "三岁以上",
        "source": "检测报告 SN-2026-118",
        "valid_from": "2026-11-01T00:00:00+08:00",
    },
    request_only=True,
)
TERM = example("本店常用说法", {"kind": "claim", "text": "敏宝也能用"}, request_only=True)


class SafetySheetWriteSerializer(VersionWriteSerializer):
    """新版本：body 写成分。"""

    allergens = CleanCharField(max_length=TEXT_LENGTH, multiline=True)
    contraindications = CleanCharField(max_length=TEXT_LENGTH, multiline=True, required=False, allow_blank=True)
    suitable_for = CleanCharField(max_length=TEXT_LENGTH, multiline=True, required=False, allow_blank=True)
    source = CleanCharField(max_length=SOURCE_LENGTH)


class SafetySheetVersionSerializer(VersionSerializer):
    write_serializer_class = SafetySheetWriteSerializer

    class Meta:
        model = SafetySheetVersion
        fields = [*VERSION_FIELDS, *SHEET_TEXTS, "source"]
        read_only_fields = fields


class SafetySheetSerializer(StrictModelSerializer):
    """产品安全资料，按商品编码。`live_version` 是当前使用的版本，没有则为 null。"""

    sku = serializers.CharField(source="key", read_only=True)
    owner = PersonSerializer(read_only=True, allow_null=True)
    live_version = SafetySheetVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = SafetySheet
        fields = ["id", "sku", "title", "owner", "live_version", "created_at", "updated_at"]
        read_only_fields = fields


class SafetySheetUpdateSerializer(StrictSerializer):
    title = CleanCharField(max_length=sheets.TITLE_LENGTH)


class SafetySheetCreateSerializer(SafetySheetUpdateSerializer):
    """新的安全资料；内容用 versions 写。"""

    sku = CleanCharField(max_length=sheets.SKU_LENGTH)


class SafetyFileSerializer(StrictSerializer):
    file = serializers.FileField(help_text=_("CSV、XLSX 或 JSONL，列名见 docs"))


class SafetyImportErrorSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    reason = serializers.CharField()


class SafetyImportSerializer(serializers.Serializer):
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    lines_refused = SafetyImportErrorSerializer(many=True)


class SafetySheetFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_words", max_length=100, label=_("商品编码或名称里的词"))
    sku = django_filters.CharFilter(field_name="key", max_length=100)
    live = django_filters.BooleanFilter(method="by_live", label=_("当前可用"))

    class Meta:
        model = SafetySheet
        fields: list[str] = []

    def by_words(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(Q(key__icontains=value) | Q(title__icontains=value))

    def by_live(self, rows: Any, name: str, value: bool) -> Any:
        return rows.live() if value else rows.exclude(pk__in=SafetySheet.objects.live().values("pk"))


@extend_schema_view(
    create=extend_schema(examples=[CREATE]),
    **version_schemas("safety_sheets", SafetySheetVersionSerializer, examples=[DRAFT]),
)
class SafetySheetViewSet(VersionedViewSet):
    """产品安全资料：成分、过敏原、禁忌、适用人群、来源文件；编写、审核、发布、导入。"""

    model = SafetySheet
    filterset_class = SafetySheetFilter
    read_serializer_class = SafetySheetSerializer
    version_serializer_class = SafetySheetVersionSerializer
    serializer_classes = {
        "create": SafetySheetCreateSerializer,
        "partial_update": SafetySheetUpdateSerializer,
        "bring_in": SafetyFileSerializer,
    }
    required_permissions = rights(SafetySheet, SafetySheetVersion) | {"bring_in": "knowledge.add_safetysheet"}

    def create_item(self, data: dict[str, Any]) -> SafetySheet:
        return sheets.create_sheet(actor=self.request.user, key=data.pop("sku"), **data)

    def update_instance(self, instance: Any, serializer: Any) -> SafetySheet:
        return sheets.update_sheet(sheet=instance, actor=self.request.user, changes=serializer.validated_data)

    @extend_schema(request=SafetyFileSerializer, responses=SafetyImportSerializer)
    @action(
        detail=False,
        methods=["post"],
        url_path="import",
        parser_classes=[MultiPartParser],
        filterset_class=None,
        pagination_class=None,
    )
    def bring_in(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """从文件导入为草稿，等待审核；有误的行逐行说明，其余照常导入。"""
        report = sheets.import_file(upload=self.validated()["file"], actor=request.user)
        return Response(shown_report(report))


def shown_report(report: ImportReport) -> dict[str, Any]:
    """What an import did, as JSON."""
    refused = [{"line": line, "reason": reason} for line, reason in report.errors]
    counts = {"created": report.created, "changed": report.changed, "unchanged": report.unchanged}
    return SafetyImportSerializer({**counts, "lines_refused": refused}).data  # type: ignore[return-value]


class SafetyTermSerializer(StrictModelSerializer):
    """安全用语。停用一个与内置词相同的用语，该内置词不再生效。"""

    kind = serializers.ChoiceField(choices=SafetyTermKind.choices)
    text = CleanCharField(max_length=30)

    class Meta:
        model = SafetyTerm
        fields = ["id", "kind", "text", "is_active", "updated_at"]
        read_only_fields = ["updated_at"]
        validators: list[Any] = []  # the service refuses doubles, after folding


@extend_schema_view(create=extend_schema(examples=[TERM]))
class SafetyTermViewSet(WriteViewSet):
    """安全用语：客户提到时显示安全资料的词、须确认的承诺、不算承诺的说法。"""

    model = SafetyTerm
    visible_to_all = True
    serializer_class = SafetyTermSerializer
    required_permissions = {
        "list": "knowledge.view_safetyterm",
        "retrieve": "knowledge.view_safetyterm",
        "create": "knowledge.add_safetyterm",
        "partial_update": "knowledge.change_safetyterm",
    }

    def create_instance(self, serializer: Any) -> SafetyTerm:
        return save_term(term=None, actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: Any, serializer: Any) -> SafetyTerm:
        return save_term(term=instance, actor=self.request.user, values=serializer.validated_data)
