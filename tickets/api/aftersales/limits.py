"""/api/v1/after-sales-limits/"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import WriteViewSet
from customers.choices import ShopPlatform
from tickets.aftersales_choices import AfterSalesKind, LimitStage
from tickets.choices import Confidence
from tickets.models import AfterSalesLimit
from tickets.services.aftersales import limits

#: A year: what is longer is no limit.
LONGEST_HOURS, MOST_WARNINGS = 366 * 24, 5
LIMIT_EXAMPLE = {"stage": "inspecting", "platform": "jd", "hours": 24, "warn_hours": [12], "source": "本店设定"}


class AfterSalesLimitSerializer(StrictSerializer):
    """一个阶段的时限（自然小时）；kind 与 platform 为空表示所有方案、所有平台，最具体的一行生效。"""

    id = serializers.IntegerField(read_only=True)
    stage = serializers.ChoiceField(LimitStage.choices)
    kind = serializers.ChoiceField(AfterSalesKind.choices, required=False, allow_blank=True)
    platform = serializers.ChoiceField(ShopPlatform.choices, required=False, allow_blank=True)
    hours = serializers.IntegerField(min_value=1, max_value=LONGEST_HOURS)
    warn_hours = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LONGEST_HOURS),
        required=False,
        max_length=MOST_WARNINGS,
        help_text=_("开始后多少小时提醒，须小于时限"),
    )
    source = CleanCharField(max_length=200, required=False, allow_blank=True)
    confidence = serializers.ChoiceField(Confidence.choices, required=False)
    is_active = serializers.BooleanField(required=False)
    updated_at = serializers.DateTimeField(read_only=True)


@extend_schema_view(create=extend_schema(examples=[example("京东一天内验货", LIMIT_EXAMPLE, request_only=True)]))
class AfterSalesLimitViewSet(WriteViewSet):
    """售后时限：按阶段、方案和平台。没有设置的阶段用内置时限；修改只影响之后进入的阶段。"""

    model = AfterSalesLimit
    visible_to_all = True
    serializer_class = AfterSalesLimitSerializer
    ordering = ("id",)
    required_permissions = {
        "list": "tickets.view_aftersaleslimit",
        "retrieve": "tickets.view_aftersaleslimit",
        "create": "tickets.add_aftersaleslimit",
        "partial_update": "tickets.change_aftersaleslimit",
    }

    def create_instance(self, serializer: Any) -> AfterSalesLimit:
        return limits.save_limit(limit=None, actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: AfterSalesLimit, serializer: Any) -> AfterSalesLimit:
        return limits.save_limit(limit=instance, actor=self.request.user, values=serializer.validated_data)
