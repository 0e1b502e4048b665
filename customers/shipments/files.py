"""Parcels and their nodes as a file of a shop's system or a carrier, in and out (docs/exchange.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.errors import DomainError, InvalidInput
from core.exports import Column
from core.filefields import FileColumns, FileResult, read_upload
from core.rowfiles import FileRow
from customers.models import Order, Shipment, ShipmentNode
from customers.services.validation import field_error
from customers.shipment_choices import NodeKind
from customers.shipments.carriers import carrier_named
from customers.shipments.recording import NodeValues, record_shipment

MOST_ROWS = 1000
MOST_BYTES = 2 * 1024 * 1024
#: What an export of some days goes by.
MOMENT = "created_at"
_TITLES = {
    "店铺编码": "shop",
    "店铺": "shop",
    "订单号": "order_no",
    "快递公司": "carrier",
    "运单号": "tracking_no",
    "节点": "kind",
    "节点时间": "at",
    "时间": "at",
    "地点": "place",
    "说明": "text",
}
REQUIRED = ("shop", "order_no", "carrier", "tracking_no")
COLUMNS = FileColumns(
    titles={**_TITLES, **{path: path for path in _TITLES.values()}},
    required=REQUIRED,
    choices={"kind": NodeKind.choices},
    moments=frozenset({"at"}),
)


@dataclass
class _Parcel:
    line: int
    values: dict[str, Any]
    nodes: list[NodeValues] = field(default_factory=list)


def import_file(*, upload: UploadedFile, actor: Any) -> FileResult:
    """Read a file; every parcel in a transaction of its own. Raises InvalidInput for a file that cannot be read."""
    rows = read_upload(upload, columns=COLUMNS, most_rows=MOST_ROWS, most_bytes=MOST_BYTES)
    result = FileResult(lines=len(rows))
    for parcel in _parcels(rows, result):
        try:
            made = _record(parcel, actor)
        except DomainError as error:
            result.refuse(parcel.line, error.fields, error.message)
            continue
        result.taken += 1
        result.made += made
    result.errors.sort(key=lambda error: error.line)
    return result


def _parcels(rows: list[FileRow], result: FileResult) -> list[_Parcel]:
    """The lines of one number together: a parcel has a line for every node."""
    found: dict[tuple[str, ...], _Parcel] = {}
    for row in rows:
        try:
            if row.error:
                raise InvalidInput(row.error)
            values = COLUMNS.fields(row.values)
            node = _node(values)
        except InvalidInput as error:
            result.refuse(row.line, error.fields, error.message)
            continue
        key = tuple(str(values.get(name, "")) for name in REQUIRED)
        parcel = found.setdefault(key, _Parcel(row.line, values))
        if node is not None:
            parcel.nodes.append(node)
    return list(found.values())


def _node(values: Mapping[str, Any]) -> NodeValues | None:
    kind, at = values.get("kind", ""), values.get("at", "")
    if not kind and not at:
        return None
    if kind not in NodeKind.values:
        raise field_error("kind", _("没有这种节点：%(kind)s。") % {"kind": kind or "—"})
    place, text = str(values.get("place", "")), str(values.get("text", ""))
    return NodeValues(kind=kind, at=_moment(str(at)), place=place[:100], text=text[:200])


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise field_error("at", _("时间须像 2026-11-19 18:20。"))
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _record(parcel: _Parcel, actor: Any) -> bool:
    values = {name: str(value) for name, value in parcel.values.items()}
    order = (
        Order.objects.visible_to(actor)
        .select_related("customer", "shop")
        .filter(shop__key=values.get("shop", ""), order_no=values.get("order_no", ""))
        .first()
    )
    if order is None:
        raise field_error("order_no", _("该店铺没有这张订单。"))
    _shipment, created = record_shipment(
        actor=actor,
        order=order,
        carrier=carrier_named(values.get("carrier", "")),
        tracking_no=values.get("tracking_no", ""),
        nodes=parcel.nodes,
    )
    return created


@dataclass(frozen=True)
class ParcelLine:
    """A line of the export: a parcel and one of its nodes, None when it has none."""

    shipment: Shipment
    node: ShipmentNode | None


def lines_of(shipments: Any) -> Iterator[ParcelLine]:
    """The lines of these parcels, read in portions."""
    rows = shipments.select_related("order__shop", "carrier").prefetch_related("nodes")
    for shipment in rows.order_by("-id").iterator(chunk_size=500):
        for node in shipment.nodes.all() or [None]:
            yield ParcelLine(shipment, node)


def _of_node(name: str) -> Any:
    return lambda line: getattr(line.node, name) if line.node is not None else None


#: The titles are those an import takes. What carriers write is masked when it is stored.
EXPORT_COLUMNS: Sequence[Column] = (
    Column(lazy("店铺编码"), "shipment.order.shop.key"),
    Column(lazy("订单号"), "shipment.order.order_no"),
    Column(lazy("快递公司"), "shipment.carrier.name"),
    Column(lazy("运单号"), "shipment.tracking_no"),
    Column(lazy("节点"), lambda line: line.node.get_kind_display() if line.node is not None else None),
    Column(lazy("节点时间"), _of_node("at")),
    Column(lazy("地点"), _of_node("place")),
    Column(lazy("说明"), _of_node("text")),
)
