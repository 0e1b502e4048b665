"""/api/v1/complaint-outcomes/"""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.viewsets import ReadViewSet
from tickets.models import ComplaintOutcome, Ticket
from tickets.services.case_library import make_case
from tickets.services.outcomes import METHODS


class ComplaintOutcomeSerializer(serializers.ModelSerializer):
    """投诉结案满 30 天的复盘：再次投诉、复购、评分、处理方式、成本与用时；写下后不再改变。"""

    ticket_number = serializers.CharField(source="ticket.number")
    level = serializers.CharField(source="level.key", default=None, allow_null=True)
    methods = serializers.ListField(child=serializers.ChoiceField(choices=list(METHODS.items())))
    is_satisfied = serializers.BooleanField(allow_null=True)

    class Meta:
        model = ComplaintOutcome
        fields = (
            "id", "ticket", "ticket_number", "closed_at", "evaluated_at", "category", "level", "price", "methods",
            "cost", "handling_minutes", "satisfaction", "is_satisfied", "verdict", "repeat_count", "repeat_ticket",
            "repurchase_count", "repurchase_amount",
        )  # fmt: skip


class MadeCaseSerializer(serializers.Serializer):
    """存入案例库的文章（草稿，须他人审核）。"""

    article = serializers.IntegerField(source="pk")
    key = serializers.CharField()
    title = serializers.CharField()


class ComplaintOutcomeFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    category = django_filters.CharFilter(max_length=100)
    method = django_filters.ChoiceFilter(
        field_name="methods", choices=list(METHODS.items()), method="by_method", label=_("处理方式")
    )
    repeated = django_filters.BooleanFilter(method="by_repeat", label=_("30 天内再次投诉"))

    class Meta:
        model = ComplaintOutcome
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))

    def by_method(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(methods__contains=[value])

    def by_repeat(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(repeat_count__gt=0) if value else rows.filter(repeat_count=0)


class ComplaintOutcomeViewSet(ReadViewSet):
    """结案复盘：投诉关闭 30 天后的结果。"""

    queryset = ComplaintOutcome.objects.for_list()
    read_serializer_class = ComplaintOutcomeSerializer
    filterset_class = ComplaintOutcomeFilter
    ordering = ("-closed_at", "-id")
    required_permissions = {
        "list": "tickets.view_complaintoutcome",
        "retrieve": "tickets.view_complaintoutcome",
        "case": "knowledge.add_articleversion",
    }

    @extend_schema(request=None, responses={200: MadeCaseSerializer, 201: MadeCaseSerializer})
    @action(detail=True, methods=["post"])
    def case(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """存入案例库：生成隐去个人信息的文章草稿；已存过的返回原文章（200）。"""
        self.nothing_given()
        article, is_new = make_case(outcome=self.get_object(), actor=request.user)  # type: ignore[arg-type]
        made = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(MadeCaseSerializer(article).data, status=made)
