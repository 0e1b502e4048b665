"""/api/v1/innovations/"""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.registers.api import (
    RECORD_FIELDS,
    RecordInputSerializer,
    RecordMoveSerializer,
    RecordSerializer,
    RegisterViewSet,
    register_rights,
)
from crm.insights.choices import InnovationKind, InnovationState
from crm.insights.innovations.services import KEEPER
from crm.insights.models import Innovation

ITEM = {
    "title": "退款进度自助查询",
    "kind": "technology",
    "details": "客户在聊天里自己查退款到哪一步。",
    "pilot": "天猫店聊天入口先开两周，与京东店对比。",
    "pilot_first": "2026-11-01",
    "pilot_last": "2026-11-14",
    "metric": "自助解决率（%）",
    "target": "40",
    "budget": "3000.00",
    "review_on": "2026-11-20",
}
RESULT = {"result": "46.5", "result_n": 318, "result_note": "与京东店相差 12 个百分点", "cost": "2650.00"}


class InnovationSerializer(RecordSerializer):
    """创新：想法、试点、指标、结果与样本数、花费、决定。金额为元。"""

    decided_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Innovation
        fields = (
            *RECORD_FIELDS, "kind", "pilot", "pilot_first", "pilot_last", "metric", "baseline", "target", "result",
            "result_n", "result_note", "budget", "cost", "decision_reason", "decided_by", "decided_at",
        )  # fmt: skip


def _figure() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=4, required=False, allow_null=True)


def _money() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, allow_null=True, help_text=lazy("元")
    )


class InnovationInputSerializer(RecordInputSerializer):
    """创新。决定（保持、停止、推广）用 transitions，须先有指标、结果、样本数和花费，并写明理由。"""

    kind = serializers.ChoiceField(choices=InnovationKind.choices, required=False)
    pilot = CleanCharField(max_length=2000, multiline=True, required=False, allow_blank=True)
    pilot_first = serializers.DateField(required=False, allow_null=True)
    pilot_last = serializers.DateField(required=False, allow_null=True)
    metric = CleanCharField(max_length=100, required=False, allow_blank=True)
    baseline, target, result = _figure(), _figure(), _figure()
    result_n = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True)
    result_note = CleanCharField(max_length=2000, multiline=True, required=False, allow_blank=True)
    budget, cost = _money(), _money()


class InnovationFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=InnovationState.choices)
    kind = django_filters.ChoiceFilter(choices=InnovationKind.choices)

    class Meta:
        model = Innovation
        fields: list[str] = []


@extend_schema_view(
    create=extend_schema(
        request=InnovationInputSerializer,
        responses={201: InnovationSerializer},
        examples=[example("想法与试点", ITEM, request_only=True)],
    ),
    partial_update=extend_schema(
        request=InnovationInputSerializer, examples=[example("试点结果", RESULT, request_only=True)]
    ),
    transitions=extend_schema(
        request=RecordMoveSerializer,
        responses=InnovationSerializer,
        examples=[example("推广", {"state": "scaled", "reason": "超过目标，花费在预算内"}, request_only=True)],
    ),
)
class InnovationViewSet(RegisterViewSet):
    """创新登记：没有结果、样本数和花费，不能决定保持、停止或推广。"""

    model = Innovation
    serializer_class = InnovationInputSerializer
    read_serializer_class = InnovationSerializer
    filterset_class = InnovationFilter
    keeper = KEEPER
    required_permissions = register_rights("insights", "innovation")

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("decided_by")
