"""Tickets from a file: each line is read as a POST to /tickets/ would be, and stands or falls alone."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import DataError
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from core.errors import DomainError, InvalidInput
from core.exports import original_cell
from core.rowfiles import FileRow
from tickets.api.serializers import TicketCreateSerializer
from tickets.choices import Priority, TicketType
from tickets.models import InboundMessage
from tickets.services import intake

#: What people write over their columns, besides the field names of the API.
COLUMNS = {
    "渠道": "channel",
    "来源": "channel",
    "外部编号": "external_id",
    "外部单号": "external_id",
    "类型": "type",
    "工单类型": "type",
    "分类": "category",
    "标题": "subject",
    "主题": "subject",
    "内容": "body",
    "正文": "body",
    "描述": "body",
    "问题描述": "body",
    "优先级": "priority",
    "店铺": "shop",
    "商品": "product",
    "商品编码": "product",
    "批次": "batch",
    "订单号": "order_no",
    "订单编号": "order_no",
    "发生时间": "occurred_at",
    "逾期原因": "late_reason",
    "姓名": "customer.name",
    "客户姓名": "customer.name",
    "客户": "customer.name",
    "手机": "customer.phone",
    "手机号": "customer.phone",
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
#: A spreadsheet keeps 15 digits of a number; longer ones have lost their end.
EXACT_BELOW = 10**15
_MOMENT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]+(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?)?")


@dataclass(frozen=True)
class LineError:
    """What is wrong with one field of one line; `field` is empty when it is the line itself."""

    line: int
    field: str
    reason: str


@dataclass
class ImportReport:
    """How many lines became tickets (or would), were there before, or have errors."""

    created: int = 0
    existing: int = 0
    failed: int = 0
    errors: list[LineError] = field(default_factory=list)


class TicketImport:
    """One run over a file. Without `commit` it looks and writes nothing."""

    def __init__(self, *, commit: bool, channel: str = "") -> None:
        self.commit = commit
        self.channel = channel
        self.report = ImportReport()
        self.seen: set[tuple[str, str]] = set()
        self.repeats: Counter[str] = Counter()

    def take(self, row: FileRow) -> None:
        """Read, check and write one line; what is wrong goes into the report."""
        self._do(row, self._take)

    def look(self, row: FileRow) -> tuple[intake.Request | None, bool]:
        """The message of one line and whether it is new, written nowhere; None when the report says what is wrong."""
        found: list[intake.Request] = []

        def read(row: FileRow) -> bool:
            request = self._checked(row)
            is_new = self._is_new(request)
            found.append(request)
            return is_new

        before = self.report.created
        self._do(row, read)
        return (found[0] if found else None), self.report.created > before

    def _do(self, row: FileRow, verb: Callable[[FileRow], bool]) -> None:
        try:
            is_new = verb(row)
        except InvalidInput as refused:
            self._fail(row, refused.fields or {"": [refused.message]})
        except ValidationError as refused:
            self._fail(row, dict(_flat(refused.detail)))
        except DomainError as refused:
            self._fail(row, {"": [refused.message]})
        except DataError:
            self._fail(row, {"": [_("数据库不接受这些内容。")]})
        else:
            self.report.created += is_new
            self.report.existing += not is_new

    def _fail(self, row: FileRow, fields: dict[str, list[str]]) -> None:
        self.report.failed += 1
        self.report.errors += [
            LineError(row.line, name, " ".join(map(str, sentences))) for name, sentences in fields.items()
        ]

    def _take(self, row: FileRow) -> bool:
        request = self._checked(row)
        if self.commit:
            return intake.receive(request=request, actor=None).created
        return self._is_new(request)

    def _checked(self, row: FileRow) -> intake.Request:
        if row.error:
            raise InvalidInput(row.error)
        request = self._request(fields_of(row.values))
        intake.check(request)
        return request

    def _is_new(self, request: intake.Request) -> bool:
        key = (request.channel, request.external_id)
        is_new = key not in self.seen and not _is_known(*key)
        self.seen.add(key)
        return is_new

    def _request(self, given: dict[str, Any]) -> intake.Request:
        if self.channel:
            given.setdefault("channel", self.channel)
        if "attachments" in given:
            raise InvalidInput(_("不能导入附件。"), fields={"attachments": [_("不能导入附件。")]})
        serializer = TicketCreateSerializer(data=given)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        data["shop"] = data.get("shop") or ""
        data["external_id"] = data.get("external_id") or self._derived_id(given)
        customer = intake.CustomerGiven(**data.pop("customer", {}))
        return intake.Request(customer=customer, **data)

    def _derived_id(self, given: dict[str, Any]) -> str:
        """An id for a line without one, so that the same file twice makes no ticket twice."""
        words = json.dumps(given, ensure_ascii=True, sort_keys=True, default=str)
        digest = hashlib.sha256(words.encode()).hexdigest()[:40]
        self.repeats[digest] += 1
        return f"import:{digest}:{self.repeats[digest]}"


def _is_known(channel: str, external_id: str) -> bool:
    return InboundMessage.objects.filter(channel_key=channel, external_id=external_id).exists()


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Errors of nested fields under dotted names: customer.phone."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list) and not any(isinstance(one, dict | list) for one in detail):
        yield path, [str(one) for one in detail]
    else:
        for inner in detail if isinstance(detail, list) else [[detail]]:
            yield from _flat(inner, path)


# From cells to fields


def fields_of(values: dict[str, Any]) -> dict[str, Any]:
    """A line's values as the body of a POST: known column names translated, dotted names nested, blanks left out."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        bare = name.strip().lstrip("*＊").lower()
        path = COLUMNS.get(bare, bare)
        worded = _worded(path, value)
        if worded is not None:
            _put(found, path.split("."), worded, name)
    return found


def _put(found: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    *parents, last = path
    for parent in parents:
        found = found.setdefault(parent, {})
        if not isinstance(found, dict):
            break
    if not isinstance(found, dict) or last in found:
        sentence = _("这一列出现了两次：%(name)s") % {"name": name}
        raise InvalidInput(sentence, fields={".".join(path): [sentence]})
    found[last] = value


def _worded(path: str, value: Any) -> Any:
    """A cell as the API takes it."""
    if isinstance(value, datetime):
        return (timezone.make_aware(value) if timezone.is_naive(value) else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(path, value)
    if not isinstance(value, str):
        return value
    text = original_cell(value.strip())
    if not text:
        return None
    match path:
        case "type":
            return _chosen(text, TicketType.choices)
        case "priority":
            return _chosen(text, Priority.choices)
        case "occurred_at":
            return _moment(text)
    return text


def _number(path: str, value: float) -> str:
    """Numbers in text columns: 13800138000.0 is a phone number."""
    if abs(value) >= EXACT_BELOW and isinstance(value, float):
        sentence = _("数字过长，末位已丢失，请将该列设为文本格式。")
        raise InvalidInput(sentence, fields={path: [sentence]})
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def _chosen(text: str, choices: Iterable[tuple[Any, Any]]) -> str:
    """The stored word; people write the Chinese one."""
    return next((str(value) for value, label in choices if text == str(label)), text)


def _moment(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
