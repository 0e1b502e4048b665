"""/api/v1/complaints/: complaints with who answers for them."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
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
from core.errors import Conflict
from core.procedures.models import ProcedureRun
from tickets.api import serializers as shapes
from tickets.api.filters import TicketFilter
from tickets.api.views import TicketViewSet
from tickets.choices import TicketType
from tickets.grading import levels
from tickets.models import ComplaintLevel, Ticket
from tickets.procedures import duty
from tickets.procedures.effect import effects_of
from tickets.procedures.kind import SUBJECT
from tickets.querysets import NUMBER_LENGTH
from tickets.services import intake

EXAMPLE = example(
    "客户投诉破损",
    {"channel": "taobao", "body": "收到的玻璃杯碎了两个，要求退款。", "order_no": "TB20261118001"},
    request_only=True,
)


class ComplaintSerializer(shapes.TicketSerializer):
    """投诉工单，附唯一的负责人与下一时限。`violation` 不为空时表示无人负责或没有下一时限。"""

    owner = PersonSerializer(allow_null=True)
    department = serializers.CharField()
    next_due_at = serializers.DateTimeField(allow_null=True)
    step = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)
    return_count = serializers.IntegerField()
    violation = serializers.ChoiceField(choices=[("", ""), *duty.REASONS.items()])
    level = serializers.CharField(allow_null=True)

    def to_representation(self, ticket: Ticket) -> dict[str, Any]:
        if not hasattr(ticket, "violation"):  # Just written, or beyond the caller's sight: read with its answers.
            ticket = duty.with_answers(Ticket.objects.filter(pk=ticket.pk)).for_list().get()
        answer = duty.answer_of(ticket)
        return super().to_representation(ticket) | {
            "owner": PersonSerializer(answer.owner).data if answer.owner is not None else None,
            "department": answer.department,
            "next_due_at": answer.next_due_at,
            "step": answer.step,
            "run": answer.run_id,
            "return_count": answer.return_count,
            "violation": answer.violation,
            "level": answer.level,
        }


class SolutionEffectSerializer(serializers.Serializer):
    """方案效果：承诺与实际、天数、成本、客户评价；还不知道的为 null。"""

    run = serializers.IntegerField(source="run.pk")
    solution = serializers.CharField()
    promised_amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    promised_on = serializers.DateField(allow_null=True)
    paid = serializers.DecimalField(max_digits=12, decimal_places=2)
    cost = serializers.DecimalField(max_digits=12, decimal_places=2)
    done_at = serializers.DateTimeField(allow_null=True)
    open_tasks = serializers.IntegerField()
    days = serializers.IntegerField(allow_null=True)
    is_late = serializers.BooleanField(allow_null=True)
    is_short = serializers.BooleanField()
    verdict = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)


class ComplaintCreateSerializer(shapes.TicketCreateSerializer):
    """投诉：类型固定为投诉，其余与工单相同。"""

    type = None
    attachments = None


class LevelChangeSerializer(StrictSerializer):
    """提高级别须写明原因；降低级别走降级审批。"""

    level = serializers.SlugRelatedField(  # type: ignore[var-annotated]
        slug_field="key", queryset=ComplaintLevel.objects.filter(is_active=True)
    )
    reason = CleanCharField(max_length=300, multiline=True)


class ComplaintFilter(TicketFilter):
    type = None
    level = django_filters.CharFilter(field_name="grade__level__key", max_length=40)
    violation = django_filters.BooleanFilter(method="only_violating", label=_("无人负责或没有下一时限"))

    def only_violating(self, rows: Any, name: str, value: bool) -> Any:
        if value:
            return duty.violating(rows)
        return rows.exclude(pk__in=duty.violating(Ticket.objects.all()).values("pk"))


class ComplaintViewSet(CreateMixin, ReadViewSet):
    """投诉：列表、查看、登记；每个未结投诉有唯一的负责人和下一时限。"""

    model = Ticket
    read_serializer_class = ComplaintSerializer
    serializer_classes = {"create": ComplaintCreateSerializer, "level": LevelChangeSerializer}
    required_permissions = {
        "list": "tickets.view_ticket",
        "retrieve": "tickets.view_ticket",
        "create": "tickets.add_ticket",
        "level": "tickets.escalate_ticket",
        "effect": "tickets.view_ticket",
    }
    filterset_class = ComplaintFilter
    ordering = ("-created_at", "-id")
    ordering_options = TicketViewSet.ordering_options

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        return duty.with_answers(rows.filter(type=TicketType.COMPLAINT).for_list()).prefetch_related("clocks", "tags")

    def lookup_filter(self, value: str) -> Q:
        """The id or the number, as for tickets."""
        is_number = len(value) == NUMBER_LENGTH and value.isascii() and value.isdigit()
        return Q(number=value) if is_number else super().lookup_filter(value)

    @extend_schema(
        examples=[EXAMPLE],
        request=ComplaintCreateSerializer,
        responses={201: ComplaintSerializer, 200: ComplaintSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记一件投诉；渠道加外部编号相同的只登记一次。"""
        data = dict(self.validated())
        given = intake.CustomerGiven(**data.pop("customer", {}))
        wanted = intake.Request(customer=given, **data | {"type": TicketType.COMPLAINT, "shop": data.get("shop") or ""})
        result = intake.receive(request=wanted, actor=request.user)
        stored = self.get_queryset().filter(pk=result.ticket.pk).first()
        if stored is None and not result.created:
            raise Conflict(_("该外部编号已受理，但您无权查看该工单。"), code="not_visible")
        return self.shown(stored or result.ticket, status_code=201 if result.created else 200)

    @extend_schema(
        request=LevelChangeSerializer,
        responses=ComplaintSerializer,
        examples=[example("定为重大投诉", {"level": "major", "reason": "客户住院"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def level(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """人工提高投诉级别。"""
        ticket = self.get_object()
        levels.set_level(ticket=ticket, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_queryset().filter(pk=ticket.pk).first() or ticket)

    @extend_schema(responses=SolutionEffectSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=None)
    def effect(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """方案的执行效果，每轮处理一条，新的在前。"""
        ticket = self.get_object()
        rows: Any = ProcedureRun.objects
        runs = list(rows.about(SUBJECT, ticket.pk).for_list().order_by("-id"))
        found = effects_of(runs)
        return Response(SolutionEffectSerializer([found[run.pk] for run in runs if run.pk in found], many=True).data)
