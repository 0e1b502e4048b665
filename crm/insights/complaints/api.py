"""/api/v1/problems/, /api/v1/complaint-clusters/, /api/v1/risk-points/"""

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.fields import CleanCharField
from core.api.filters import refuse_unknown_parameters
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.registers.api import (
    RECORD_FIELDS,
    RecordInputSerializer,
    RecordMoveSerializer,
    RecordSerializer,
    RegisterViewSet,
    register_rights,
)
from crm.insights.choices import ProblemKind, ProblemState
from crm.insights.complaints.clusters import clusters_of
from crm.insights.complaints.risks import DIMENSIONS, risk_points
from crm.insights.complaints.services import KEEPER, problem_of_cluster, task_of_risk
from crm.insights.models import Problem
from crm.staff.person import person_of

DIMENSION_CHOICES = list(DIMENSIONS.items())
ITEM = {"title": "玻璃杯 B20261101 批次破损", "product": "CUP-350", "batch": "B20261101", "category": "商品质量问题"}


class ProblemSerializer(RecordSerializer):
    """问题单或预防任务：根本原因、修复措施。"""

    class Meta:
        model = Problem
        fields = (*RECORD_FIELDS, "kind", "product", "batch", "category", "root_cause", "fix")


class ProblemInputSerializer(RecordInputSerializer):
    kind = serializers.ChoiceField(choices=ProblemKind.choices, required=False)
    product = CleanCharField(max_length=100, required=False, allow_blank=True)
    batch = CleanCharField(max_length=100, required=False, allow_blank=True)
    category = CleanCharField(max_length=100, required=False, allow_blank=True)
    root_cause = CleanCharField(max_length=4000, multiline=True, required=False, allow_blank=True)
    fix = CleanCharField(max_length=4000, multiline=True, required=False, allow_blank=True)


class ProblemFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=ProblemState.choices)
    kind = django_filters.ChoiceFilter(choices=ProblemKind.choices)

    class Meta:
        model = Problem
        fields: list[str] = []


@extend_schema_view(
    create=extend_schema(
        request=ProblemInputSerializer,
        responses={201: ProblemSerializer},
        examples=[example("问题单", ITEM, request_only=True)],
    ),
    partial_update=extend_schema(
        request=ProblemInputSerializer,
        examples=[example("原因", {"root_cause": "外箱太薄，抽检未覆盖该批次"}, request_only=True)],
    ),
    transitions=extend_schema(
        request=RecordMoveSerializer,
        responses=ProblemSerializer,
        examples=[example("分析", {"state": "analysing"}, request_only=True)],
    ),
)
class ProblemViewSet(RegisterViewSet):
    """问题单：写明根本原因才能修复，写明修复措施才能解决。"""

    model = Problem
    serializer_class = ProblemInputSerializer
    read_serializer_class = ProblemSerializer
    filterset_class = ProblemFilter
    keeper = KEEPER
    required_permissions = register_rights("insights", "problem")


class ClusterSerializer(serializers.Serializer):
    """一类集中的投诉；growth 是与前七天相比的增长，前七天没有时为 null。"""

    product = serializers.CharField()
    batch = serializers.CharField()
    category = serializers.CharField()
    count = serializers.IntegerField()
    before = serializers.IntegerField()
    growth = serializers.FloatField(allow_null=True)
    terms = serializers.ListField(child=serializers.CharField())
    cause = serializers.CharField()
    tickets = serializers.ListField(child=serializers.IntegerField())
    problem = serializers.IntegerField(source="problem.pk", default=None, allow_null=True)


class ClusterKeySerializer(StrictSerializer):
    product = CleanCharField(max_length=100, required=False, allow_blank=True, default="")
    batch = CleanCharField(max_length=100, required=False, allow_blank=True, default="")
    category = CleanCharField(max_length=100, required=False, allow_blank=True, default="")


class ClusterView(APIView):
    """投诉聚集：同一商品、批次、问题的投诉，近七天与前七天。"""

    required_permissions = {"get": "insights.view_report", "post": "insights.add_problem"}

    @extend_schema(responses=ClusterSerializer(many=True))
    def get(self, request: Request) -> Response:
        """多的在前。"""
        refuse_unknown_parameters(request, self, ())
        return Response(ClusterSerializer(clusters_of(person_of(request)), many=True).data)

    @extend_schema(
        request=ClusterKeySerializer,
        responses={201: ProblemSerializer},
        examples=[example("立问题单", {"product": "CUP-350", "category": "商品质量问题"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """把一类投诉立为问题单，关联其工单。已有未结束的答 409。"""
        given = ClusterKeySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = problem_of_cluster(actor=person_of(request), **given.validated_data)
        return Response(ProblemSerializer(made).data, status=status.HTTP_201_CREATED)


class RiskPointSerializer(serializers.Serializer):
    """一个风险点：近七天的投诉数、按前四周的预期、出现这么多或更多的概率。"""

    dimension = serializers.ChoiceField(choices=DIMENSION_CHOICES)
    value = serializers.CharField()
    label = serializers.CharField()
    count = serializers.IntegerField()
    expected = serializers.FloatField()
    excess = serializers.FloatField()
    p_value = serializers.FloatField()
    is_significant = serializers.BooleanField()
    problem = serializers.IntegerField(source="problem.pk", default=None, allow_null=True)


class RiskKeySerializer(StrictSerializer):
    dimension = serializers.ChoiceField(choices=DIMENSION_CHOICES)
    value = CleanCharField(max_length=300)


class RiskPointView(APIView):
    """风险点：商品、批次、环节、客服、承运商中超出预期的，超出多的在前。"""

    required_permissions = {"get": "insights.view_report", "post": "insights.add_problem"}

    @extend_schema(responses=RiskPointSerializer(many=True))
    def get(self, request: Request) -> Response:
        """近七天。"""
        refuse_unknown_parameters(request, self, ())
        return Response(RiskPointSerializer(risk_points(person_of(request)), many=True).data)

    @extend_schema(
        request=RiskKeySerializer,
        responses={201: ProblemSerializer},
        examples=[example("立预防任务", {"dimension": "product", "value": "CUP-350"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """为一个风险点立预防任务。已有未结束的答 409。"""
        given = RiskKeySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = task_of_risk(actor=person_of(request), **given.validated_data)
        return Response(ProblemSerializer(made).data, status=status.HTTP_201_CREATED)
