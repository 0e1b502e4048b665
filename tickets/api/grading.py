"""/api/v1/complaint-levels/, /escalation-triggers/ and /escalations/"""

from decimal import Decimal
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditions import ConditionField
from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import ReadViewSet, UpdateMixin, WriteViewSet
from tickets.grading import escalation, levels
from tickets.grading.choices import TriggerKind
from tickets.grading.facts import LEVEL_FIELDS
from tickets.models import ComplaintLevel, Escalation, EscalationTrigger, Queue, Ticket

LEVEL_EXAMPLE = example(
    "重大投诉由投诉组处理",
    {
        "key": "grave",
        "name": "群体投诉",
        "rank": 35,
        "condition": {"field": "legal", "op": "eq", "value": True},
        "queue": None,
        "is_for_specialists": True,
    },
    request_only=True,
)
REASON_EXAMPLE = example("申请降级", {"reason": "客户已谅解，问题已解决"}, request_only=True)


class LevelSerializer(StrictModelSerializer):
    """投诉级别：数字大的在先，第一个满足条件的即为投诉的级别；须有一个没有条件的级别。"""

    key = serializers.RegexField(r"^[a-z][a-z0-9_-]{0,39}$")
    name = CleanCharField(max_length=50)
    rank = serializers.IntegerField(min_value=1, max_value=999)
    condition = ConditionField(fieldset=LEVEL_FIELDS, required=False)
    queue = serializers.SlugRelatedField(  # type: ignore[var-annotated]
        slug_field="key", queryset=Queue.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = ComplaintLevel
        fields = ["id", "key", "name", "rank", "condition", "queue", "is_for_specialists", "is_active"]


class TriggerSerializer(StrictModelSerializer):
    """升级触发条件：升级到谁、多久内接手、通知什么。"""

    kind = serializers.ChoiceField(choices=TriggerKind.choices, read_only=True)
    threshold = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=Decimal("0.01"), required=False, allow_null=True
    )
    window_hours = serializers.IntegerField(min_value=1, max_value=24 * 366, required=False, allow_null=True)
    within_minutes = serializers.IntegerField(min_value=1, max_value=60 * 24 * 31, required=False)
    notice = CleanCharField(max_length=200, required=False)
    level = serializers.SlugRelatedField(  # type: ignore[var-annotated]
        slug_field="key", queryset=ComplaintLevel.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = EscalationTrigger
        fields = [
            "id", "kind", "threshold", "window_hours", "target_role", "within_minutes", "notice", "level", "is_active",
        ]  # fmt: skip


class EscalationSerializer(serializers.ModelSerializer):
    """一次升级。`approval` 是降级申请；批准后 `ended_at` 有值。"""

    ticket_number = serializers.CharField(source="ticket.number")
    trigger = serializers.CharField(source="trigger.kind")
    actor = PersonSerializer(allow_null=True)
    taken_by = PersonSerializer(allow_null=True)
    ended_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Escalation
        fields = (
            "id", "ticket", "ticket_number", "trigger", "detail", "target_role", "was_priority", "actor", "raised_at",
            "due_at", "taken_at", "taken_by", "late_at", "reason", "approval", "ended_at", "ended_by",
        )  # fmt: skip


class LevelReasonSerializer(StrictSerializer):
    reason = CleanCharField(max_length=escalation.REASON_LENGTH, multiline=True)


class EscalationFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    trigger = django_filters.ChoiceFilter(field_name="trigger__kind", choices=TriggerKind.choices)
    active = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull", label=_("未结束"))

    class Meta:
        model = Escalation
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))


@extend_schema_view(create=extend_schema(examples=[LEVEL_EXAMPLE]))
class LevelViewSet(WriteViewSet):
    """投诉级别与判定规则。"""

    queryset = ComplaintLevel.objects.select_related("queue")
    visible_to_all = True
    ordering = ("rank",)
    serializer_class = LevelSerializer
    required_permissions = {
        "list": "tickets.view_complaintlevel",
        "retrieve": "tickets.view_complaintlevel",
        "create": "tickets.add_complaintlevel",
        "partial_update": "tickets.change_complaintlevel",
    }

    def create_instance(self, serializer: Any) -> ComplaintLevel:
        return levels.save_level(level=None, actor=self.request.user, values=dict(serializer.validated_data))

    def update_instance(self, instance: Any, serializer: Any) -> ComplaintLevel:
        return levels.save_level(level=instance, actor=self.request.user, values=dict(serializer.validated_data))


class TriggerViewSet(UpdateMixin, ReadViewSet):
    """升级触发条件：查看与调整。"""

    queryset = EscalationTrigger.objects.select_related("level")
    visible_to_all = True
    ordering = ("id",)
    serializer_class = TriggerSerializer
    required_permissions = {
        "list": "tickets.view_escalationtrigger",
        "retrieve": "tickets.view_escalationtrigger",
        "partial_update": "tickets.change_escalationtrigger",
    }

    def update_instance(self, instance: Any, serializer: Any) -> EscalationTrigger:
        values = dict(serializer.validated_data)
        return escalation.save_trigger(trigger=instance, actor=self.request.user, values=values)


class EscalationViewSet(ReadViewSet):
    """升级：查看、接手、申请降级（须他人批准）。"""

    queryset = Escalation.objects.for_list()
    read_serializer_class = EscalationSerializer
    serializer_classes = {"deescalate": LevelReasonSerializer}
    filterset_class = EscalationFilter
    required_permissions = {
        "list": "tickets.view_escalation",
        "retrieve": "tickets.view_escalation",
        "take": "tickets.escalate_ticket",
        "deescalate": "tickets.escalate_ticket",
    }

    @extend_schema(request=None, responses=EscalationSerializer)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """接手：须是升级到的角色或更高。"""
        self.nothing_given()
        return self.shown(escalation.take(escalation=self.get_object(), actor=request.user))  # type: ignore[arg-type]

    @extend_schema(request=LevelReasonSerializer, responses=EscalationSerializer, examples=[REASON_EXAMPLE])
    @action(detail=True, methods=["post"])
    def deescalate(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """申请降级：写明原因，由他人审批；批准前升级保持有效。"""
        found = self.get_object()
        reason = self.validated()["reason"]
        return self.shown(escalation.ask_end(escalation=found, actor=request.user, reason=reason))  # type: ignore[arg-type]
