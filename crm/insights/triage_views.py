"""How often triage was right, over HTTP."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.insights.triage import measure


class ClassAccuracySerializer(serializers.Serializer):
    category = serializers.CharField()
    suggested = serializers.IntegerField()
    chosen = serializers.IntegerField()
    right = serializers.IntegerField()
    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)


class AccuracySerializer(serializers.Serializer):
    n = serializers.IntegerField()
    right = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    classes = ClassAccuracySerializer(many=True)


class TriageAccuracyView(APIView):
    """自动分类的准确率：建议与最终分类相比，按分类给出查准率与查全率。"""

    required_permissions = {"get": "insights.view_report"}

    @extend_schema(responses=AccuracySerializer)
    def get(self, request: Request) -> Response:
        return Response(AccuracySerializer(asdict(measure())).data)
