"""/api/v1/improvements/"""

from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.schema import example
from core.registers.api import (
    RECORD_FIELDS,
    RecordInputSerializer,
    RecordMoveSerializer,
    RecordSerializer,
    RegisterViewSet,
    register_rights,
)
from crm.insights.choices import ImprovementSource, ImprovementState
from crm.insights.improvements.effect import effect_of
from crm.insights.improvements.services import KEEPER
from crm.insights.metrics import METRICS
from crm.insights.models import Improvement
from crm.insights.questions import queues_of
from crm.staff.person import person_of
from tickets.models import Channel, Queue

METRIC_CHOICES = [(metric.key, metric.label) for metric in METRICS.values()]
ITEM = {
    "title": "售前加一名早班客服",
    "metric": "fast_replies",
    "baseline_first": "2026-10-01",
    "baseline_last": "2026-10-14",
    "after_first": "2026-10-20",
    "after_last": "2026-11-02",
}


class ImprovementSerializer(RecordSerializer):
    """改进项。前后两个时段都含首尾两天。"""

    queue = serializers.CharField(source="queue.key", default=None, allow_null=True)
    channel = serializers.CharField(source="channel.key", default=None, allow_null=True)

    class Meta:
        model = Improvement
        fields = (
            *RECORD_FIELDS, "metric", "queue", "channel", "source", "baseline_first", "baseline_last", "after_first",
            "after_last", "no_effect_reason",
        )  # fmt: skip


class ImprovementInputSerializer(RecordInputSerializer):
    """改进项：metric 是报表的指标；queue、channel 用代号，不填表示全部。"""

    metric = serializers.ChoiceField(choices=METRIC_CHOICES)
    queue = serializers.SlugRelatedField(
        slug_field="key", queryset=Queue.objects.all(), required=False, allow_null=True
    )
    channel = serializers.SlugRelatedField(
        slug_field="key", queryset=Channel.objects.all(), required=False, allow_null=True
    )
    source = serializers.ChoiceField(choices=ImprovementSource.choices, required=False)
    baseline_first = serializers.DateField()
    baseline_last = serializers.DateField()
    after_first = serializers.DateField(required=False, allow_null=True)
    after_last = serializers.DateField(required=False, allow_null=True)
    no_effect_reason = CleanCharField(max_length=500, required=False, allow_blank=True)

    def validate_queue(self, value: Queue | None) -> Queue | None:
        """Only a queue whose figures the caller sees."""
        if value is not None and not queues_of(self.context["request"].user).filter(pk=value.pk).exists():
            raise serializers.ValidationError(_("没有这个队列。"))
        return value


class FigureSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class EffectSerializer(serializers.Serializer):
    """前后对比。比例为 0–1，时间为秒，数量为每天的件数；样本不足时差异可有，结论不下。"""

    metric = serializers.CharField(source="metric.key")
    before = FigureSerializer()
    after = FigureSerializer(allow_null=True)
    n_before = serializers.IntegerField(help_text=lazy("检验所用的样本数"))
    n_after = serializers.IntegerField()
    difference = serializers.FloatField(allow_null=True)
    interval_low = serializers.FloatField(source="interval.low", default=None, allow_null=True)
    interval_high = serializers.FloatField(source="interval.high", default=None, allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    method = serializers.CharField(help_text=lazy("z、welch、bootstrap，或空"))
    verdict = serializers.CharField(source="verdict.key")
    sentence = serializers.CharField(source="verdict.label")


class ImprovementFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=ImprovementState.choices)
    metric = django_filters.ChoiceFilter(choices=METRIC_CHOICES)

    class Meta:
        model = Improvement
        fields: list[str] = []


@extend_schema_view(
    create=extend_schema(
        request=ImprovementInputSerializer,
        responses={201: ImprovementSerializer},
        examples=[example("改进项", ITEM, request_only=True)],
    ),
    partial_update=extend_schema(
        request=ImprovementInputSerializer,
        examples=[example("之后的时段", {"after_first": "2026-10-20", "after_last": "2026-11-02"}, request_only=True)],
    ),
    transitions=extend_schema(
        request=RecordMoveSerializer,
        responses=ImprovementSerializer,
        examples=[example("开始", {"state": "active", "reason": "例会决定"}, request_only=True)],
    ),
)
class ImprovementViewSet(RegisterViewSet):
    """改进项：关联要改善的指标，给出前后对比与显著性；没有测得效果或说明，不能完成。"""

    model = Improvement
    serializer_class = ImprovementInputSerializer
    read_serializer_class = ImprovementSerializer
    filterset_class = ImprovementFilter
    keeper = KEEPER
    required_permissions = register_rights("insights", "improvement") | {"effect": "insights.view_improvement"}

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("queue", "channel")

    @extend_schema(responses=EffectSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def effect(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """前后对比：两边的数值与样本数、差异、95% 区间、p 值、结论。"""
        return Response(EffectSerializer(effect_of(self.get_object(), person_of(request))).data)
