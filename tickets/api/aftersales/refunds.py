"""Refunds over HTTP."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.api.viewsets import CreateMixin, ReadViewSet
from tickets.aftersales_choices import RefundStatus
from tickets.api.aftersales import shapes
from tickets.api.compensations import PayoutReasonSerializer
from tickets.models import Refund, Ticket
from tickets.services import refunds

ASK = {"order": "TB20261101001", "amount": "129.00", "reason": "七日无理由退货"}


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
    }
    required_permissions = {
        "list": "tickets.view_refund",
        "retrieve": "tickets.view_refund",
        "create": "tickets.add_refund",
        "pay": "tickets.pay_refund",
        "fail": "tickets.pay_refund",
        "reverse": "tickets.pay_refund",
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
