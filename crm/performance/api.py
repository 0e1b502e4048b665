"""/api/v1/sampling-rules/, /api/v1/quality-samples/"""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import ReadViewSet, WriteViewSet
from core.language import mask_text
from crm.performance import services
from crm.performance.choices import SampleState
from crm.performance.models import CHECK_RIGHT, QualitySample, SamplingRule
from crm.staff.person import person_of
from tickets.api.norms import RuleField
from tickets.services.facts import TICKET_FIELDS

LARGEST = 2**63 - 1
RULE = {
    "name": "高危投诉会话",
    "position": 5,
    "condition": {
        "all": [
            {"field": "type", "op": "eq", "value": "complaint"},
            {"field": "severity", "op": "eq", "value": "critical"},
        ]
    },
    "rate": "0.5",
}
ANSWERS = {
    "answers": {
        "opening": 5,
        "understanding": 4,
        "solution": 5,
        "process": 3,
        "wording": 5,
        "comment": "先安抚再给方案，很好；回复可以再快一些。",
    }
}


class SamplingRuleSerializer(StrictSerializer):
    """抽检规则：按顺序第一条符合的生效。rate 为 0–1；默认投诉 0.2，其他 0.03。"""

    id = serializers.IntegerField(read_only=True)
    name = CleanCharField(max_length=100)
    position = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    condition = RuleField(TICKET_FIELDS, required=False, help_text=_("字段同时效策略；{} 符合全部"))
    rate = serializers.DecimalField(max_digits=5, decimal_places=4, min_value=0, max_value=1)
    is_active = serializers.BooleanField(required=False)


class SamplingRateSerializer(serializers.Serializer):
    """近三十天实际抽检的份额；没有关闭的会话时 share 为 null。"""

    rule = serializers.IntegerField(source="rule.pk")
    name = serializers.CharField(source="rule.name")
    rate = serializers.DecimalField(source="rule.rate", max_digits=5, decimal_places=4)
    sentence = serializers.CharField()
    closed = serializers.IntegerField()
    drawn = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


@extend_schema_view(create=extend_schema(examples=[example("重大投诉抽一半", RULE, request_only=True)]))
class SamplingRuleViewSet(WriteViewSet):
    """会话质检的抽检规则。"""

    model = SamplingRule
    visible_to_all = True
    serializer_class = SamplingRuleSerializer
    ordering = ("position", "id")
    required_permissions = {
        "list": "performance.view_samplingrule",
        "retrieve": "performance.view_samplingrule",
        "create": "performance.add_samplingrule",
        "partial_update": "performance.change_samplingrule",
        "rates": "performance.view_samplingrule",
    }

    def create_instance(self, serializer: Any) -> SamplingRule:
        return services.save_rule(rule=None, actor=person_of(self.request), values=serializer.validated_data)

    def update_instance(self, instance: SamplingRule, serializer: Any) -> SamplingRule:
        return services.save_rule(rule=instance, actor=person_of(self.request), values=serializer.validated_data)

    @extend_schema(responses=SamplingRateSerializer(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def rates(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """每条规则近三十天的关闭数、抽中数与份额。"""
        return Response(SamplingRateSerializer(services.rates(), many=True).data)


class QualitySampleSerializer(serializers.ModelSerializer):
    """质检样本。score 为得分百分比；answers 与 comment 在质检之后才有。"""

    number = serializers.CharField(source="ticket.number")
    rule = serializers.CharField(source="rule.name")
    person = PersonSerializer(allow_null=True)
    checker = PersonSerializer(allow_null=True)
    answers = serializers.SerializerMethodField()
    comment = serializers.SerializerMethodField()

    class Meta:
        model = QualitySample
        fields = (
            "id", "ticket", "number", "rule", "rate", "person", "state", "score", "answers", "comment", "checker",
            "drawn_at", "checked_at",
        )  # fmt: skip

    def get_answers(self, sample: QualitySample) -> dict[str, Any]:
        response = _response(sample)
        return response.answers if response else {}

    def get_comment(self, sample: QualitySample) -> str:
        response = _response(sample)
        words = response.comment if response else ""
        return mask_text(words) if person_of(self.context["request"]).is_auditor else words


def _response(sample: QualitySample) -> Any:
    return getattr(sample.invitation, "response", None) if sample.invitation_id else None


class QualityCheckSerializer(StrictSerializer):
    """answers 的键为评分表的题目。"""

    answers = serializers.DictField(child=serializers.JSONField(), allow_empty=False)


class QualitySampleFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=SampleState.choices)
    person = django_filters.NumberFilter(field_name="person_id", min_value=1, max_value=LARGEST, decimal_places=0)
    ticket = django_filters.NumberFilter(field_name="ticket_id", min_value=1, max_value=LARGEST, decimal_places=0)
    rule = django_filters.NumberFilter(field_name="rule_id", min_value=1, max_value=LARGEST, decimal_places=0)

    class Meta:
        model = QualitySample
        fields: list[str] = []


class QualitySampleViewSet(ReadViewSet):
    """被抽中质检的会话：质检人看见视野内的全部，被检人看见自己的结果。"""

    model = QualitySample
    read_serializer_class = QualitySampleSerializer
    serializer_classes = {"check": QualityCheckSerializer}
    filterset_class = QualitySampleFilter
    required_permissions = {
        "list": "performance.view_qualitysample",
        "retrieve": "performance.view_qualitysample",
        "check": CHECK_RIGHT,
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        return rows.for_list().select_related("invitation__response")  # type: ignore[no-any-return]

    @extend_schema(
        request=QualityCheckSerializer,
        responses=QualitySampleSerializer,
        examples=[example("按评分表打分", ANSWERS, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """质检：按评分表打分，一次为准。自己的会话要由别人质检。"""
        services.check(sample=self.get_object(), actor=person_of(request), **self.validated())
        return self.shown(self.get_object())
