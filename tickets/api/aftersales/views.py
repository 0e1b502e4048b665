"""After-sales requests over HTTP: apply, one verb for each step, and the returns table."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.schema import example
from core.api.viewsets import CreateMixin, ReadViewSet
from tickets.aftersales_choices import (
    AfterSalesKind,
    AfterSalesReason,
    AfterSalesState,
    ExperimentKind,
    GreenOption,
)
from tickets.api.aftersales import shapes
from tickets.eligibility import Facts
from tickets.models import AfterSales, Ticket
from tickets.services.aftersales import accepting, applying, deciding, eligibility, warranties

APPLY = {
    "ticket": "26112100012345",
    "order": "TB20261101001",
    "order_item": 12,
    "kind": "return_refund",
    "reason": "no_reason",
    "category": "clothing",
    "condition": "intact",
}
ELIGIBILITY = {
    "category": "clothing",
    "signed_at": "2026-11-09T15:00:00+08:00",
    "requested_at": "2026-11-16T23:59:00+08:00",
    "reason": "no_reason",
    "condition": "intact",
}


class AfterSalesFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    order = django_filters.CharFilter(field_name="order__order_no", max_length=100)
    kind = django_filters.ChoiceFilter(choices=AfterSalesKind.choices)
    reason = django_filters.ChoiceFilter(choices=AfterSalesReason.choices)
    state = django_filters.MultipleChoiceFilter(choices=AfterSalesState.choices, distinct=False)
    overdue = django_filters.BooleanFilter(method="only_overdue", label=_("已超时"))
    green = django_filters.ChoiceFilter(choices=GreenOption.choices)
    experiment = django_filters.ChoiceFilter(choices=ExperimentKind.choices)

    class Meta:
        model = AfterSales
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))

    def only_overdue(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(due_at__lt=clock.now()) if value else rows.exclude(due_at__lt=clock.now())


class AfterSalesViewSet(CreateMixin, ReadViewSet):
    """售后：申请、受理、到仓、验货、决定、执行、反馈、评价；随时限推进。"""

    queryset = AfterSales.objects.for_list()
    read_serializer_class = shapes.AfterSalesDetailSerializer
    serializer_classes = {
        "list": shapes.AfterSalesSerializer,
        "create": shapes.ApplySerializer,
        "eligibility": shapes.EligibilityInputSerializer,
        "accept": shapes.NoteSerializer,
        "refuse": shapes.GivenReasonSerializer,
        "receive": shapes.NoteSerializer,
        "inspect": shapes.InspectSerializer,
        "decide": shapes.DecideSerializer,
        "complete": shapes.CompleteSerializer,
        "feedback": shapes.FeedbackSerializer,
        "evaluate": shapes.EvaluateSerializer,
        "switch": shapes.SwitchSerializer,
        "cancel": shapes.GivenReasonSerializer,
    }
    required_permissions = {
        "list": "tickets.view_aftersales",
        "retrieve": "tickets.view_aftersales",
        "eligibility": "tickets.view_aftersales",
        "create": "tickets.add_aftersales",
        "accept": "tickets.change_aftersales",
        "refuse": "tickets.decide_aftersales",
        "receive": "tickets.change_aftersales",
        "inspect": "tickets.inspect_aftersales",
        "decide": "tickets.decide_aftersales",
        "complete": "tickets.change_aftersales",
        "feedback": "tickets.change_aftersales",
        "evaluate": "tickets.change_aftersales",
        "switch": "tickets.change_aftersales",
        "cancel": "tickets.change_aftersales",
    }
    filterset_class = AfterSalesFilter
    ordering_options = {"-id": ("-id",), "due": ("due_at", "id"), "id": ("id",)}

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if self.action == "list":
            return rows
        return rows.select_related("inspection__inspector").prefetch_related(
            "steps__actor", "refunds__order", "refunds__ticket", "refunds__requested_by", "refunds__paid_by",
            "inspection__message__attachments",
        )  # fmt: skip

    @extend_schema(
        request=shapes.ApplySerializer,
        responses={201: shapes.AfterSalesDetailSerializer},
        examples=[example("七日无理由退货", APPLY, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记售后申请。资格不允许的方案 409 not_offered，并说明原因。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> AfterSales:
        data = {name: value for name, value in serializer.validated_data.items() if value is not None}
        named = {name: data.pop(name) for name in ("ticket", "order", "order_item", "exception") if name in data}
        made = applying.apply(actor=self.request.user, wish=applying.Wish(**data), **named)  # type: ignore[arg-type]
        return self.get_queryset().get(pk=made.pk)  # type: ignore[no-any-return]

    @extend_schema(
        request=shapes.EligibilityInputSerializer,
        responses=shapes.EligibilitySerializer,
        examples=[example("第七日 23:59", ELIGIBILITY, request_only=True)],
    )
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def eligibility(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """按法律与承诺判定能否退换修，不写入任何记录。缺签收时间不计算；类目不明由人工判定。"""
        data = dict(self.validated())
        item = data.pop("order_item")
        if item is not None and data["signed_at"] is None:
            data["signed_at"] = item.order.signed_at
        data["requested_at"] = data["requested_at"] or clock.now()
        data["repairs"] += warranties.repairs_of(item)
        found = eligibility.kept(eligibility.judged(Facts(**data)))
        return Response(shapes.EligibilitySerializer(eligibility.shown(found)).data)

    def _step(self, verb: Any, **extra: Any) -> Response:
        found = self.get_object()
        verb(request=found, actor=self.request.user, **self.validated(), **extra)
        return self.shown(self.get_object())

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """受理。换货超出当日授权额度的转为审批。"""
        return self._step(accepting.accept)

    @extend_schema(request=shapes.GivenReasonSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """拒绝并说明理由；依法应当办理的不能拒绝。"""
        return self._step(deciding.refuse)

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记退货到仓，法定退款期限从此起算。"""
        return self._step(accepting.receive)

    @extend_schema(
        request=shapes.InspectSerializer,
        responses=shapes.AfterSalesDetailSerializer,
        examples=[example("完好", {"result": "intact", "photos": [31]}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def inspect(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记验货结果与照片（先上传附件）。"""
        return self._step(accepting.inspect)

    @extend_schema(
        request=shapes.DecideSerializer,
        responses=shapes.AfterSalesDetailSerializer,
        examples=[example("退款", {"amount": "129.00"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """决定办理。退回的商品先验货；退款不低于法定下限、不超过实付减已退。"""
        return self._step(deciding.decide)

    @extend_schema(request=shapes.CompleteSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记已执行。"""
        found = self.get_object()
        deciding.complete(request=found, actor=request.user, values=self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())

    @extend_schema(request=shapes.FeedbackSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def feedback(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记已反馈客户。"""
        return self._step(deciding.feedback)

    @extend_schema(request=shapes.EvaluateSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def evaluate(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记客户评价。"""
        return self._step(deciding.evaluate)

    @extend_schema(request=shapes.SwitchSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """中途改方案，原方案留在步骤里。"""
        return self._step(deciding.switch)

    @extend_schema(request=shapes.GivenReasonSerializer, responses=shapes.AfterSalesDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """客户撤销申请。"""
        return self._step(deciding.cancel)
