"""Warranties over HTTP: certificates by serial number, and what one is covered for."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from tickets.aftersales_choices import WarrantyKind
from tickets.api.aftersales.shapes import order_of
from tickets.models import Warranty
from tickets.services.aftersales import warranties

NEW = {"serial": "NS02-77103", "starts_on": "2026-11-09", "months": 12, "kind": "statutory"}


class WarrantySerializer(serializers.ModelSerializer):
    """一份质保凭证。"""

    registered_by = PersonSerializer()

    class Meta:
        model = Warranty
        fields = (
            "id", "serial", "kind", "certificate", "sku", "starts_on", "months", "order", "registered_by",
            "registered_at",
        )  # fmt: skip


class WarrantyInputSerializer(StrictSerializer):
    """质保：序列号、开始日期（签收或安装之日）、月数。"""

    serial = CleanCharField(max_length=warranties.LENGTH)
    starts_on = serializers.DateField()
    months = serializers.IntegerField(min_value=1, max_value=warranties.LONGEST_MONTHS)
    kind = serializers.ChoiceField(choices=WarrantyKind.choices, required=False)
    certificate = CleanCharField(max_length=warranties.LENGTH, required=False, allow_blank=True)
    sku = CleanCharField(max_length=warranties.LENGTH, required=False, allow_blank=True)
    order = serializers.CharField(max_length=100, required=False, help_text=gettext_lazy("订单号，或订单的 id"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "order" in attrs:
            attrs["order"] = order_of(attrs["order"], self.context["request"].user)
        if not 1990 <= attrs["starts_on"].year <= 2100:
            raise serializers.ValidationError({"starts_on": [gettext_lazy("日期须在 1990 年到 2100 年之间。")]})
        return attrs


class CheckInputSerializer(StrictSerializer):
    """序列号；哪一天，缺省为今天。"""

    serial = CleanCharField(max_length=warranties.LENGTH)
    on = serializers.DateField(required=False, allow_null=True, default=None)


class CheckSerializer(serializers.Serializer):
    """是否在保、保到哪天；维修占用的天数已顺延，几份质保重叠时取对客户有利的。"""

    serial = serializers.CharField()
    covered = serializers.BooleanField()
    until = serializers.DateField(allow_null=True)
    best = serializers.IntegerField(allow_null=True)
    repair_days = serializers.IntegerField()
    repairs = serializers.IntegerField()
    plans = WarrantySerializer(many=True)


class WarrantyFilter(django_filters.FilterSet):
    serial = django_filters.CharFilter(max_length=100)
    kind = django_filters.ChoiceFilter(choices=WarrantyKind.choices)

    class Meta:
        model = Warranty
        fields: list[str] = []


class WarrantyViewSet(CreateMixin, ReadViewSet):
    """质保凭证。"""

    queryset = Warranty.objects.select_related("registered_by")
    read_serializer_class = WarrantySerializer
    serializer_classes = {"create": WarrantyInputSerializer, "check": CheckInputSerializer}
    required_permissions = {
        "list": "tickets.view_warranty",
        "retrieve": "tickets.view_warranty",
        "check": "tickets.view_warranty",
        "create": "tickets.add_warranty",
    }
    filterset_class = WarrantyFilter

    @extend_schema(
        request=WarrantyInputSerializer,
        responses={201: WarrantySerializer},
        examples=[example("三包一年", NEW, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记质保。同一序列号同日同种只能登记一次。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Warranty:
        return warranties.register(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(request=CheckInputSerializer, responses=CheckSerializer)
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """查序列号是否在保。"""
        found = warranties.check(**self.validated())
        shown = {
            "serial": found.serial,
            "covered": found.coverage.is_covered,
            "until": found.coverage.until,
            "best": found.coverage.best,
            "repair_days": found.coverage.repair_days,
            "repairs": len(found.repairs),
            "plans": found.plans,
        }
        return Response(CheckSerializer(shown).data)
