"""Parcels and their nodes from a CSV, XLSX or JSONL file of a shop's system or a carrier."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from core.exports import original_cell
from core.rowfiles import FileRow, read_rows
from core.wording import listed
from customers.models import Order
from customers.services.validation import field_error
from customers.shipment_choices import NodeKind
from customers.shipments.carriers import carrier_named
from customers.shipments.recording import NodeValues, record_shipment

MOST_ROWS = 1000
MOST_BYTES = 2 * 1024 * 1024
SUFFIXES = (".csv", ".xlsx", ".jsonl")
#: What a column is called: our name, and what people write.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "shop": ("shop", "店铺编码", "店铺"),
    "order_no": ("order_no", "订单号"),
    "carrier": ("carrier", "快递公司"),
    "tracking_no": ("tracking_no", "运单号"),
    "kind": ("kind", "节点"),
    "at": ("at", "节点时间", "时间"),
    "place": ("place", "地点"),
    "text": ("text", "说明"),
}
REQUIRED = ("shop", "order_no", "carrier", "tracking_no")
_KINDS = {str(label): value for value, label in NodeKind.choices} | {value: value for value in NodeKind.values}


@dataclass(frozen=True)
class LineError:
    """What is wrong with one line."""

    line: int
    field: str
    reason: str


@dataclass
class ImportResult:
    """What became of a file. Good lines are written, whatever the others are."""

    lines: int = 0
    parcels: int = 0
    made: int = 0
    errors: list[LineError] = field(default_factory=list)


@dataclass
class _Parcel:
    line: int
    values: dict[str, str]
    nodes: list[NodeValues] = field(default_factory=list)


def import_shipments(*, upload: UploadedFile, actor: Any) -> ImportResult:
    """Read a file; every parcel in a transaction of its own. Raises InvalidInput for a file that cannot be read."""
    suffix = Path(upload.name or "").suffix.lower()
    if suffix not in SUFFIXES:
        raise field_error("file", _("请上传 CSV、XLSX 或 JSONL 文件。"))
    if (upload.size or 0) > MOST_BYTES:
        raise field_error("file", _("文件不能超过 %(n)d MB。") % {"n": MOST_BYTES // 1024 // 1024}, code="too_large")
    with tempfile.NamedTemporaryFile(suffix=suffix) as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        try:
            rows = list(_bounded(read_rows(Path(kept.name))))
        except InvalidInput as error:
            # The sentence names the file on our disk, which is nobody's business.
            sentence = error.message.replace(kept.name, upload.name or "")
            raise field_error("file", sentence) from error
    return _write(rows, actor)


def _bounded(rows: Iterable[FileRow]) -> Iterable[FileRow]:
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            raise field_error("file", _("一次最多导入 %(n)d 行。") % {"n": MOST_ROWS})
        yield row


def _write(rows: list[FileRow], actor: Any) -> ImportResult:
    result = ImportResult(lines=len(rows))
    if rows:
        _check_header(rows)
    for parcel in _parcels(rows, result):
        try:
            made = _record(parcel, actor)
        except DomainError as error:
            name = next(iter(error.fields), "")
            result.errors.append(LineError(parcel.line, name, error.message))
            continue
        result.parcels += 1
        result.made += made
    result.errors.sort(key=lambda error: error.line)
    return result


def _check_header(rows: list[FileRow]) -> None:
    """A wrong header is one readable sentence, not an error on every line."""
    seen = {name for row in rows for name in row.values}
    missing = [COLUMNS[name][-1] for name in REQUIRED if not seen & set(COLUMNS[name])]
    if missing:
        known = listed(names[-1] for names in COLUMNS.values())
        raise field_error(
            "file",
            _("表头缺少：%(missing)s。表头应为：%(known)s。") % {"missing": listed(missing), "known": known},
            code="wrong_header",
        )


def _parcels(rows: list[FileRow], result: ImportResult) -> list[_Parcel]:
    """The lines of one number together: a parcel has a line for every node."""
    found: dict[tuple[str, ...], _Parcel] = {}
    for row in rows:
        if row.error:
            result.errors.append(LineError(row.line, "", row.error))
            continue
        values = _values(row)
        try:
            node = _node(values)
        except InvalidInput as error:
            result.errors.append(LineError(row.line, next(iter(error.fields), ""), error.message))
            continue
        key = tuple(values.get(name, "") for name in REQUIRED)
        parcel = found.setdefault(key, _Parcel(row.line, values))
        if node is not None:
            parcel.nodes.append(node)
    return list(found.values())


def _values(row: FileRow) -> dict[str, str]:
    names = {name: ours for ours, given in COLUMNS.items() for name in given}
    return {names[name]: original_cell(str(value)).strip() for name, value in row.values.items() if name in names}


def _node(values: Mapping[str, str]) -> NodeValues | None:
    kind, at = values.get("kind", ""), values.get("at", "")
    if not kind and not at:
        return None
    if kind not in _KINDS:
        raise field_error("kind", _("没有这种节点：%(kind)s。") % {"kind": kind or "—"})
    return NodeValues(
        kind=_KINDS[kind], at=_moment(at), place=values.get("place", "")[:100], text=values.get("text", "")[:200]
    )


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text.replace("/", "-"))
    except ValueError:
        moment = None
    if moment is None:
        raise field_error("at", _("时间须像 2026-11-19 18:20。"))
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _record(parcel: _Parcel, actor: Any) -> bool:
    values = parcel.values
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
