"""/api/v1/legal-deadlines/ and /api/v1/legal-rules/"""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet, UpdateMixin
from tickets.api.legal.cases import of_ticket
from tickets.api.legal.shapes import Masked, TicketField
from tickets.models import LegalClock, LegalRule
from tickets.services.legal import clocks, rules

CLOCK_EXAMPLE = {
    "ticket": "26112100012345",
    "rule": "refund.after_receipt",
    "started_at": "2026-11-20T15:00:00+08:00",
}
EXPLAIN_EXAMPLE = {"cause": "通知寄到旧地址，四天后才看到", "remedy": "已电话说明并当日提交；变更登记地址"}


class LegalClockSerializer(Masked, serializers.ModelSerializer):
    """一个法定时限。due_at 为空时见 problem（如“日历未维护”）；is_provisional 为真时暂按收到时间估算。"""

    rule = serializers.CharField(source="rule.code")
    what = serializers.CharField(source="title")
    ticket_number = serializers.CharField(source="ticket.number", allow_null=True, default=None)
    owner = PersonSerializer(allow_null=True)
    explained_by = PersonSerializer(allow_null=True)
    cause = serializers.SerializerMethodField()
    remedy = serializers.SerializerMethodField()

    class Meta:
        model = LegalClock
        fields = (
            "id", "rule", "what", "basis", "ticket", "ticket_number", "case", "amount", "unit", "clock", "is_ours",
            "is_provisional", "started_at", "due_at", "problem", "met_at", "missed_at", "dropped_at", "drop_reason",
            "cause", "remedy", "explained_by", "explained_at", "owner",
        )  # fmt: skip

    def get_cause(self, row: LegalClock) -> str:
        return self.words(row.cause)

    def get_remedy(self, row: LegalClock) -> str:
        return self.words(row.remedy)


class LegalDeadlineInputSerializer(StrictSerializer):
    """在工单上开始一个法定时限。规则见 /legal-rules/。"""

    ticket = TicketField()
    rule = CleanCharField(max_length=40)
    started_at = MomentField()


class LegalDeadlineMeetSerializer(StrictSerializer):
    """完成。晚于截止时间时须写明原因和补救。"""

    at = MomentField(required=False, allow_null=True)
    cause = CleanCharField(max_length=clocks.NOTE_LENGTH, multiline=True, required=False, allow_blank=True)
    remedy = CleanCharField(max_length=clocks.NOTE_LENGTH, multiline=True, required=False, allow_blank=True)


class LegalDeadlineExplainSerializer(StrictSerializer):
    cause = CleanCharField(max_length=clocks.NOTE_LENGTH, multiline=True)
    remedy = CleanCharField(max_length=clocks.NOTE_LENGTH, multiline=True)


class LegalDeadlineDropSerializer(StrictSerializer):
    reason = CleanCharField(max_length=clocks.REASON_LENGTH)


class ClockFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(
        method="by_state",
        choices=[
            ("running", gettext_lazy("进行中")),
            ("unexplained", gettext_lazy("错过待说明")),
            ("met", gettext_lazy("已完成")),
        ],
    )
    is_ours = django_filters.BooleanFilter()
    ticket = django_filters.CharFilter(method="by_ticket", max_length=20)
    rule = django_filters.CharFilter(field_name="rule__code", max_length=40)

    class Meta:
        model = LegalClock
        fields: list[str] = []

    def by_state(self, rows: Any, name: str, value: str) -> Any:
        if value == "running":
            return rows.running()
        return rows.to_explain() if value == "unexplained" else rows.filter(met_at__isnull=False)

    def by_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


class LegalDeadlineViewSet(CreateMixin, ReadViewSet):
    """法定时限：按剩余时间排列；错过的须写明原因和补救。"""

    queryset = LegalClock.objects.for_list()
    serializer_class = LegalDeadlineInputSerializer
    read_serializer_class = LegalClockSerializer
    serializer_classes = {
        "meet": LegalDeadlineMeetSerializer,
        "explain": LegalDeadlineExplainSerializer,
        "drop": LegalDeadlineDropSerializer,
    }
    filterset_class = ClockFilter
    ordering = ("due_at", "id")
    ordering_options = {"due_at": ("due_at", "id"), "-due_at": ("-due_at", "-id")}
    required_permissions = {
        "list": "tickets.view_legalclock",
        "retrieve": "tickets.view_legalclock",
        "create": "tickets.add_legalclock",
        "meet": "tickets.change_legalclock",
        "explain": "tickets.explain_legalclock",
        "drop": "tickets.explain_legalclock",
    }

    @extend_schema(
        request=LegalDeadlineInputSerializer,
        responses={201: LegalClockSerializer},
        examples=[example("收到退货后退款", CLOCK_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """在工单上开始一个法定时限；同一规则在同一工单上只有一个。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> LegalClock:
        data = serializer.validated_data
        made = clocks.start_clock(
            rule=data["rule"],
            key=f"ticket:{data['ticket'].pk}",
            ticket=data["ticket"],
            started_at=data["started_at"],
            actor=self.request.user,  # type: ignore[arg-type]
        )
        return self._fresh(made)

    def _fresh(self, row: LegalClock) -> LegalClock:
        found: LegalClock = self._all_rows().get(pk=row.pk)
        return found

    @extend_schema(
        request=LegalDeadlineMeetSerializer,
        responses=LegalClockSerializer,
        examples=[example("已退款", {"at": "2026-11-24T16:20:00+08:00"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def meet(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记完成；晚了须同时写明原因和补救。"""
        row = self.get_object()
        return self.shown(self._fresh(clocks.meet(clock=row, actor=request.user, **self.validated())))  # type: ignore[arg-type]

    @extend_schema(
        request=LegalDeadlineExplainSerializer,
        responses=LegalClockSerializer,
        examples=[example("说明", EXPLAIN_EXAMPLE, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def explain(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """写明错过的原因和补救。"""
        row = self.get_object()
        return self.shown(self._fresh(clocks.explain(clock=row, actor=request.user, **self.validated())))  # type: ignore[arg-type]

    @extend_schema(
        request=LegalDeadlineDropSerializer,
        responses=LegalClockSerializer,
        examples=[example("不适用", {"reason": "客户已撤回退货"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """这个时限不再适用。"""
        row = self.get_object()
        return self.shown(self._fresh(clocks.drop(clock=row, actor=request.user, **self.validated())))  # type: ignore[arg-type]


class LegalRuleSerializer(StrictModelSerializer):
    """一条时限规则：来源、生效日期、可信度。规则仅供内部参考，以最新法律与平台规则为准。"""

    platform = serializers.CharField(read_only=True)
    provisional = serializers.CharField(read_only=True)

    class Meta:
        model = LegalRule
        fields = (
            "id", "code", "title", "amount", "unit", "clock", "opens_minute", "closes_minute", "is_extended", "warns",
            "starts", "provisional", "authorities", "platform", "is_ours", "source_title", "source_article",
            "source_url", "effective_from", "effective_to", "confidence", "checked_on", "is_active", "updated_at",
        )  # fmt: skip
        read_only_fields = ("code", "starts", "provisional", "authorities", "platform", "is_ours", "updated_at")


class LegalRuleViewSet(UpdateMixin, ReadViewSet):
    """法定与平台时限规则；修改只影响以后开始的时限。"""

    queryset = LegalRule.objects.all()
    visible_to_all = True
    serializer_class = LegalRuleSerializer
    ordering = ("code", "id")
    required_permissions = {
        "list": "tickets.view_legalrule",
        "retrieve": "tickets.view_legalrule",
        "partial_update": "tickets.change_legalrule",
    }

    def get_queryset(self) -> Any:
        if not getattr(self, "swagger_fake_view", False):
            rules.load_presets()
        return super().get_queryset()

    @extend_schema(
        request=LegalRuleSerializer,
        responses=LegalRuleSerializer,
        examples=[example("改为 3 个工作日", {"amount": 3, "warns": [2]}, request_only=True)],
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """修改规则；已开始的时限不变。"""
        return super().partial_update(request, *args, **kwargs)

    def update_instance(self, instance: Any, serializer: Any) -> LegalRule:
        return rules.save_rule(rule=instance, actor=self.request.user, values=serializer.validated_data)  # type: ignore[arg-type]
