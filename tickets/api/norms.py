"""Service norms per stage, and where they were not met, over HTTP."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet, WriteViewSet
from core.conditions import ConditionError, FieldSet, parse
from core.errors import InvalidInput
from tickets.api.filters import KeyFilter
from tickets.choices import BreachKind, BreachSource, NormStage
from tickets.models import NormBreach, Queue, StageNorm, Ticket
from tickets.services.facts import TICKET_FIELDS
from tickets.services.norms import breaches, configuring
from tickets.services.norms.facts import NORM_FIELDS

NAME, SENTENCE = 100, 500
FIRST_REPLY = {
    "all": [
        {"field": "reply.greets", "op": "eq", "value": True},
        {"field": "reply.commits", "op": "eq", "value": True},
        {"field": "insults", "op": "eq", "value": 0},
    ]
}
NORM_EXAMPLE = {
    "stage": "accepted",
    "name": "首次回复规范",
    "standard": "先问候，再告诉客户什么时候有结果。",
    "requirement": FIRST_REPLY,
}


class RuleField(serializers.JSONField):
    """A condition over the given fields; {} asks nothing. A fault names its place."""

    def __init__(self, fields: FieldSet, **kwargs: Any) -> None:
        self.known = fields
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            parse(value, self.known)
        except ConditionError as error:
            raise serializers.ValidationError(str(error)) from error
        return value


class TargetShownSerializer(serializers.Serializer):
    policy = serializers.CharField()
    priority = serializers.CharField()
    metric = serializers.CharField()
    seconds = serializers.IntegerField()


class NormSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    stage = serializers.ChoiceField(NormStage.choices)
    name = CleanCharField(max_length=NAME)
    standard = CleanCharField(max_length=SENTENCE, required=False, allow_blank=True)
    scope = RuleField(TICKET_FIELDS, required=False, help_text=_("适用工单；字段同时效策略"))
    requirement = RuleField(NORM_FIELDS, required=False, help_text=_("达标条件；{} 只由人工评判"))
    seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=366 * 86400,
        help_text=_("只用于反馈与评价，从解决时起算的目标秒数"),
    )
    is_active = serializers.BooleanField(required=False)
    targets = serializers.SerializerMethodField(help_text=_("该阶段的目标时间，取自时效策略"))

    def get_targets(self, norm: StageNorm) -> list[dict[str, Any]]:
        return configuring.targets_of(norm.stage)


class NormPreviewInputSerializer(StrictSerializer):
    stage = serializers.ChoiceField(NormStage.choices)
    scope = RuleField(TICKET_FIELDS, required=False, default=dict)
    requirement = RuleField(NORM_FIELDS)


class NormPreviewSerializer(serializers.Serializer):
    class Found(serializers.Serializer):
        number = serializers.CharField()
        reason = serializers.CharField()

    sentence = serializers.CharField(help_text=_("条件读作一句话"))
    breaches = serializers.IntegerField(help_text=_("最近结束该阶段的工单里有多少张不达标"))
    looked_at = serializers.IntegerField(help_text=_("看了多少张适用工单"))
    examples = Found(many=True)


@extend_schema_view(
    create=extend_schema(examples=[example("首次回复规范", NORM_EXAMPLE, request_only=True)]),
)
class StageNormViewSet(WriteViewSet):
    """服务规范：每个阶段的质量项；目标时间取自时效策略。"""

    model = StageNorm
    visible_to_all = True
    serializer_class = NormSerializer
    ordering = ("id",)
    required_permissions = {
        "list": "tickets.view_stagenorm",
        "retrieve": "tickets.view_stagenorm",
        "create": "tickets.add_stagenorm",
        "partial_update": "tickets.change_stagenorm",
        "preview": "tickets.change_stagenorm",
    }
    serializer_classes = {"preview": NormPreviewInputSerializer}

    def create_instance(self, serializer: Any) -> StageNorm:
        return configuring.save_norm(norm=None, actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: StageNorm, serializer: Any) -> StageNorm:
        return configuring.save_norm(norm=instance, actor=self.request.user, values=serializer.validated_data)

    @extend_schema(
        request=NormPreviewInputSerializer,
        responses=NormPreviewSerializer,
        examples=[example("首次回复规范", {"stage": "accepted", "requirement": FIRST_REPLY}, request_only=True)],
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        found = configuring.preview(user=request.user, **self.validated())
        return Response(NormPreviewSerializer(found).data)


class BreachFilter(django_filters.FilterSet):
    stage = django_filters.ChoiceFilter(choices=NormStage.choices)
    kind = django_filters.ChoiceFilter(choices=BreachKind.choices)
    source = django_filters.ChoiceFilter(choices=BreachSource.choices)
    assignee = django_filters.NumberFilter(field_name="assignee_id", min_value=1, max_value=2**63 - 1, decimal_places=0)
    queue = KeyFilter(queryset=Queue.objects.all())
    withdrawn = django_filters.BooleanFilter(field_name="withdrawn_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = NormBreach
        fields: list[str] = []


# `from` is a word of the language, so these two cannot be written as attributes.
BreachFilter.base_filters["from"] = django_filters.IsoDateTimeFilter(
    field_name="at", lookup_expr="gte", label=_("从（含）")
)
BreachFilter.base_filters["to"] = django_filters.IsoDateTimeFilter(
    field_name="at", lookup_expr="lt", label=_("到（不含）")
)


class NormBreachSerializer(serializers.ModelSerializer):
    number = serializers.CharField(source="ticket.number")
    title = serializers.CharField(help_text=_("时效指标或质量项"))
    metric = serializers.SerializerMethodField(help_text=_("时效时钟的指标；其余为空"))
    queue = serializers.CharField(source="queue.key")

    class Meta:
        model = NormBreach
        fields = (
            "id",
            "ticket",
            "number",
            "stage",
            "kind",
            "source",
            "norm",
            "metric",
            "aftersales",
            "title",
            "at",
            "queue",
            "assignee",
            "reason",
            "marked_by",
            "objection",
            "objected_at",
            "withdrawn_at",
            "withdrawn_by",
            "withdrawal",
        )

    def get_metric(self, breach: NormBreach) -> str | None:
        return breach.sla_clock.metric if breach.sla_clock else None


class MarkSerializer(StrictSerializer):
    ticket = CleanCharField(max_length=20, help_text=_("工单的 id 或工单号"))
    norm = serializers.PrimaryKeyRelatedField(queryset=StageNorm.objects.filter(is_active=True))
    reason = CleanCharField(max_length=SENTENCE)


class ObjectionSerializer(StrictSerializer):
    note = CleanCharField(max_length=SENTENCE)


class WithdrawalSerializer(StrictSerializer):
    reason = CleanCharField(max_length=SENTENCE)


class NormBreachViewSet(CreateMixin, ReadViewSet):
    """未达标：时效与质量在同一清单里；撤销的仍可查，但不计数。"""

    queryset = NormBreach.objects.for_list().select_related("ticket")
    read_serializer_class = NormBreachSerializer
    serializer_class = MarkSerializer
    serializer_classes = {"objection": ObjectionSerializer, "withdrawal": WithdrawalSerializer}
    filterset_class = BreachFilter
    ordering = ("-at", "-id")
    required_permissions = {
        "list": "tickets.view_normbreach",
        "retrieve": "tickets.view_normbreach",
        "create": "tickets.judge_normbreach",
        "objection": "tickets.object_normbreach",
        "withdrawal": "tickets.judge_normbreach",
    }

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.select_related(None).select_related("ticket", "norm", "sla_clock", "aftersales", "queue")

    @extend_schema(
        request=MarkSerializer,
        responses={201: NormBreachSerializer},
        examples=[
            example("标记", {"ticket": "26112100012345", "norm": 1, "reason": "语气生硬，没有致歉"}, request_only=True)
        ],
    )
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> NormBreach:
        data = serializer.validated_data
        return breaches.mark(
            ticket=self._ticket(data["ticket"]), norm=data["norm"], actor=self.request.user, reason=data["reason"]
        )

    def _ticket(self, word: str) -> Ticket:
        ticket = Ticket.objects.visible_to(self.request.user).named(word).first()
        if ticket is None:
            sentence = str(_("没有这张工单。"))
            raise InvalidInput(sentence, fields={"ticket": [sentence]})
        return ticket  # type: ignore[no-any-return]

    @extend_schema(
        request=ObjectionSerializer,
        responses=NormBreachSerializer,
        examples=[example("异议", {"note": "当天系统故障，已报修"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def objection(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """当时的负责人提出异议。"""
        breach = self.get_object()
        breaches.object_to(breach=breach, actor=request.user, note=self.validated()["note"])
        return self.shown(self.get_object())

    @extend_schema(
        request=WithdrawalSerializer,
        responses=NormBreachSerializer,
        examples=[example("撤销", {"reason": "异议成立"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def withdrawal(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """撤销一条未达标，不再计数。"""
        breach = self.get_object()
        breaches.withdraw(breach=breach, actor=request.user, reason=self.validated()["reason"])
        return self.shown(self.get_object())
