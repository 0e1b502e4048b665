"""Norms of platforms, and how the shops stand by them, over HTTP."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import WriteViewSet
from core.calendars.api import MinuteField
from customers.choices import ShopPlatform
from tickets.choices import Confidence, NormUnit
from tickets.models import PlatformNorm
from tickets.services.platform_norms import configuring
from tickets.services.platform_norms.standing import standings

LONGEST_SECONDS = 7 * 86400
NORM_EXAMPLE = {
    "platform": "douyin",
    "name": "3分钟人工回复率",
    "unit": "message",
    "seconds": 180,
    "opens": "09:00",
    "closes": "23:00",
    "target": "0.500",
    "window_days": 30,
}


class PlatformNormSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    code = CleanCharField(max_length=20, required=False, allow_blank=True)
    platform = serializers.ChoiceField(ShopPlatform.choices)
    name = CleanCharField(max_length=100)
    unit = serializers.ChoiceField(NormUnit.choices, required=False)
    seconds = serializers.IntegerField(required=False, min_value=1, max_value=LONGEST_SECONDS)
    opens = MinuteField(source="opens_minute", required=False, help_text=_("每天的考核开始，节假日也算"))
    closes = MinuteField(source="closes_minute", required=False)
    target = serializers.DecimalField(
        max_digits=4, decimal_places=3, min_value=Decimal(0), max_value=Decimal(1), required=False, allow_null=True
    )
    window_days = serializers.IntegerField(required=False, min_value=1, max_value=366)
    definition = CleanCharField(max_length=500, required=False, allow_blank=True)
    source = CleanCharField(max_length=300, required=False, allow_blank=True)
    effective_from = serializers.DateField(required=False, allow_null=True)
    confidence = serializers.ChoiceField(Confidence.choices, required=False)
    review_on = serializers.DateField(required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)


class TallySerializer(serializers.Serializer):
    met = serializers.IntegerField(help_text=_("时限内由人回复"))
    counted = serializers.IntegerField(help_text=_("应回复，不含未到时限的"))
    waiting = serializers.IntegerField(help_text=_("未到时限"))
    rate = serializers.FloatField(allow_null=True)
    if_missed = serializers.FloatField(help_text=_("下一条超时后的比率"))
    misses_left = serializers.IntegerField(allow_null=True, help_text=_("还可以超时几条而不低于目标"))
    tone = serializers.CharField(help_text=_("good、warn、bad；没有目标时为空"))


class StandingSerializer(serializers.Serializer):
    norm = serializers.IntegerField(source="norm.pk")
    platform = serializers.CharField(source="norm.platform")
    name = serializers.CharField(source="norm.name")
    target = serializers.DecimalField(source="norm.target", max_digits=4, decimal_places=3, allow_null=True)
    window_days = serializers.IntegerField(source="norm.window_days")
    shop = serializers.CharField(source="shop.key", allow_null=True, default=None)
    window = TallySerializer(help_text=_("店铺的滚动窗口"))
    today = TallySerializer(help_text=_("店铺的今天"))
    mine = TallySerializer(help_text=_("本人的今天"))
    next_due_at = serializers.DateTimeField(allow_null=True, help_text=_("本人最先到时限的一条"))


class StandingsSerializer(serializers.Serializer):
    results = StandingSerializer(many=True)


@extend_schema_view(
    create=extend_schema(examples=[example("抖音3分钟回复率", NORM_EXAMPLE, request_only=True)]),
)
class PlatformNormViewSet(WriteViewSet):
    """平台规则：平台按滚动窗口考核的人工回复率。修改只影响之后的消息。"""

    model = PlatformNorm
    visible_to_all = True
    serializer_class = PlatformNormSerializer
    ordering = ("id",)
    required_permissions = {
        "list": "tickets.view_platformnorm",
        "retrieve": "tickets.view_platformnorm",
        "standing": "tickets.view_platformnorm",
        "create": "tickets.add_platformnorm",
        "partial_update": "tickets.change_platformnorm",
    }

    def create_instance(self, serializer: Any) -> PlatformNorm:
        return configuring.save_norm(norm=None, actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: PlatformNorm, serializer: Any) -> PlatformNorm:
        return configuring.save_norm(norm=instance, actor=self.request.user, values=serializer.validated_data)

    @extend_schema(responses=StandingsSerializer, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def standing(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """每个店铺每条规则此刻的达标情况，最危险的在前。"""
        found = standings(person=request.user)
        return Response(StandingsSerializer({"results": found}).data)
