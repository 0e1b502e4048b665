"""Parcels, carriers, patience and exceptions over HTTP."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet, WriteViewSet
from customers.api.files import EXPORT_RIGHT, FileExchange, FileSerializer
from customers.api.filters import ID_RANGE
from customers.models import Carrier, Order, Shipment, ShipmentException, ShipmentNode, StallRule
from customers.outreach_choices import OutreachStatus
from customers.services.validation import field_error
from customers.shipment_choices import BY_ITSELF, ExceptionKind, ExceptionStatus, NodeKind, Resolution
from customers.shipments import carriers, exceptions, files, recording

BY_PEOPLE = [(one.value, one.label) for one in Resolution if one not in BY_ITSELF]
NODE = {"kind": "picked_up", "at": "2026-11-19T18:20:00+08:00", "place": "杭州余杭", "text": "快件已揽收"}
SHIPMENT_EXAMPLE = example(
    "发货与物流节点",
    {"shop": "tmall-flagship", "order_no": "TB20261118001", "carrier": "sf", "tracking_no": "SF1234567890123"}
    | {"nodes": [NODE]},
    request_only=True,
)
NODES_EXAMPLE = example(
    "新的节点", {"nodes": [NODE | {"kind": "in_transit", "text": "到达上海转运中心"}]}, request_only=True
)
RULE_EXAMPLE = example(
    "顺丰运输中 36 小时没有进展", {"carrier": "sf", "stage": "in_transit", "hours": 36}, request_only=True
)
RESOLVE_EXAMPLE = example("补发", {"resolution": "resend", "note": "已补发 SF1234567890999"}, request_only=True)


class CarrierSerializer(StrictModelSerializer):
    name = CleanCharField(max_length=60)
    pattern = CleanCharField(
        max_length=200, required=False, allow_blank=True, help_text=lazy("运单号须整个匹配的正则表达式；空表示不限")
    )
    example = CleanCharField(max_length=60, required=False, allow_blank=True)
    phone = CleanCharField(max_length=30, required=False, allow_blank=True)

    class Meta:
        model = Carrier
        fields = ("id", "key", "name", "pattern", "example", "phone", "is_active")
        read_only_fields = ("id",)
        extra_kwargs: ClassVar[dict[str, Any]] = {"key": {"validators": []}}

    def validate_key(self, value: str) -> str:
        if not value.isascii():
            raise serializers.ValidationError(_("编码只能用字母、数字、横线和下划线。"))
        return value


class CarrierViewSet(WriteViewSet):
    """快递公司与运单号格式。"""

    model = Carrier
    visible_to_all = True
    serializer_class = CarrierSerializer
    required_permissions = {
        "list": "customers.view_carrier",
        "retrieve": "customers.view_carrier",
        "create": "customers.add_carrier",
        "partial_update": "customers.change_carrier",
    }

    def create_instance(self, serializer: Any) -> Carrier:
        return carriers.save_carrier(carrier=None, actor=self.request.user, changes=serializer.validated_data)

    def update_instance(self, instance: Carrier, serializer: Any) -> Carrier:
        return carriers.save_carrier(carrier=instance, actor=self.request.user, changes=serializer.validated_data)


class StallRuleSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    carrier = serializers.CharField(
        source="carrier.key", allow_null=True, required=False, max_length=60, help_text=lazy("快递公司；空表示其余全部")
    )
    stage = serializers.ChoiceField(NodeKind.choices)
    hours = serializers.IntegerField(min_value=1, max_value=720)
    tells_customer = serializers.BooleanField(required=False, help_text=lazy("自动通知客户"))


class StallRuleViewSet(WriteViewSet):
    """多久没有进展算物流停滞，按快递公司与阶段。"""

    queryset = StallRule.objects.select_related("carrier")
    visible_to_all = True
    serializer_class = StallRuleSerializer
    required_permissions = {
        "list": "customers.view_stallrule",
        "retrieve": "customers.view_stallrule",
        "create": "customers.add_stallrule",
        "partial_update": "customers.change_stallrule",
    }

    @extend_schema(examples=[RULE_EXAMPLE])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> StallRule:
        return self._save(None, serializer.validated_data)

    def update_instance(self, instance: StallRule, serializer: Any) -> StallRule:
        return self._save(instance, serializer.validated_data)

    def _save(self, rule: StallRule | None, data: dict[str, Any]) -> StallRule:
        changes = dict(data)
        if "carrier" in changes:
            given = changes["carrier"]
            name = given.get("key") if isinstance(given, dict) else given
            changes["carrier"] = carriers.carrier_named(name) if name else None
        return carriers.save_stall_rule(rule=rule, actor=self.request.user, changes=changes)


class ShipmentNodeSerializer(StrictModelSerializer):
    at = MomentField()
    place = CleanCharField(max_length=100, required=False, allow_blank=True)
    text = CleanCharField(max_length=200, required=False, allow_blank=True)

    class Meta:
        model = ShipmentNode
        fields = ("kind", "at", "place", "text")


class ShipmentNodesSerializer(StrictSerializer):
    nodes = ShipmentNodeSerializer(many=True, allow_empty=False)


class ShipmentSerializer(serializers.ModelSerializer):
    """包裹：当前阶段与全部节点，新的在前。"""

    order_no = serializers.CharField(source="order.order_no")
    shop = serializers.CharField(source="order.shop.key")
    carrier = serializers.CharField(source="carrier.key")
    carrier_name = serializers.CharField(source="carrier.name")
    nodes = ShipmentNodeSerializer(many=True, read_only=True)

    class Meta:
        model = Shipment
        fields = (
            "id",
            "order",
            "order_no",
            "shop",
            "carrier",
            "carrier_name",
            "tracking_no",
            "stage",
            "place",
            "moved_at",
            "delivered_at",
            "nodes",
            "created_at",
        )


class ShipmentCreateSerializer(StrictSerializer):
    shop = CleanCharField(max_length=100, help_text=lazy("店铺编码"))
    order_no = CleanCharField(max_length=100)
    carrier = CleanCharField(max_length=60, help_text=lazy("快递公司的编码或名称"))
    tracking_no = CleanCharField(max_length=60)
    nodes = ShipmentNodeSerializer(many=True, required=False)


class ShipmentFilter(django_filters.FilterSet):
    order = django_filters.NumberFilter(field_name="order_id", **ID_RANGE)
    order_no = django_filters.CharFilter(field_name="order__order_no", max_length=100)
    tracking_no = django_filters.CharFilter(max_length=60, method="by_number")
    stage = django_filters.ChoiceFilter(choices=NodeKind.choices)

    class Meta:
        model = Shipment
        fields: list[str] = []

    def by_number(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(tracking_no=carriers.tracking.normalise(value))


class ShipmentViewSet(FileExchange, CreateMixin, ReadViewSet):
    """订单的包裹与物流轨迹。同一订单的同一运单号再次提交即补充节点。"""

    model = Shipment
    read_serializer_class = ShipmentSerializer
    serializer_class = ShipmentCreateSerializer
    serializer_classes = {"nodes": ShipmentNodesSerializer, "import_file": FileSerializer}
    filterset_class = ShipmentFilter
    required_permissions = {
        "list": "customers.view_shipment",
        "retrieve": "customers.view_shipment",
        "create": "customers.add_shipment",
        "nodes": "customers.add_shipment",
        "import_file": "customers.add_shipment",
        "export": EXPORT_RIGHT,
    }
    file_module = files
    file_kind = "shipment"

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("order__shop", "carrier").prefetch_related("nodes")

    @extend_schema(
        examples=[SHIPMENT_EXAMPLE],
        request=ShipmentCreateSerializer,
        responses={201: ShipmentSerializer, 200: ShipmentSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = dict(self.validated())
        orders = Order.objects.visible_to(request.user).select_related("shop", "customer")
        order = orders.filter(shop__key=data["shop"], order_no=data["order_no"]).first()
        if order is None:
            raise field_error("order_no", _("该店铺没有这张订单。"))
        shipment, created = recording.record_shipment(
            actor=request.user,
            order=order,
            carrier=carriers.carrier_named(data["carrier"]),
            tracking_no=data["tracking_no"],
            nodes=_nodes(data.get("nodes", [])),
        )
        row = self.get_queryset().get(pk=shipment.pk)
        return self.shown(row, status_code=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(examples=[NODES_EXAMPLE], request=ShipmentNodesSerializer, responses=ShipmentSerializer)
    @action(detail=True, methods=["post"], pagination_class=None, filterset_class=None)
    def nodes(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """补充物流节点；次序与重复都没有关系。"""
        row = self.get_object()
        recording.add_nodes(shipment=row, actor=request.user, nodes=_nodes(self.validated()["nodes"]))
        return self.shown(self.get_object())


def _nodes(given: list[dict[str, Any]]) -> list[recording.NodeValues]:
    return [recording.NodeValues(**one) for one in given]


class ShipmentExceptionSerializer(serializers.ModelSerializer):
    """物流异常与它的待办：通知了没有、提供了哪些方案、如何解决。"""

    order_no = serializers.CharField(source="shipment.order.order_no")
    customer = serializers.IntegerField(source="shipment.order.customer_id")
    carrier = serializers.CharField(source="shipment.carrier.key")
    tracking_no = serializers.CharField(source="shipment.tracking_no")
    outreach_status = serializers.ChoiceField(
        source="outreach.status", choices=OutreachStatus.choices, allow_null=True, read_only=True, default=None
    )
    resolution = serializers.CharField(help_text=lazy("为空表示还没有解决"))

    class Meta:
        model = ShipmentException
        fields = (
            "id",
            "shipment",
            "order_no",
            "customer",
            "carrier",
            "tracking_no",
            "kind",
            "status",
            "stage",
            "since",
            "detected_at",
            "due_at",
            "outreach",
            "outreach_status",
            "script",
            "offers",
            "assignee",
            "resolution",
            "note",
            "resolved_at",
            "resolved_by",
        )


class ExceptionFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=ExceptionStatus.choices)
    kind = django_filters.ChoiceFilter(choices=ExceptionKind.choices)
    customer = django_filters.NumberFilter(field_name="shipment__order__customer_id", **ID_RANGE)
    open = django_filters.BooleanFilter(method="only_open", label=lazy("只看未解决的"))

    class Meta:
        model = ShipmentException
        fields: list[str] = []

    def only_open(self, rows: Any, name: str, value: bool) -> Any:
        return rows.open() if value else rows.filter(status=ExceptionStatus.RESOLVED)


class ShipmentResolveSerializer(StrictSerializer):
    resolution = serializers.ChoiceField(BY_PEOPLE)
    note = CleanCharField(max_length=exceptions.MAX_NOTE, required=False, allow_blank=True)


class ShipmentExceptionViewSet(ReadViewSet):
    """物流异常：由定时器或快递公司的节点发现，客户还没问就先通知。"""

    model = ShipmentException
    read_serializer_class = ShipmentExceptionSerializer
    serializer_classes = {"resolve": ShipmentResolveSerializer}
    filterset_class = ExceptionFilter
    required_permissions = {
        "list": "customers.view_shipmentexception",
        "retrieve": "customers.view_shipmentexception",
        "take": "customers.handle_shipmentexception",
        "resolve": "customers.handle_shipmentexception",
    }

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().for_list()  # type: ignore[attr-defined,no-any-return]

    @extend_schema(request=None, responses=ShipmentExceptionSerializer)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """由我负责。"""
        self.nothing_given()
        exceptions.take_exception(exception=self.get_object(), actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(examples=[RESOLVE_EXAMPLE], request=ShipmentResolveSerializer, responses=ShipmentExceptionSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """解决：待办关闭，还没有发出的通知取消。"""
        exceptions.resolve_exception(exception=self.get_object(), actor=request.user, **self.validated())
        return self.shown(self.get_object())
