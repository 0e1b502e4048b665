"""Queues, channels, routing rules and SLA policies over HTTP."""

import base64
import secrets
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
from core.calendars.models import BusinessCalendar
from core.conditions import ConditionError, parse
from tickets.channels import presets
from tickets.choices import ChannelKind, Metric, Priority
from tickets.models import Channel, Queue, RoutingRule, SLAPolicy
from tickets.services import catalogue, channel_settings, rules
from tickets.services.facts import TICKET_FIELDS

NAME = 100
LARGEST = 2**31 - 1
CONDITION_EXAMPLE = {
    "all": [{"field": "type", "op": "eq", "value": "complaint"}, {"field": "urgent", "op": "gte", "value": 0.5}]
}


class ConditionField(serializers.JSONField):
    """A condition over ticket fields; {} matches everything. A fault names its place."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            parse(value, TICKET_FIELDS)
        except ConditionError as error:
            raise serializers.ValidationError(str(error)) from error
        return value


class QueueSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    key = CleanCharField(max_length=NAME, required=False)
    name = CleanCharField(max_length=NAME)
    description = CleanCharField(max_length=200, required=False, allow_blank=True)
    position = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST)
    is_default = serializers.BooleanField(read_only=True)


class QueueViewSet(WriteViewSet):
    """队列。"""

    model = Queue
    visible_to_all = True
    serializer_class = QueueSerializer
    ordering = ("position", "id")
    required_permissions = {
        "list": "tickets.view_queue",
        "retrieve": "tickets.view_queue",
        "create": "tickets.add_queue",
        "partial_update": "tickets.change_queue",
    }

    def create_instance(self, serializer: Any) -> Queue:
        return rules.save_queue(queue=None, actor=self.request.user, **serializer.validated_data)

    def update_instance(self, instance: Queue, serializer: Any) -> Queue:
        return rules.save_queue(queue=instance, actor=self.request.user, **serializer.validated_data)


_HEALTH = ("receiving_failing_since", "receiving_error", "sending_failing_since", "sending_error")


class ChannelSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    key = CleanCharField(max_length=NAME)
    name = CleanCharField(max_length=NAME)
    kind = serializers.ChoiceField(ChannelKind.choices, required=False)
    preset = serializers.ChoiceField(
        presets.CHOICES, required=False, allow_blank=True, help_text=_("店铺平台的字段与考核规则；只用于店铺平台渠道")
    )
    shop = CleanCharField(max_length=NAME, required=False, allow_null=True)
    settings = serializers.DictField(
        child=CleanCharField(max_length=200, allow_blank=True),
        required=False,
        help_text=_("此类渠道的接入参数；密钥只写不读，读出时只告知是否已填"),
    )
    is_active = serializers.BooleanField(required=False)
    receiving_failing_since = serializers.DateTimeField(read_only=True, allow_null=True)
    receiving_error = serializers.CharField(read_only=True)
    sending_failing_since = serializers.DateTimeField(read_only=True, allow_null=True)
    sending_error = serializers.CharField(read_only=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """A preset says that the channel is a shop's."""
        if data.get("preset") and self.instance is None:
            data.setdefault("kind", ChannelKind.SHOP)
        return data

    def to_representation(self, instance: Channel) -> dict[str, Any]:
        shown = {
            "id": instance.pk,
            "key": instance.key,
            "name": instance.name,
            "kind": instance.kind,
            "preset": instance.preset,
            "shop": instance.shop.key if instance.shop else None,
            "settings": channel_settings.shown(instance),
            "is_active": instance.is_active,
            **{name: getattr(instance, name) for name in _HEALTH},
        }
        secret = getattr(instance, "fresh_secret", None)
        return {**shown, "secret": secret} if secret else shown


class ChannelViewSet(WriteViewSet):
    """渠道。签名密钥只在创建时显示一次。"""

    model = Channel
    visible_to_all = True
    serializer_class = ChannelSerializer
    ordering = ("id",)
    required_permissions = {
        "list": "tickets.view_channel",
        "retrieve": "tickets.view_channel",
        "create": "tickets.add_channel",
        "partial_update": "tickets.change_channel",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("shop")

    def create_instance(self, serializer: Any) -> Channel:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        channel = rules.save_channel(channel=None, actor=self.request.user, secret=secret, **serializer.validated_data)
        channel.fresh_secret = secret  # type: ignore[attr-defined]
        return channel

    def update_instance(self, instance: Channel, serializer: Any) -> Channel:
        return rules.save_channel(channel=instance, actor=self.request.user, **serializer.validated_data)


class TargetSerializer(StrictSerializer):
    priority = serializers.ChoiceField(Priority.choices)
    metric = serializers.ChoiceField(Metric.choices)
    seconds = serializers.IntegerField(min_value=1, max_value=5 * 366 * 86400)
    warn_at = serializers.ListField(
        child=serializers.FloatField(min_value=0.01, max_value=0.99), required=False, max_length=5
    )


class PolicySerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    name = CleanCharField(max_length=NAME)
    position = serializers.IntegerField(min_value=0, max_value=LARGEST)
    condition = ConditionField(required=False)
    calendar = serializers.PrimaryKeyRelatedField(queryset=BusinessCalendar.objects.all())
    targets = TargetSerializer(many=True, allow_empty=False)
    is_active = serializers.BooleanField(required=False)
    version = serializers.IntegerField(read_only=True)

    def validate_targets(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        pairs = [(target["priority"], target["metric"]) for target in value]
        if len(pairs) != len(set(pairs)):
            raise serializers.ValidationError(_("同一优先级与指标只能有一个目标。"))
        return value


class PolicyViewSet(WriteViewSet):
    """时效策略：位置最小且匹配的一条生效。"""

    queryset = SLAPolicy.objects.prefetch_related("targets")
    visible_to_all = True
    serializer_class = PolicySerializer
    ordering = ("position", "id")
    required_permissions = {
        "list": "tickets.view_slapolicy",
        "retrieve": "tickets.view_slapolicy",
        "create": "tickets.add_slapolicy",
        "partial_update": "tickets.change_slapolicy",
    }

    @extend_schema(
        examples=[
            example(
                "投诉两小时首响",
                {
                    "name": "投诉",
                    "position": 10,
                    "condition": {"field": "type", "op": "eq", "value": "complaint"},
                    "calendar": 1,
                    "targets": [
                        {"priority": "normal", "metric": "first_response", "seconds": 7200, "warn_at": [0.5, 0.8]}
                    ],
                },
                request_only=True,
            )
        ]
    )
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> SLAPolicy:
        return rules.save_policy(policy=None, actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: SLAPolicy, serializer: Any) -> SLAPolicy:
        return rules.save_policy(policy=instance, actor=self.request.user, values=serializer.validated_data)


class RoutingRuleSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    name = CleanCharField(max_length=NAME)
    position = serializers.IntegerField(min_value=0, max_value=LARGEST)
    condition = ConditionField(required=False)
    queue = CleanCharField(max_length=NAME, help_text=_("队列的代号、编号或名称"))
    priority = serializers.ChoiceField(Priority.choices, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)

    def validate_queue(self, value: str) -> Queue:
        return catalogue.queue_for(value)

    def to_representation(self, instance: RoutingRule) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "name": instance.name,
            "position": instance.position,
            "condition": instance.condition,
            "queue": instance.queue.key,
            "priority": instance.priority,
            "is_active": instance.is_active,
        }


class PreviewInputSerializer(StrictSerializer):
    condition = ConditionField()


class PreviewSerializer(serializers.Serializer):
    sentence = serializers.CharField(help_text=_("条件读作一句话"))
    matches = serializers.IntegerField(help_text=_("最近的工单里有多少条匹配"))
    looked_at = serializers.IntegerField(help_text=_("看了多少条"))
    examples = serializers.ListField(child=serializers.CharField(), help_text=_("匹配的工单号"))


@extend_schema_view(
    create=extend_schema(
        examples=[
            example(
                "紧急投诉",
                {"name": "紧急投诉", "position": 5, "condition": CONDITION_EXAMPLE, "queue": "complaints"},
                request_only=True,
            )
        ]
    )
)
class RoutingRuleViewSet(WriteViewSet):
    """分派规则：位置最小且匹配的一条决定队列。"""

    queryset = RoutingRule.objects.select_related("queue")
    visible_to_all = True
    serializer_class = RoutingRuleSerializer
    serializer_classes = {"preview": PreviewInputSerializer}
    ordering = ("position", "id")
    required_permissions = {
        "list": "tickets.view_routingrule",
        "retrieve": "tickets.view_routingrule",
        "create": "tickets.add_routingrule",
        "partial_update": "tickets.change_routingrule",
        "preview": "tickets.view_routingrule",
    }

    def create_instance(self, serializer: Any) -> RoutingRule:
        return rules.save_rule(rule=None, actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: RoutingRule, serializer: Any) -> RoutingRule:
        return rules.save_rule(rule=instance, actor=self.request.user, values=serializer.validated_data)

    @extend_schema(
        request=PreviewInputSerializer,
        responses=PreviewSerializer,
        examples=[example("紧急投诉", {"condition": CONDITION_EXAMPLE}, request_only=True)],
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        found = rules.preview(condition=self.validated()["condition"], user=request.user)
        return Response(PreviewSerializer(found).data)
