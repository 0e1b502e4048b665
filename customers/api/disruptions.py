"""Service disruptions over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from customers.choices import OrderStatus
from customers.disruptions import running
from customers.models import Disruption, DisruptionOrder, DisruptionUpdate, Shop
from customers.recall_choices import PlanKind
from customers.services.validation import field_error
from customers.shipments.carriers import carrier_named

CREATE_EXAMPLE = example(
    "仓库停电",
    {
        "title": "杭州仓停电",
        "reason": "杭州仓停电，发货延迟两天",
        "shop": "mht-own",
        "statuses": ["paid"],
        "ordered_from": "2026-11-14T00:00:00+08:00",
        "ordered_to": "2026-11-16T00:00:00+08:00",
        "plan": "fixed",
        "amount": "10.00",
        "alternatives": ["改发其他仓", "取消订单并全额退款"],
    },
    request_only=True,
)
UPDATE_EXAMPLE = example("进展", {"text": "预计明早恢复发货。"}, request_only=True)
CHOICE_EXAMPLE = example("客户选择", {"choice": "改发其他仓"}, request_only=True)


class DisruptionUpdateSerializer(serializers.ModelSerializer):
    class Meta:
        model = DisruptionUpdate
        fields = ("id", "text", "tells_customers", "author", "published_at")


class DisruptionSerializer(serializers.ModelSerializer):
    """服务中断：影响范围、进展与补偿方案。"""

    shop = serializers.SlugRelatedField(slug_field="key", read_only=True, allow_null=True)  # type: ignore[var-annotated]
    carrier = serializers.SlugRelatedField(  # type: ignore[var-annotated]
        slug_field="key", read_only=True, allow_null=True
    )
    updates = DisruptionUpdateSerializer(many=True, read_only=True)

    class Meta:
        model = Disruption
        fields = (
            "id",
            "title",
            "reason",
            "shop",
            "sku",
            "carrier",
            "statuses",
            "ordered_from",
            "ordered_to",
            "plan",
            "amount",
            "share",
            "cap",
            "alternatives",
            "status",
            "is_drill",
            "owner",
            "updates",
            "started_at",
            "plan_applied_at",
            "closed_at",
            "created_at",
        )


class DisruptionCreateSerializer(StrictSerializer):
    title = CleanCharField(max_length=100)
    reason = CleanCharField(max_length=running.MAX_REASON, multiline=True)
    shop = CleanCharField(max_length=100, required=False, help_text=lazy("店铺编码"))
    sku = CleanCharField(max_length=100, required=False, allow_blank=True)
    carrier = CleanCharField(max_length=60, required=False, help_text=lazy("快递公司的编码或名称"))
    statuses = serializers.ListField(
        child=serializers.ChoiceField(OrderStatus.choices), required=False, allow_empty=False, max_length=7
    )
    ordered_from = MomentField()
    ordered_to = MomentField()
    plan = serializers.ChoiceField(PlanKind.choices, required=False)
    amount = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0, required=False)
    share = serializers.DecimalField(max_digits=5, decimal_places=4, min_value=0, required=False)
    cap = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0, required=False)
    alternatives = serializers.ListField(child=CleanCharField(max_length=60), required=False, max_length=8)
    is_drill = serializers.BooleanField(required=False)


class DisruptionPublishSerializer(StrictSerializer):
    text = CleanCharField(max_length=running.MAX_UPDATE, multiline=True)
    tells_customers = serializers.BooleanField(required=False)


class DisruptionAppliedSerializer(serializers.Serializer):
    """方案执行的结果。"""

    orders = serializers.IntegerField()
    applied = serializers.IntegerField()
    chosen = serializers.IntegerField(help_text=lazy("已选择方案的订单"))
    total = serializers.DecimalField(max_digits=14, decimal_places=2)


class DisruptionChoiceSerializer(StrictSerializer):
    choice = CleanCharField(max_length=60)


class DisruptionOrderSerializer(serializers.ModelSerializer):
    order_no = serializers.CharField(source="order.order_no")

    class Meta:
        model = DisruptionOrder
        fields = ("id", "order", "order_no", "amount", "applied_at", "choice", "chosen_at")


class DisruptionViewSet(CreateMixin, ReadViewSet):
    """大面积服务中断：告知进展，每张订单只补偿一次，并提供其他方案。"""

    queryset = Disruption.objects.select_related("shop", "carrier").prefetch_related("updates")
    read_serializer_class = DisruptionSerializer
    serializer_class = DisruptionCreateSerializer
    serializer_classes = {"updates": DisruptionPublishSerializer, "choose": DisruptionChoiceSerializer}
    required_permissions = {
        "list": "customers.view_disruption",
        "retrieve": "customers.view_disruption",
        "figures": "customers.view_disruption",
        "create": "customers.add_disruption",
        "start": "customers.start_disruption",
        "updates": "customers.start_disruption",
        "plan": "customers.start_disruption",
        "close": "customers.start_disruption",
        "choose": "customers.handle_disruption",
    }

    @extend_schema(examples=[CREATE_EXAMPLE], request=DisruptionCreateSerializer, responses={201: DisruptionSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Disruption:
        values = dict(serializer.validated_data)
        if "shop" in values:
            key = values["shop"]
            values["shop"] = Shop.objects.filter(key=key).first()
            if values["shop"] is None:
                raise field_error("shop", _("没有这个店铺：%(key)s。") % {"key": key})
        if "carrier" in values:
            values["carrier"] = carrier_named(values["carrier"])
        return running.create_disruption(actor=self.request.user, values=values)

    @extend_schema(request=None, responses=DisruptionSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """启动：固定受影响的订单。"""
        self.nothing_given()
        running.start_disruption(disruption=self.get_object(), actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(examples=[UPDATE_EXAMPLE], request=DisruptionPublishSerializer, responses=DisruptionSerializer)
    @action(detail=True, methods=["post"])
    def updates(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """发布进展；受影响的客户各收到一次。"""
        running.publish_update(disruption=self.get_object(), actor=request.user, **self.validated())
        return self.shown(self.get_object())

    @extend_schema(request=None, responses=DisruptionAppliedSerializer)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """执行补偿方案，每张订单一次；再次执行会被拒绝。"""
        self.nothing_given()
        row = self.get_object()
        running.apply_plan(disruption=row, actor=request.user)
        return Response(DisruptionAppliedSerializer(running.figures_of(row)).data)

    @extend_schema(request=None, responses=DisruptionSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """结束。"""
        self.nothing_given()
        running.close_disruption(disruption=self.get_object(), actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(responses=DisruptionAppliedSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def figures(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """受影响、已补偿、已选择方案的订单与补偿合计。"""
        return Response(DisruptionAppliedSerializer(running.figures_of(self.get_object())).data)

    @extend_schema(
        examples=[CHOICE_EXAMPLE],
        parameters=[OpenApiParameter("order", int, OpenApiParameter.PATH)],
        request=DisruptionChoiceSerializer,
        responses=DisruptionOrderSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"orders/(?P<order>[0-9]{1,18})")
    def choose(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记一张订单的客户选择；地址里是订单编号。"""
        rows: QuerySet[Any] = DisruptionOrder.objects.visible_to(request.user).filter(disruption=self.get_object())
        row = rows.filter(order=int(kwargs["order"])).first()
        if row is None:
            raise Http404
        chosen = running.choose_alternative(disruption_order=row, actor=request.user, **self.validated())
        return Response(DisruptionOrderSerializer(chosen).data)
