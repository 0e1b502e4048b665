"""Refunds over HTTP."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import django_filters
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from tickets.aftersales_choices import RefundStatus
from tickets.api.aftersales import shapes
from tickets.api.compensations import PayoutReasonSerializer
from tickets.models import Refund, Ticket
from tickets.services import refunds
from tickets.services.reconciliation import report

ASK = {"order": "TB20261101001", "amount": "129.00", "reason": "七日无理由退货"}


RECONCILE = {
    "start_on": "2026-11-01",
    "end_on": "2026-11-30",
    "statement": [{"reference": "TK000001", "amount": "129.00"}],
}
MOST_LINES = 5000


class StatementLineSerializer(StrictSerializer):
    reference = CleanCharField(max_length=100)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0)


class ReconcileSerializer(StrictSerializer):
    """对账的日期范围（含首尾，最长 92 天）；statement 为对账单各笔的流水号与金额。"""

    start_on = serializers.DateField()
    end_on = serializers.DateField()
    statement = serializers.ListField(
        child=StatementLineSerializer(), required=False, allow_null=True, max_length=MOST_LINES
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("start_on", "end_on"):
            if not date(2000, 1, 1) <= attrs[name] <= date(2100, 1, 1):
                raise serializers.ValidationError({name: [_("日期须在 2000 年到 2100 年之间。")]})
        return attrs


class TotalSerializer(serializers.Serializer):
    kind = serializers.CharField()
    status = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=16, decimal_places=2)


class DifferenceSerializer(serializers.Serializer):
    """一处差异：expected 系统金额，found 对账单金额。"""

    code = serializers.CharField()
    what = serializers.CharField()
    kind = serializers.CharField(source="line.kind", default="")
    id = serializers.IntegerField(source="line.id", allow_null=True, default=None)
    ticket_number = serializers.CharField(source="line.ticket_number", default="")
    reference = serializers.CharField()
    expected = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)
    found = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)


class ReconciliationSerializer(serializers.Serializer):
    totals = TotalSerializer(many=True)
    differences = DifferenceSerializer(many=True)


class RefundFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    order = django_filters.CharFilter(field_name="order__order_no", max_length=100)
    status = django_filters.ChoiceFilter(choices=RefundStatus.choices)

    class Meta:
        model = Refund
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))


class RefundViewSet(CreateMixin, ReadViewSet):
    """退款：不超过实付减已退；打款只生效一次，失败可再打，冲正后不再计入。"""

    queryset = Refund.objects.for_list()
    read_serializer_class = shapes.RefundSerializer
    serializer_classes = {
        "create": shapes.RefundInputSerializer,
        "pay": shapes.ReferenceSerializer,
        "fail": PayoutReasonSerializer,
        "reverse": PayoutReasonSerializer,
        "reconciliation": ReconcileSerializer,
    }
    required_permissions = {
        "list": "tickets.view_refund",
        "retrieve": "tickets.view_refund",
        "create": "tickets.add_refund",
        "pay": "tickets.pay_refund",
        "fail": "tickets.pay_refund",
        "reverse": "tickets.pay_refund",
        "reconciliation": "tickets.view_reconciliation",
    }
    filterset_class = RefundFilter

    @extend_schema(
        request=shapes.RefundInputSerializer,
        responses={201: shapes.RefundSerializer},
        examples=[example("退款", ASK, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """提出退款。超出可退金额 409 exceeds_paid，附实付、已退与可退。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Refund:
        return refunds.ask(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(request=shapes.ReferenceSerializer, responses=shapes.RefundSerializer)
    @action(detail=True, methods=["post"])
    def pay(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记已退款，只生效一次；重复请求返回第一次的结果。"""
        found = self.get_object()
        return self.shown(refunds.pay(refund=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(request=PayoutReasonSerializer, responses=shapes.RefundSerializer)
    @action(detail=True, methods=["post"])
    def fail(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记退款失败，可以再次打款。"""
        found = self.get_object()
        return self.shown(refunds.fail(refund=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(request=PayoutReasonSerializer, responses=shapes.RefundSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """冲正：款项退回或作废，之后不再计入已退。"""
        found = self.get_object()
        return self.shown(refunds.reverse(refund=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(
        request=ReconcileSerializer,
        responses=ReconciliationSerializer,
        examples=[example("与对账单比对", RECONCILE, request_only=True)],
    )
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def reconciliation(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """对账：一段日期内退款与补偿的合计与差异；给出对账单则逐笔比对。不写入任何记录。"""
        data = self.validated()
        first, last = data["start_on"], data["end_on"] + timedelta(days=1)
        start, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in (first, last))
        statement: dict[str, Decimal] | None = None
        if data.get("statement") is not None:
            statement = {}
            for line in data["statement"]:
                statement[line["reference"]] = statement.get(line["reference"], Decimal(0)) + line["amount"]
        found = report(user=request.user, start=start, end=end, statement=statement)  # type: ignore[arg-type]
        return Response(ReconciliationSerializer(found).data)
