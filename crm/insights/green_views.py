"""The share of green options as a page, and over the API."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.filters import refuse_unknown_parameters
from core.errors import InvalidInput
from crm.insights.green import green_share
from crm.insights.questions import today
from crm.insights.statistics.returns import ReturnsAsked
from crm.staff.person import person_of

REPORTS = "insights.view_report"


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def green_report(request: HttpRequest) -> HttpResponse:
    """Repair, trade-in, recycling and packaging with their share, each leading to its requests."""
    asked = ReturnsAsked.of(request.GET)
    context = {"asked": asked, "found": green_share(asked, person_of(request)), "today": today()}
    return render(request, "insights/green.html", context)


class GreenLineSerializer(serializers.Serializer):
    """share 为 0–1；没有售后单时为 null。"""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


class GreenShareSerializer(serializers.Serializer):
    """n 为不含试验的售后单数，是 lines 的分母；试验渠道另计。"""

    n = serializers.IntegerField()
    lines = GreenLineSerializer(many=True)
    experiments = GreenLineSerializer(many=True)


class GreenShareView(APIView):
    """环保占比：维修、以旧换新、旧件回收、绿色包装。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(
        parameters=[OpenApiParameter(name, OpenApiTypes.DATE) for name in ("from", "to")],
        responses=GreenShareSerializer,
    )
    def get(self, request: Request) -> Response:
        """按申请日期，首尾两天都算；默认近三十天。"""
        refuse_unknown_parameters(request, self, ("from", "to"))
        asked = ReturnsAsked.of(request._request.GET)
        if asked.fault:
            raise InvalidInput(asked.fault, fields={"from": [asked.fault]})
        return Response(GreenShareSerializer(green_share(asked, person_of(request))).data)
