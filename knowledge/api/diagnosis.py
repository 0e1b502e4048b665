"""/api/v1/diagnosis-trees/"""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.versions.api import (
    VERSION_FIELDS,
    VersionedViewSet,
    VersionSerializer,
    VersionWriteSerializer,
    rights,
    version_schemas,
)
from core.versions.services import BODY_LIMIT
from knowledge.choices import DiagnosisOutcome
from knowledge.diagnosis import trees
from knowledge.diagnosis.tree import ANSWER_LENGTH, KEY_LENGTH, MOST_CHOICES, MOST_STEPS, TEXT_LENGTH
from knowledge.models import DiagnosisTree, DiagnosisTreeVersion

CREATE = example(
    "手机开不了机",
    {"key": "DX-PHONE", "title": "手机开不了机", "product": "SKU-88", "body": "适用：按电源键无反应、自动关机"},
    request_only=True,
)
DRAFT = example(
    "两步",
    {
        "body": "适用：按电源键无反应、自动关机",
        "steps": [
            {
                "key": "1",
                "text": "充电 30 分钟后能开机吗？",
                "choices": [{"answer": "能", "to": "2"}, {"answer": "不能", "to": "3"}],
            },
            {"key": "2", "text": "电量耗尽，正常使用即可", "outcome": "solved"},
            {"key": "3", "text": "主板或电池故障", "outcome": "repair"},
        ],
    },
    request_only=True,
)


class DiagnosisChoiceSerializer(StrictSerializer):
    answer = CleanCharField(max_length=ANSWER_LENGTH)
    to = CleanCharField(max_length=KEY_LENGTH)


class DiagnosisStepSerializer(StrictSerializer):
    """一步：提问写 choices（回答与转到的步骤），结论写 outcome。"""

    key = CleanCharField(max_length=KEY_LENGTH)
    text = CleanCharField(max_length=TEXT_LENGTH)
    choices = serializers.ListField(child=DiagnosisChoiceSerializer(), required=False, max_length=MOST_CHOICES)
    outcome = serializers.ChoiceField(choices=DiagnosisOutcome.choices, required=False)


class DiagnosisTreeWriteSerializer(VersionWriteSerializer):
    """新版本：body 写适用的故障，第一步为起点。草稿可以不完整，提交时须走得通。"""

    steps = serializers.ListField(child=DiagnosisStepSerializer(), required=False, max_length=MOST_STEPS)


class DiagnosisTreeVersionSerializer(VersionSerializer):
    steps = serializers.ListField(child=DiagnosisStepSerializer(), read_only=True)
    write_serializer_class = DiagnosisTreeWriteSerializer

    class Meta:
        model = DiagnosisTreeVersion
        fields = [*VERSION_FIELDS, "steps"]
        read_only_fields = fields


class DiagnosisTreeSerializer(StrictModelSerializer):
    """故障诊断。`live_version` 是当前使用的版本，没有则为 null。"""

    owner = PersonSerializer(read_only=True, allow_null=True)
    live_version = DiagnosisTreeVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = DiagnosisTree
        fields = ["id", "key", "title", "product", "owner", "live_version", "created_at", "updated_at"]
        read_only_fields = fields


class DiagnosisTreeUpdateSerializer(StrictSerializer):
    title = CleanCharField(max_length=200)
    product = CleanCharField(max_length=100, required=False, allow_blank=True)


class DiagnosisTreeCreateSerializer(DiagnosisTreeUpdateSerializer):
    """新的故障诊断；带 body 时同时建立第一份草稿。"""

    key = CleanCharField(max_length=100)
    body = CleanCharField(max_length=BODY_LIMIT, required=False, multiline=True)


class DiagnosisTreeFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_words", max_length=100, label=_("编号或标题里的词"))
    product = django_filters.CharFilter(max_length=100)
    live = django_filters.BooleanFilter(method="by_live", label=_("当前可用"))

    class Meta:
        model = DiagnosisTree
        fields: list[str] = []

    def by_words(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(Q(key__icontains=value) | Q(title__icontains=value))

    def by_live(self, rows: Any, name: str, value: bool) -> Any:
        return rows.live() if value else rows.exclude(pk__in=DiagnosisTree.objects.live().values("pk"))


@extend_schema_view(
    create=extend_schema(examples=[CREATE]),
    **version_schemas("diagnosis_trees", DiagnosisTreeVersionSerializer, examples=[DRAFT]),
)
class DiagnosisTreeViewSet(VersionedViewSet):
    """故障诊断：编写、审核、发布。走不通的不能提交：有死路、绕圈或走不到的步骤，回答会指明步骤。"""

    model = DiagnosisTree
    filterset_class = DiagnosisTreeFilter
    read_serializer_class = DiagnosisTreeSerializer
    version_serializer_class = DiagnosisTreeVersionSerializer
    serializer_classes = {"create": DiagnosisTreeCreateSerializer, "partial_update": DiagnosisTreeUpdateSerializer}
    required_permissions = rights(DiagnosisTree, DiagnosisTreeVersion)

    def create_item(self, data: dict[str, Any]) -> DiagnosisTree:
        return trees.create_tree(actor=self.request.user, **data)

    def update_instance(self, instance: Any, serializer: Any) -> DiagnosisTree:
        return trees.update_tree(tree=instance, actor=self.request.user, changes=serializer.validated_data)
