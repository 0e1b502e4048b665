"""Labels, orders and shops over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.api.viewsets import WriteViewSet
from customers import order_files, services
from customers.api import serializers as shapes
from customers.api.files import EXPORT_RIGHT, FileExchange, FileSerializer
from customers.api.filters import OrderFilter, ShopFilter, TagFilter
from customers.models import Order, Shop, Tag, TagGroup
from customers.services.order_reports import take_order
from customers.services.validation import field_error

ORDER_EXAMPLE = example(
    "已签收的订单",
    {
        "order_no": "TB20261118001",
        "shop": "tmall-flagship",
        "customer": {"name": "陈静", "phone": "13800138000", "external_ids": {"taobao": "tb_88"}},
        "status": "signed",
        "ordered_at": "2026-11-18T10:00:00+08:00",
        "paid_at": "2026-11-18T10:02:00+08:00",
        "signed_at": "2026-11-20T18:30:00+08:00",
        "total": "199.00",
        "paid": "179.00",
        "items": [{"sku": "CUP-350", "name": "玻璃杯", "quantity": 2, "price": "99.50", "batch": "B2610"}],
    },
    request_only=True,
)
RULE_EXAMPLE = example(
    "规则标签",
    {
        "name": "高额客户",
        "group": "客户类型",
        "kind": "rule",
        "condition": {"all": [{"field": "paid_total", "op": "gte", "value": 2000}]},
    },
    request_only=True,
)


class TagGroupViewSet(WriteViewSet):
    """标签组。互斥的组里，一位客户只有一个标签。"""

    model = TagGroup
    visible_to_all = True
    serializer_class = shapes.TagGroupSerializer
    required_permissions = {
        "list": "customers.view_tag",
        "retrieve": "customers.view_tag",
        "create": "customers.add_tag",
        "partial_update": "customers.change_tag",
    }

    def create_instance(self, serializer: Any) -> TagGroup:
        return services.save_tag_group(group=None, actor=self.request.user, **serializer.validated_data)

    def update_instance(self, instance: TagGroup, serializer: Any) -> TagGroup:
        return services.save_tag_group(group=instance, actor=self.request.user, **serializer.validated_data)


class TagViewSet(WriteViewSet):
    """标签：手工标签与规则标签。"""

    queryset = Tag.objects.select_related("group")
    visible_to_all = True
    serializer_class = shapes.TagWriteSerializer
    read_serializer_class = shapes.TagSerializer
    serializer_classes = {"preview": shapes.TagPreviewSerializer}
    required_permissions = {
        "list": "customers.view_tag",
        "retrieve": "customers.view_tag",
        "create": "customers.add_tag",
        "partial_update": "customers.change_tag",
        "preview": "customers.change_tag",
        "apply": "customers.change_tag",
    }
    filterset_class = TagFilter

    @extend_schema(examples=[RULE_EXAMPLE])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Tag:
        return self._save(None, serializer.validated_data)

    def update_instance(self, instance: Tag, serializer: Any) -> Tag:
        return self._save(instance, serializer.validated_data)

    def _save(self, tag: Tag | None, data: dict[str, Any]) -> Tag:
        values = dict(data)
        if values.get("group") is not None:
            name = values["group"]
            values["group"] = TagGroup.objects.filter(name=name).first()
            if values["group"] is None:
                raise field_error("group", _("没有这个标签组：%(name)s。") % {"name": name})
        return services.save_tag(tag=tag, actor=self.request.user, changes=values)  # type: ignore[arg-type]

    @extend_schema(request=shapes.TagPreviewSerializer, responses=shapes.TagPreviewShownSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.validated()
        tag = Tag.objects.filter(name=data["tag"]).first() if "tag" in data else None
        found = services.preview_rule(condition=data["condition"], tag=tag)
        return Response(shapes.TagPreviewShownSerializer(found).data)

    @extend_schema(request=None, responses=shapes.TagSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.nothing_given()
        tag = self.get_object()
        services.apply_rule_tag(tag=tag, actor=request.user)
        return self.shown(self.get_object())


class OrderViewSet(FileExchange, WriteViewSet):
    """订单。同一店铺的同一订单号是同一张订单：再次提交即更新。"""

    model = Order
    serializer_class = shapes.OrderUpdateSerializer
    read_serializer_class = shapes.OrderSerializer
    serializer_classes = {"create": shapes.OrderCreateSerializer, "import_file": FileSerializer}
    required_permissions = {
        "list": "customers.view_order",
        "retrieve": "customers.view_order",
        "create": "customers.add_order",
        "partial_update": "customers.change_order",
        "import_file": "customers.add_order",
        "export": EXPORT_RIGHT,
    }
    file_module = order_files
    file_kind = "order"
    filterset_class = OrderFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("shop").prefetch_related("items")

    @extend_schema(
        examples=[ORDER_EXAMPLE],
        request=shapes.OrderCreateSerializer,
        responses={201: shapes.OrderSerializer, 200: shapes.OrderSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        order, created = take_order(actor=request.user, data=self.validated())
        return self.shown(order, status_code=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    def update_instance(self, instance: Order, serializer: Any) -> Order:
        data = dict(serializer.validated_data)
        items = data.pop("items", None)
        services.upsert_order(
            actor=self.request.user,
            shop=instance.shop,
            order_no=instance.order_no,
            values=data,  # type: ignore[arg-type]
            items=items,
        )
        return self.get_object()  # type: ignore[no-any-return]


class ShopViewSet(WriteViewSet):
    """店铺。"""

    model = Shop
    visible_to_all = True
    serializer_class = shapes.ShopSerializer
    required_permissions = {
        "list": "customers.view_shop",
        "retrieve": "customers.view_shop",
        "create": "customers.add_shop",
        "partial_update": "customers.change_shop",
    }
    filterset_class = ShopFilter

    def create_instance(self, serializer: Any) -> Shop:
        return services.save_shop(shop=None, actor=self.request.user, changes=serializer.validated_data)

    def update_instance(self, instance: Shop, serializer: Any) -> Shop:
        return services.save_shop(shop=instance, actor=self.request.user, changes=serializer.validated_data)
