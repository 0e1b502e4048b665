"""Tickets from a file: each line is read as a POST to /tickets/ would be, and stands or falls alone."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from core.errors import DomainError, InvalidInput
from core.filefields import FileColumns, LineError, flat_faults
from core.rowfiles import FileRow
from customers.order_files import CUSTOMER_TITLES
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
    **CUSTOMER_TITLES,
}
FILE = FileColumns(
    titles=COLUMNS,
    choices={"type": TicketType.choices, "priority": Priority.choices},
    moments=frozenset({"occurred_at"}),
)


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
            self._fail(row, dict(flat_faults(refused.detail)))
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
        request = self._request(FILE.fields(row.values))
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
