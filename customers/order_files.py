"""Orders with their goods as a file, in and out: one line for each of the goods (docs/exchange.md)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework.exceptions import ValidationError

from core.errors import DomainError, InvalidInput
from core.exports import Column
from core.filefields import FileColumns, FileResult, flat_faults, read_upload
from core.privacy.masks import mask_address, mask_name, mask_phone
from core.rowfiles import FileRow
from customers.api.serializers import OrderCreateSerializer
from customers.choices import OrderStatus
from customers.models import Order, OrderItem
from customers.services.order_reports import take_order

MOST_ROWS = 5000
MOST_BYTES = 5 * 1024 * 1024
#: What an export of some days goes by.
MOMENT = "ordered_at"
#: What people write over the columns that say who a customer is.
CUSTOMER_TITLES = {
    "客户姓名": "customer.name",
    "姓名": "customer.name",
    "客户": "customer.name",
    "手机号": "customer.phone",
    "手机": "customer.phone",
    "电话": "customer.phone",
    "联系电话": "customer.phone",
    "邮箱": "customer.email",
    "电子邮箱": "customer.email",
    "淘宝账号": "customer.external_ids.taobao",
    "天猫账号": "customer.external_ids.tmall",
    "京东账号": "customer.external_ids.jd",
    "拼多多账号": "customer.external_ids.pdd",
    "抖音账号": "customer.external_ids.douyin",
    "快手账号": "customer.external_ids.kuaishou",
    "小红书账号": "customer.external_ids.xiaohongshu",
    "微信号": "customer.external_ids.wechat",
}
_ORDER_TITLES = {
    "店铺编码": "shop",
    "店铺": "shop",
    "订单号": "order_no",
    "订单编号": "order_no",
    "状态": "status",
    "订单状态": "status",
    "下单时间": "ordered_at",
    "付款时间": "paid_at",
    "发货时间": "shipped_at",
    "签收时间": "signed_at",
    "订单金额": "total",
    "实付金额": "paid",
    "收货人": "receiver_name",
    "收货电话": "receiver_phone",
    "收货地址": "receiver_address",
}
_ITEM_TITLES = {
    "商品编码": "item.sku",
    "商品名称": "item.name",
    "数量": "item.quantity",
    "单价": "item.price",
    "批次": "item.batch",
}
_TITLES = {**_ORDER_TITLES, **CUSTOMER_TITLES, **_ITEM_TITLES}
#: The names of the API are titles too: sku as well as item.sku.
COLUMNS = FileColumns(
    titles={
        **_TITLES,
        **{path: path for path in _TITLES.values()},
        **{path.removeprefix("item."): path for path in _ITEM_TITLES.values()},
    },
    required=("shop", "order_no"),
    choices={"status": OrderStatus.choices},
    moments=frozenset({"ordered_at", "paid_at", "shipped_at", "signed_at"}),
)


@dataclass
class _Told:
    """One order of the file: what its lines say of it, and its goods with their lines."""

    line: int
    values: dict[str, Any]
    items: list[dict[str, Any]] = field(default_factory=list)
    item_lines: list[int] = field(default_factory=list)
    is_sound: bool = True


# In ------------------------------------------------------------------------------------------


def import_file(*, upload: UploadedFile, actor: Any) -> FileResult:
    """Read a file; every order in a transaction of its own, known ones changed. An order with a bad line is left out
    as a whole, because its goods replace those known. Raises for a file that cannot be read or has a wrong header."""
    rows = read_upload(upload, columns=COLUMNS, most_rows=MOST_ROWS, most_bytes=MOST_BYTES)
    result = FileResult(lines=len(rows))
    for told in _orders(rows, result):
        data = _checked(told, result) if told.is_sound else None
        if data is None:
            continue
        try:
            _order, is_new = take_order(actor=actor, data=data)
        except DomainError as error:
            result.refuse(told.line, error.fields, error.message)
            continue
        result.taken += 1
        result.made += is_new
    result.errors.sort(key=lambda error: error.line)
    return result


def _orders(rows: Iterable[FileRow], result: FileResult) -> list[_Told]:
    """The lines of one order number together."""
    found: dict[tuple[str, str], _Told] = {}
    for row in rows:
        try:
            if row.error:
                raise InvalidInput(row.error)
            values = COLUMNS.fields(row.values)
        except InvalidInput as error:
            result.refuse(row.line, error.fields, error.message)
            continue
        item = values.pop("item", None)
        # A line of JSON may hold anything there; what it is, is judged with the rest.
        key = (str(values.get("shop")), str(values.get("order_no")))
        told = found.setdefault(key, _Told(row.line, values))
        differing = sorted(name for name, value in values.items() if told.values.get(name) != value)
        if differing:
            sentence = _("与第 %(line)d 行的同一订单不一致。") % {"line": told.line}
            result.refuse(row.line, {name: [sentence] for name in differing})
            told.is_sound = False
        elif item:
            told.items.append(item)
            told.item_lines.append(row.line)
    return list(found.values())


def _checked(told: _Told, result: FileResult) -> dict[str, Any] | None:
    """The order as the API would take it; None when the result says what is wrong."""
    # A file without goods leaves those known as they are.
    serializer = OrderCreateSerializer(data=told.values | ({"items": told.items} if told.items else {}))
    try:
        serializer.is_valid(raise_exception=True)
    except ValidationError as refused:
        detail: Any = refused.detail
        of_items = detail.pop("items", {}) if isinstance(detail, dict) else {}
        faults = dict(flat_faults(detail))
        if faults:
            result.refuse(told.line, faults)
        for index, fault in of_items.items():
            result.refuse(told.item_lines[int(index)], dict(flat_faults(fault)))
        return None
    return dict(serializer.validated_data)


# Out -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrderLine:
    """A line of the export: an order and one of its goods, None when it has none."""

    order: Order
    item: OrderItem | None


def lines_of(orders: Any) -> Iterator[OrderLine]:
    """The lines of these orders, read in portions."""
    rows = orders.select_related("shop", "customer").prefetch_related("items")
    for order in rows.order_by("-id").iterator(chunk_size=500):
        for item in order.items.all() or [None]:
            yield OrderLine(order, item)


def _of_item(name: str) -> Any:
    return lambda line: getattr(line.item, name) if line.item is not None else None


#: The titles are those an import takes.
EXPORT_COLUMNS: Sequence[Column] = (
    Column(lazy("店铺编码"), "order.shop.key"),
    Column(lazy("订单号"), "order.order_no"),
    Column(lazy("状态"), lambda line: line.order.get_status_display()),
    Column(lazy("下单时间"), "order.ordered_at"),
    Column(lazy("付款时间"), "order.paid_at"),
    Column(lazy("发货时间"), "order.shipped_at"),
    Column(lazy("签收时间"), "order.signed_at"),
    Column(lazy("订单金额"), "order.total"),
    Column(lazy("实付金额"), "order.paid"),
    Column(lazy("客户姓名"), "order.customer.name", mask_name),
    Column(lazy("手机号"), "order.customer.phone", mask_phone),
    Column(lazy("收货人"), "order.receiver_name", mask_name),
    Column(lazy("收货电话"), "order.receiver_phone", mask_phone),
    Column(lazy("收货地址"), "order.receiver_address", mask_address),
    Column(lazy("商品编码"), _of_item("sku")),
    Column(lazy("商品名称"), _of_item("name")),
    Column(lazy("数量"), _of_item("quantity")),
    Column(lazy("单价"), _of_item("price")),
    Column(lazy("批次"), _of_item("batch")),
)
