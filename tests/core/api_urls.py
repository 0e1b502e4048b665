"""A small API over the sample tables."""

from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

from core.api.conditions import ConditionField
from core.api.fields import CleanCharField, MaskedPhone, MomentField
from core.api.parsers import StrictJSONParser
from core.api.permissions import SIGNED_IN
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.throttling import LoginThrottle, PublicFormThrottle
from core.api.viewsets import WriteViewSet
from core.conditions import Field, FieldSet
from core.errors import Conflict
from tests.core.samples import Sample

SIZES = FieldSet([Field("size", "number", "数量", "size")])


class PartSerializer(StrictSerializer):
    phone = CleanCharField(max_length=20)


class SampleWriteSerializer(StrictModelSerializer):
    title = CleanCharField(max_length=20, required=False)
    note = CleanCharField(max_length=200, multiline=True, required=False)
    due_at = MomentField(required=False)
    part = PartSerializer(required=False, write_only=True)
    parts = PartSerializer(required=False, write_only=True, many=True)
    rule = ConditionField(fieldset=SIZES, required=False, write_only=True)
    kind = serializers.CharField(required=False)

    class Meta:
        model = Sample
        fields = ["id", "title", "note", "due_at", "part", "parts", "rule", "kind", "code", "size", "phone"]
        read_only_fields = ["size"]

    def create(self, validated_data: dict[str, Any]) -> Sample:
        for name in ("part", "parts", "rule"):
            validated_data.pop(name, None)
        if validated_data.get("title") == "teapot":
            raise Conflict("现在不行。", code="busy", allowed=["wait"])
        if validated_data.get("title") == "django":
            raise ValidationError({"title": ["不行"]})
        return super().create(validated_data)


class SampleSerializer(StrictModelSerializer):
    phone = MaskedPhone()

    class Meta:
        model = Sample
        fields = ["id", "title", "note", "size", "due_at", "phone"]


class SampleFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=[("a", "a"), ("b", "b")])
    is_big = django_filters.BooleanFilter()
    size = django_filters.RangeFilter()
    title = django_filters.CharFilter()


class SampleViewSet(WriteViewSet):
    model = Sample
    serializer_class = SampleWriteSerializer
    read_serializer_class = SampleSerializer
    filterset_class = SampleFilter
    ordering_options = {"due": ("due_at", "id"), "-due": ("-due_at", "-id"), "-size": ("-size", "id")}
    required_permissions = {
        "list": SIGNED_IN,
        "retrieve": "tickets.view_ticket",
        "create": "tickets.add_ticket",
        "partial_update": ("tickets.change_ticket", "tickets.view_ticket"),
        "touch": "tickets.change_ticket",
    }

    @action(detail=True, methods=["post"])
    def touch(self, request: Request, pk: str) -> Response:
        sample = self.get_object()
        sample.size = (sample.size or 0) + 1
        sample.save(update_fields=["size"])
        return Response({"size": sample.size})

    @action(detail=True, methods=["post"])
    def undeclared(self, request: Request, pk: str) -> Response:
        return Response({})


class EchoView(APIView):
    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []
    throttle_classes: list[Any] = []
    parser_classes = [StrictJSONParser]

    def post(self, request: Request) -> Response:
        return Response({"kind": type(request.data).__name__})


class PublicView(EchoView):
    throttle_classes = [PublicFormThrottle]


class SignInView(EchoView):
    throttle_classes = [LoginThrottle]


class PlainView(APIView):
    required_permissions = {"get": SIGNED_IN}

    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({})


router = DefaultRouter()
router.register("samples", SampleViewSet, basename="sample")
urlpatterns = [
    *router.urls,
    path("echo/", EchoView.as_view()),
    path("public/", PublicView.as_view()),
    path("signin/", SignInView.as_view()),
    path("plain/", PlainView.as_view()),
]
handler404 = "core.api.errors.not_found_view"
